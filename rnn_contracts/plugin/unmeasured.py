"""What a run on hardware says of known deviations that were only read: as entries to paste."""

from __future__ import annotations

import collections
from dataclasses import replace
from typing import Any

import pytest
import torch

from rnn_contracts.plugin.session import SESSION
from rnn_contracts.results import outcome
from rnn_contracts.results.outcome import from_properties
from rnn_contracts.results.words import counted

UNMEASURED = "unmeasured"
"""The property of a test that names its entry by the place where it stands."""


class Confirmations:
    """Adds up the tests of entries that nobody has measured, with xdist those of all workers."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.came: dict[str, dict[str, list[str]]] = {}  # names of tests, by origin and outcome
        known = config.stash[SESSION].known
        self._entries = {entry.origin: entry for entry in known if entry.unmeasured}

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note whether the deviation happened in the test."""
        values = dict(report.user_properties)
        named = {value for name, value in report.user_properties if name == UNMEASURED}
        origins = sorted(named & self._entries.keys())
        if not origins or "outcome" not in values or report.when == "teardown":
            return
        came = from_properties(report.user_properties)
        if came.state not in (outcome.KNOWN, outcome.PASSED):
            # It failed otherwise, or was not checked, which says nothing of the entry.
            return
        # What is undefined is called known where it did not happen too, and then breaks no rule.
        happened = came.state == outcome.KNOWN and came.broken == values["rule"]
        name = report.nodeid.rpartition("::")[2]
        for origin in origins:
            if happened and str(self._entries[origin]) not in came.known:
                # Another entry of the test happened, which says nothing of this one.
                continue
            states = self.came.setdefault(origin, collections.defaultdict(list))
            states[outcome.KNOWN if happened else outcome.PASSED].append(name)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print each entry as it is to stand in the file from now on."""
        for line in self._lines():
            terminalreporter.write_line(line)

    def _lines(self) -> list[str]:
        session = self.config.stash[SESSION]
        facts = (
            f"{name} {value}" for name, value in session.machine.items() if name in _OF_ACCELERATORS
        )
        where = ", ".join([f"torch {torch.__version__}", *facts])
        lines: list[str] = []
        for origin in sorted(self._entries.keys() & self.came.keys()):
            happened = self.came[origin][outcome.KNOWN]
            others = self.came[origin][outcome.PASSED]
            told = f"rnn-contracts: {origin}: {self._entries[origin]}"
            if not happened and others:
                lines.append(f"{told}: refuted in {counted(len(others), 'test')}: take it out")
            elif happened:
                partly = f", but not in {', '.join(others)}" if others else ""
                lines.append(
                    f"{told}: confirmed in {counted(len(happened), 'test')}{partly}; paste"
                )
                lines += replace(self._entries[origin], unmeasured=False, measured=where).as_toml()
        return lines


_OF_ACCELERATORS = ("accelerator", "capability", "driver", "cudnn", "miopen")
