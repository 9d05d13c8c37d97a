"""What the tests report, added up for the lines at the end of a run."""

from __future__ import annotations

import collections
from typing import Any

import pytest
import torch

from rnn_contracts.plugin.collection import IDLE
from rnn_contracts.results import outcome
from rnn_contracts.results.outcome import Outcome, from_properties
from rnn_contracts.results.words import counted

NOT_REACHED = "not reached"
"""The state of a rule whose tests fail because another rule is broken."""
STATES_OF_RULES = (
    outcome.FAILED,
    outcome.KNOWN,
    outcome.DIFFERS,
    outcome.PASSED,
    NOT_REACHED,
    outcome.NOT_CHECKED,
    outcome.NOT_SUPPORTED,
)


class Summary:
    """Adds up the reports, with xdist those of all workers, and says what was checked."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.selected: set[str] = set()
        self.checked: set[str] = set()
        self.excused: set[str] = set()
        self.failed: set[str] = set()
        self.not_reached: dict[str, set[str]] = collections.defaultdict(set)  # the causes, by rule
        self.reworded: set[str] = set()
        self.known: dict[str, list[str]] = collections.defaultdict(list)  # the rules, by reason
        self.unsupported: collections.Counter[str] = collections.Counter()
        self.unsupported_in_part: collections.Counter[str] = collections.Counter()
        self.differences: dict[str, dict[str, str]] = {}  # what is found, by subject and rule
        self.of_subjects: dict[str, dict[str, set[str]]] = {}  # states by subject and rule
        self.points: set[str] = set()
        self.devices: set[str] = set()
        self.examples = 0

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        """Add up the report, and end that of a test whose worker died."""
        values: dict[str, set[str]] = {}
        for name, value in report.user_properties:
            values.setdefault(name, set()).add(str(value))
        self.selected |= values.get("rule", set())
        if report.failed:
            self.reworded |= values.get("quote", set())
        # Pytest runs nothing of a test that it expects to fail with run=False: its setup reports.
        if report.when != "teardown" and {"rule", "outcome"} <= values.keys():
            self._add(from_properties(report.user_properties), values)
        if getattr(report, "died", False):
            self._end(report)

    def _add(self, came: Outcome, values: dict[str, set[str]]) -> None:
        (rule,) = values["rule"]
        for reason in came.known:
            self.known[reason].append(rule)
        partly = came.state != outcome.NOT_SUPPORTED
        (self.unsupported_in_part if partly else self.unsupported).update(came.unsupported)
        state = _of_its_rule(rule, came)
        for subject in values.get("subject", ()):
            states = self.of_subjects.setdefault(subject, collections.defaultdict(set))
            states[rule].add(state)
            if came.state == outcome.FAILED:
                states[came.broken].add(outcome.FAILED)
            if came.state == outcome.DIFFERS:
                found = came.message.splitlines()[2].strip()
                self.differences.setdefault(subject, {}).setdefault(came.broken, found)
        if came.state == outcome.FAILED:
            self.failed.add(came.broken)
        if state == NOT_REACHED:
            self.not_reached[rule].add(came.broken)
            return
        excused = outcome.NOT_SUPPORTED, outcome.KNOWN
        if state == outcome.NOT_CHECKED and came.state not in excused:
            return
        if state in (outcome.NOT_SUPPORTED, outcome.NOT_CHECKED) and came.state in excused:
            self.excused.add(rule)
            return
        self.checked.add(rule)
        self.points |= values.get("point", set())
        self.devices |= values.get("device", set())
        self.examples += came.examples

    def _end(self, report: Any) -> None:
        """Report the end of a test whose worker died: JUnit reads the properties there."""
        end: Any = pytest.TestReport(
            report.nodeid, report.location, {}, "passed", None, "teardown",
            user_properties=report.user_properties,
        )  # fmt: skip
        end.node = report.node
        self.config.hook.pytest_runtest_logreport(report=end)

    # --- The end of the run ----------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run in which a rule was selected and not checked."""
        idle = self.selected and not self.checked
        if (self._unchecked or idle) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @property
    def _unchecked(self) -> set[str]:
        """The rules of which no test got as far as checking them, or said why not."""
        return self.selected - self.checked - self.excused - self.not_reached.keys()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was checked, and what is to be known of it."""
        for line in self._lines():
            terminalreporter.write_line(f"rnn-contracts: {line}")
        for what, rules in (
            ("failed", self.failed),
            ("NOT CHECKED", self._unchecked),
            ("torch's docstring no longer says", self.reworded),
        ):
            if rules:
                line = f"rnn-contracts: {what}: {', '.join(sorted(rules))}"
                terminalreporter.write_line(line, red=True)
        for reason, unreached in self._not_reached_by_causes().items():
            line = f"rnn-contracts: not reached because of {reason}: {', '.join(unreached)}"
            terminalreporter.write_line(line)
        for subject, states in self.of_subjects.items():
            terminalreporter.write_line(f"rnn-contracts: {subject}: {_counted_states(states)}")
            for state, names in _by_state(states).items():
                line = f"rnn-contracts:   {state}: {', '.join(names)}"
                terminalreporter.write_line(line)
        for subject, differences in self.differences.items():
            terminalreporter.write_line(
                f"rnn-contracts: {subject} differs from torch where torch documents nothing, "
                "which is no failure:"
            )
            for rule, found in sorted(differences.items()):
                terminalreporter.write_line(f"rnn-contracts:   {rule}: {found}")

    def _not_reached_by_causes(self) -> dict[str, list[str]]:
        found = collections.defaultdict(list)
        for rule in sorted(self.not_reached.keys() - self.checked - self.failed):
            found[", ".join(sorted(self.not_reached[rule]))].append(rule)
        return found

    def _lines(self) -> list[str]:
        lines = []
        if self.selected:
            devices = f"{counted(len(self.devices), 'device')} ({', '.join(sorted(self.devices))})"
            lines.append(
                f"{counted(len(self.checked), 'rule')} checked on torch {torch.__version__}: "
                f"{counted(len(self.points), 'grid point')}, {devices}, {self.examples} examples"
            )
        for reason, rules in sorted(self.known.items()):
            # A call that cannot be made is left out of the tests of every rule.
            several = f" of {len({*rules})} rules" if len({*rules}) > 1 else ""
            lines.append(f"known failure in {counted(len(rules), 'test')}{several}: {reason}")
        for entry in self.config.stash.get(IDLE, []):
            lines.append(f"no test is as this known deviation says: {entry}")
        for what in sorted({*self.unsupported, *self.unsupported_in_part}):
            counts = [counted(self.unsupported[what], "test")] if self.unsupported[what] else []
            if part := self.unsupported_in_part[what]:
                counts.append(f"a part of {counted(part, 'test')}")
            lines.append(f"not supported in {' and '.join(counts)}: {what}")
        return lines


def _of_its_rule(rule: str, came: Outcome) -> str:
    """What a test says of its own rule, where another rule may be the one that is broken."""
    if came.state == outcome.FAILED and came.broken != rule:
        return NOT_REACHED
    if came.state == outcome.KNOWN:
        own = any(reason.startswith(f"{rule}: ") for reason in came.known)
        return outcome.KNOWN if own else outcome.NOT_CHECKED
    return outcome.PASSED if came.state == outcome.FIXED else came.state


def _by_state(states: dict[str, set[str]]) -> dict[str, list[str]]:
    """The rules by state; a rule counts by its worst."""
    worst = {
        rule: next(state for state in STATES_OF_RULES if state in found)
        for rule, found in states.items()
    }
    listed = {
        state: sorted(rule for rule in worst if worst[rule] == state) for state in STATES_OF_RULES
    }
    return {state: rules for state, rules in listed.items() if rules}


def _counted_states(states: dict[str, set[str]]) -> str:
    """``2 rules: 1 failed, 1 passed``."""
    shown = ", ".join(f"{len(rules)} {state}" for state, rules in _by_state(states).items())
    return f"{counted(len(states), 'rule')}: {shown}"
