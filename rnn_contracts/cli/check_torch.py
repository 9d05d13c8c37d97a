"""The command ``rnn-contracts check``."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rnn_contracts.cli.output import fail
from rnn_contracts.paths import SUITE

CONFIGURATION = Path(__file__).parents[1] / "check.ini"
ROOT = SUITE.parents[1]
LEAVING_OUT = ("--ignore", "--ignore-glob", "--deselect")
"""Options of pytest whose value names tests that are not to be run."""
NEEDED = ("torch", "pytest", "hypothesis", "packaging")


def add_parser(commands: Any) -> None:
    """Add the command to the parser, for the help of ``rnn-contracts`` alone."""
    commands.add_parser(
        "check", help="check the installed torch, or a layer of your own, against the contract"
    )


def run(options: Sequence[str], plugins: Sequence[object] = ()) -> int:
    """Run pytest on the suite with these options, and return its exit code."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        return fail(f"check needs {', '.join(missing)}: python -m pip install {' '.join(missing)}")
    try:
        here = Path.cwd()
    except OSError as error:
        return fail(f"check needs a directory to run in: {error.strerror}")
    import pytest

    # The layer to check may be in this directory. `python -m pytest` adds it too.
    sys.path.insert(0, str(here))
    own = ["-p", "rnn_contracts.plugin", "--import-mode=importlib"]
    # Otherwise pytest would read the configuration of the directory where it is run.
    own += ["-c", str(CONFIGURATION), "--rootdir", str(ROOT)]
    own += ["--confcutdir", str(SUITE)]
    # No test logs, and to capture what torch logs takes pytest a millisecond for each test.
    own += ["-p", "no:logging"]
    if not any("no:cacheprovider" in option for option in options):
        # The suite may be installed where the user cannot write.
        own += ["-o", f"cache_dir={here / '.pytest_cache'}"]
    options = [*map(_from_here, options)]
    # Options may select tests by the names that a run prints, instead of the whole suite.
    names = [
        it for before, it in zip(["", *options], options, strict=False) if before not in LEAVING_OUT
    ]
    selected = [] if any(map(_is_of_the_suite, names)) else [str(SUITE)]
    return int(pytest.main([*own, *options, *selected], plugins=[*plugins]))


def _from_here(option: str) -> str:
    """The name of a test as it is found from here: a run prints names relative to its root."""
    there = str(ROOT / option)
    return there if _is_of_the_suite(there) and not os.path.exists(_path(option)) else option


def _is_of_the_suite(option: str) -> bool:
    try:
        return Path(_path(option)).resolve().is_relative_to(SUITE)
    except (OSError, RuntimeError, ValueError):
        # It is no path, or one that leads nowhere, of which pytest will tell.
        return False


def _path(name: str) -> str:
    """The file or directory in the name of a test."""
    return name.partition("::")[0]
