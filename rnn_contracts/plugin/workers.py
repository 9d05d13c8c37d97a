"""Workers of xdist: what they are told, and what is told of one that died."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from rnn_contracts import devices
from rnn_contracts.checking.violation import DIED, ContractViolation
from rnn_contracts.plugin import causes, crash_notes
from rnn_contracts.plugin.collection import IDLE
from rnn_contracts.plugin.session import LIMIT, SESSION, selected_devices
from rnn_contracts.results import outcome
from rnn_contracts.results.outcome import Outcome
from rnn_contracts.results.words import counted
from rnn_contracts.rules import RULES

MEMORY = 2 * 2**30
"""Bytes of an accelerator for a worker and its child: each has a context of half a GiB, and tensors."""
IDLE_DEATHS = 2
"""How many workers may die before they ran a test. What is wrong with them is wrong with the next."""


def limited(config: pytest.Config, count: int) -> int:
    """So many workers of ``-n auto`` as the memory of the accelerators allows, but at least one."""
    free = {
        device: memory
        for device in selected_devices(config)
        if (memory := devices.free_memory(device)) is not None
    }
    if not free or "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return count
    least = min(free, key=free.__getitem__)
    most = max(1, free[least] // MEMORY)
    if most < count:
        room = f"{free[least] / 2**30:.1f} GiB of {least} are free"
        config.stash[LIMIT] = f"{counted(most, 'worker')} and not {count}, since {room}"
    return min(count, most)


class Workers:
    """Owns the files in which workers note what they call."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.notes: TemporaryDirectory[str] | None = None
        self.worked: set[str] = set()
        self.idle_deaths = 0

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker where to note what it calls, and what is in the files of deviations."""
        self.notes = self.notes or TemporaryDirectory(prefix="rnn-contracts-")
        node.workerinput["rnn_crash_note"] = str(Path(self.notes.name, node.gateway.id))
        node.workerinput["rnn_deviations"] = [*self.config.stash[SESSION].deviation_files]

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note which workers have run a test."""
        if hasattr(report, "node"):
            self.worked.add(report.node.gateway.id)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """End the run if workers die before they get to a test: xdist would replace them for ever."""
        assert self.notes is not None
        if idle := getattr(node, "workeroutput", {}).get("rnn_idle_entries"):
            self.config.stash[IDLE] = idle
        worker = node.gateway.id
        note = Path(self.notes.name, worker)
        if not error or worker in self.worked or (note.exists() and note.stat().st_size):
            return
        self.idle_deaths += 1
        if self.idle_deaths > IDLE_DEATHS:
            why = str(error).strip().splitlines()[-1]
            pytest.exit(f"rnn-contracts: workers end before they run a test: {why}", returncode=3)

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: Any) -> None:
        """Make the report of a test whose worker died that of a failed rule."""
        if self.notes is None:
            return
        note = crash_notes.read(Path(self.notes.name, report.node.gateway.id), crashitem)
        if note is None:
            return
        rule_id, case, found, properties = note
        report.died, report.when = True, "call"
        report.location = (*report.location[:2], crashitem.rpartition("::")[2])
        violation = ContractViolation(
            RULES[rule_id],
            found,
            case.describe(),
            code=case.calling(),
            effect=DIED,
            device=case.device,
        )
        violation.drawn, report.longrepr = case, str(violation)
        causes.note(report, violation)
        came = Outcome(outcome.FAILED, broken=rule_id)
        report.user_properties = [*properties, *came.as_properties()]

    def pytest_unconfigure(self) -> None:
        """Take away the notes."""
        if self.notes is not None:
            self.notes.cleanup()
