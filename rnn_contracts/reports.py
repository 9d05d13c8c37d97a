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
        self.excused: set[str] = set()
        self.broken: set[str] = set()
        self.reworded: set[str] = set()
        self.deviations: collections.Counter[str] = collections.Counter()
        self.unsupported: collections.Counter[str] = collections.Counter()
        self.unsupported_in_part: collections.Counter[str] = collections.Counter()
        self.outcomes: dict[str, dict[str, set[str]]] = {}  # by subject and rule
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
        unsupported, stale = values.get("unsupported", set()), values.get("stale", set())
        if report.when == "call":
            self.deviations.update(deviations)
            (self.unsupported if report.skipped else self.unsupported_in_part).update(unsupported)
            for subject in values.get("subject", ()):
                outcomes = self.outcomes.setdefault(subject, collections.defaultdict(set))
                for rule in rules | broken:
                    outcomes[rule].add(_outcome(report, rule, values))
        if report.failed:
            self.broken |= broken
            self.reworded |= values.get("quote", set())
        # A test that died of something else has checked nothing.
        own = {entry for entry in deviations if entry.partition(": ")[0] in rules}
        if (unsupported or deviations - own) and report.skipped:
            self.excused |= rules
        if rules and report.when == "call" and (report.passed or broken or own or stale):
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
        idle = self.selected and not self.checked
        if (self._unchecked or idle) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @property
    def _unchecked(self) -> set[str]:
        """The rules of which no test got as far as to check them, or to be told it need not."""
        return self.selected - self.checked - self.excused

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
        for what in sorted({*self.unsupported, *self.unsupported_in_part}):
            counts = [counted(self.unsupported[what], "test")] * (what in self.unsupported)
            if what in self.unsupported_in_part:
                counts.append(f"a part of {counted(self.unsupported_in_part[what], 'test')}")
            terminalreporter.write_line(
                f"rnn-contracts: not supported in {' and '.join(counts)}: {what}"
            )
        for what, rules in (
            ("broken", self.broken),
            ("NOT CHECKED", self._unchecked),
            ("torch's docstring no longer says", self.reworded),
        ):
            if rules:
                terminalreporter.write_line(
                    f"rnn-contracts: {what}: {', '.join(sorted(rules))}", red=True
                )
        for subject, outcomes in self.outcomes.items():
            # Of a rule that is broken anywhere no more is said.
            order = ("broken", "deviate", "held", "not checked", "not supported")
            worst = [next(it for it in order if it in found) for found in outcomes.values()]
            shown = ", ".join(f"{worst.count(it)} {it}" for it in order if it in worst)
            terminalreporter.write_line(
                f"rnn-contracts: {subject}: {counted(len(outcomes), 'rule')}: {shown}"
            )


def _outcome(report: Any, rule: str, values: dict[str, set[str]]) -> str:
    """What a test says of a rule."""
    deviations = values.get("deviation", set())
    if rule in values.get("broken", set()) and report.failed:
        return "broken"
    if deviations and not report.failed:
        own = any(entry.startswith(f"{rule}: ") for entry in deviations)
        return "deviate" if own else "not checked"
    if report.passed or "stale" in values:
        return "held"
    return "not supported" if "unsupported" in values and report.skipped else "not checked"
