"""What the tests report: added up for the summary, and made for a test whose process died."""

from __future__ import annotations

import collections
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch

from rnn_contracts import checks, crashes
from rnn_contracts.compare import counted


class Reports:
    """Adds up the reports, with xdist those of all workers, and says what was checked."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.notes: TemporaryDirectory[str] | None = None
        self.selected: set[str] = set()
        self.checked: set[str] = set()
        self.broken: set[str] = set()
        self.reworded: set[str] = set()
        self.deviations: collections.Counter[str] = collections.Counter()
        self.cells: set[str] = set()
        self.devices: set[str] = set()
        self.examples = 0

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        """Add up the report, and end that of a test whose worker died."""
        values: dict[str, set[str]] = {}
        for name, value in report.user_properties:
            values.setdefault(name, set()).add(str(value))
        rules, broken = values.get("rule", set()), values.get("broken", set())
        self.selected |= rules
        deviations = values.get("deviation", set())
        if report.when == "call":
            self.deviations.update(deviations)
        if report.failed:
            self.broken |= broken
            self.reworded |= values.get("quote", set())
        # A test that died of something else has checked nothing.
        if rules and report.when == "call" and (report.passed or broken or deviations):
            self.checked |= rules
            self.cells |= values.get("cell", set())
            self.devices |= values.get("device", set())
            self.examples += sum(map(int, values.get("examples", ())))
        if getattr(report, "died", False):
            # JUnit takes the properties of a test from the last of its reports.
            end: Any = pytest.TestReport(
                report.nodeid, report.location, {}, "passed", None, "teardown",
                user_properties=report.user_properties,
            )  # fmt: skip
            end.node = report.node
            self.config.hook.pytest_runtest_logreport(report=end)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker where to note what it calls."""
        self.notes = self.notes or TemporaryDirectory(prefix="rnn-contracts-")
        node.workerinput["rnn_crash_note"] = str(self._note_of(node))

    def _note_of(self, node: Any) -> Path:
        assert self.notes is not None
        return Path(self.notes.name, node.gateway.id)

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: Any) -> None:
        """Make the report of a test whose worker died that of a broken rule."""
        note = crashes.read(self._note_of(report.node), crashitem)
        if note is None:
            return
        rule, case, properties = note
        found = "the process died of this call, or it hung and was ended"
        report.died, report.when = True, "call"
        report.location = (*report.location[:2], crashitem.rpartition("::")[2])
        report.longrepr = checks.message(rule, case, found, show="result")
        report.user_properties = [*properties, ("broken", rule)]

    def pytest_unconfigure(self) -> None:
        """Take away the notes."""
        if self.notes is not None:
            self.notes.cleanup()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.selected > self.checked and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.selected:
            terminalreporter.write_line(
                f"rnn-contracts: {counted(len(self.checked), 'rule')} checked on torch "
                f"{torch.__version__}: {counted(len(self.cells), 'grid cell')}, "
                f"{counted(len(self.devices), 'device')} ({', '.join(sorted(self.devices))}), "
                f"{self.examples} examples"
            )
        for deviation, count in sorted(self.deviations.items()):
            terminalreporter.write_line(
                f"rnn-contracts: known deviation in {counted(count, 'test')}: {deviation}"
            )
        for what, rules in (
            ("broken", self.broken),
            ("NOT CHECKED", self.selected - self.checked),
            ("torch's docstring no longer says", self.reworded),
        ):
            if rules:
                terminalreporter.write_line(
                    f"rnn-contracts: {what}: {', '.join(sorted(rules))}", red=True
                )
