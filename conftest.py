"""Loads the plugins, leaves out tests that need more than is installed, and says what they need."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

pytest_plugins = ["rnn_contracts.plugin", "pytester"]

ROOT = Path(__file__).parent
NEEDS = {
    "tests/docs": (("sphinx", "furo", "myst_parser", "pybtex", "pylatexenc"), "docs"),
    "tests/docs/browser": (("sphinx", "playwright", "axe_playwright_python"), "browser"),
    "tests/plugins": (("pytest_cov", "pytest_randomly", "pytest_timeout"), "plugins"),
    "tests/project/test_compare.py": (("defusedxml",), "tests"),
    "tests/project/test_installed.py": (("hatchling", "defusedxml"), "tests"),
    "tests/project/test_readme.py": (("hatchling",), "tests"),
}
"""What some tests need besides torch, pytest, hypothesis and pytest-xdist; the environment of tox."""


def missing(tests: str) -> list[str]:
    """The modules that the tests need and that are not installed."""
    modules, _ = NEEDS[tests]
    return [name for name in modules if importlib.util.find_spec(name) is None]


collect_ignore = [tests for tests in NEEDS if missing(tests)]


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say in a line each what is left out of the directories that were asked for."""
    asked = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
    return [
        f"left out: {tests} needs {', '.join(missing(tests))}: python -m tox -e {NEEDS[tests][1]}"
        for tests in collect_ignore
        if any((ROOT / tests).is_relative_to(path) for path in asked)
    ]


@pytest.fixture(autouse=True, scope="session")
def package_in_subprocesses() -> None:
    """Let a pytest in another directory import the package, which need not be installed."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
