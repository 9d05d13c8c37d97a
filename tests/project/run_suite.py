"""The suite that users run, run from within a test."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import hypothesis
import pytest

from rnn_contracts.checking import tools
from rnn_contracts.checking.subjects import NotSupported
from rnn_contracts.rules.rule import TOOLS, Rule

SUITE = Path(__file__).parents[1] / "contract"
EVERYTHING = " or ".join(("slow", "not slow", *TOOLS))
"""Asks for all tests: what ``-m`` does not name is left out."""


@dataclass
class Outcome:
    """Exit code, collected items, passed tests, and others: what they raised, printed and lacked."""

    exit_code: int = -1
    passed: list[str] = field(default_factory=list)
    failed: dict[str, BaseException] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    printed: list[str] = field(default_factory=list)
    items: list[pytest.Item] = field(default_factory=list)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note what is about to be run."""
        self.items = session.items

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that passed, why one was skipped, or what is printed for one that failed."""
        if report.when == "call" and report.passed:
            self.passed.append(report.nodeid)
        if report.skipped and not hasattr(report, "wasxfail"):
            assert isinstance(report.longrepr, tuple)
            self.skipped[report.nodeid] = report.longrepr[2].rpartition("not supported: ")[2]
        if report.failed:
            self.printed.append(report.longreprtext)
            # Pytest fails a test that passes and should not, without an exception.
            self.failed.setdefault(report.nodeid, AssertionError(report.longreprtext))

    def pytest_exception_interact(self, node: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Note what a test raised."""
        assert call.excinfo is not None
        self.failed[node.nodeid] = call.excinfo.value


def needs(rule: Rule) -> None:
    """Skip what tries a rule whose tool is not here; tox -e onnx has that of ONNX."""
    if rule.tool == "onnx":
        for package in ("onnx", "onnxscript", "onnxruntime"):
            pytest.importorskip(package, reason=f"{rule.id} needs {package}: tox -e onnx")
    if rule.tool == "inductor":
        try:
            tools.require_cpp_compiler()
        except NotSupported as error:
            pytest.skip(f"{rule.id}: {error}")


def run_suite(*options: str, test: str = "") -> Outcome:
    """Run the tests of the contract, or one alone, with pytest's own options, in this process.

    Derandomised, which is not the same cases everywhere: Hypothesis also draws constants that it finds
    in the modules of the project, and an installed package is not one of them.
    """
    outcome = Outcome()
    profile = hypothesis.settings.get_current_profile_name()
    arguments = ["--hypothesis-profile=ci", "-pno:terminal", "-pno:cacheprovider", *options]
    try:
        outcome.exit_code = pytest.main([str(SUITE / test), *arguments], plugins=[outcome])
    finally:
        hypothesis.settings.load_profile(profile)
    return outcome
