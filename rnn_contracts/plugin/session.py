"""What one pytest session owns: what it checks, and what its tests share."""

from __future__ import annotations

import functools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import hypothesis
import pytest
import torch

from rnn_contracts import deviations, devices, machine
from rnn_contracts.checking import limits, subjects
from rnn_contracts.checking.run import NoNotes, Run
from rnn_contracts.checking.subjects import Subject
from rnn_contracts.deviations import Deviation
from rnn_contracts.plugin.crash_notes import CrashNotes
from rnn_contracts.rule_tests.rule_test import RuleTest


@dataclass(frozen=True)
class Session:
    """What is checked, on which devices and machine, and what is known of it."""

    devices: Sequence[str]
    machine: Mapping[str, str]
    deviation_files: Sequence[tuple[str, str]]
    known: Sequence[Deviation]
    subjects: Mapping[str, Subject]
    run: Run
    notes: CrashNotes | NoNotes
    _concerning: dict[tuple[str, str, str], list[Deviation]] = field(default_factory=dict)

    def known_of(self, test: RuleTest) -> list[Deviation]:
        """The known deviations that concern a test; many tests have the same."""
        where = test.kind, test.variant, test.device
        if where not in self._concerning:
            self._concerning[where] = [entry for entry in self.known if test.is_meant_by(entry)]
        return self._concerning[where]

    def close(self) -> None:
        """End the processes in which wrong calls were tried, and the notes."""
        self.run.sandboxes.close()
        if isinstance(self.notes, CrashNotes):
            self.notes.close()


SESSION = pytest.StashKey[Session]()
LIMIT = pytest.StashKey[str]()
"""Why there are fewer workers than cores, in words."""


def start(config: pytest.Config) -> Session:
    """The session that the options ask for; a wrong one is a usage error."""
    selected = selected_devices(config)
    if config.getoption("--rnn-native"):
        if not any(map(devices.is_accelerator, selected)):
            raise pytest.UsageError(f"--rnn-native: no accelerator among {', '.join(selected)}")
        library = torch.backends.cudnn
        config.add_cleanup(functools.partial(setattr, library, "enabled", library.enabled))
        library.enabled = False
    for device in filter(devices.is_accelerator, selected):
        _try(device)
    facts = machine.facts(selected[-1])
    notes: CrashNotes | NoNotes = NoNotes()
    if hasattr(config, "workerinput"):
        notes = CrashNotes.at(Path(config.workerinput["rnn_crash_note"]))
    files = _read_files(config)
    return Session(
        devices=selected,
        machine=facts,
        deviation_files=files,
        known=_known_deviations(files, facts),
        subjects=_chosen_subjects(config),
        run=Run(threads=config.getoption("--rnn-threads"), notes=notes),
        notes=notes,
    )


def choose_seed(config: pytest.Config) -> None:
    """Choose the seed of the run, which xdist's workers get with the other options."""
    # Hypothesis would choose another seed in each process.
    if not hasattr(config.option, "rnn_seed"):
        seed = config.getoption("hypothesis_seed", None)
        config.option.rnn_seed = random.getrandbits(32) if seed is None else seed


def seed_of(config: pytest.Config) -> object:
    """The seed of what is drawn."""
    return "" if hypothesis.settings().derandomize else config.option.rnn_seed


def _read_files(config: pytest.Config) -> list[tuple[str, str]]:
    """The files of deviations, by name; a worker gets what the controller has read."""
    if hasattr(config, "workerinput"):
        return [(name, text) for name, text in config.workerinput["rnn_deviations"]]
    files = []
    for name in config.getoption("--rnn-deviations"):
        try:
            files.append((name, Path(name).read_text("utf-8")))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "is no text in UTF-8"
            raise pytest.UsageError(f"--rnn-deviations: {name}: {why}") from None
    return files


def _known_deviations(files: list[tuple[str, str]], facts: Mapping[str, str]) -> list[Deviation]:
    """The entries of this torch and machine, those of the files first."""
    entries: list[Deviation] = []
    for name, text in files:
        try:
            entries += deviations.parse(text, name)
        except ValueError as error:
            raise pytest.UsageError(f"--rnn-deviations: {name}: {error}") from None
    entries += deviations.known()
    here = deviations.as_on(torch.__version__, entries)
    return [entry for entry in here if entry.happens_on(torch.__version__, facts)]


def _chosen_subjects(config: pytest.Config) -> Mapping[str, Subject]:
    require_all = config.getoption("--rnn-require-all")
    chosen = config.getoption("--rnn-subject")
    if require_all and not chosen:
        raise pytest.UsageError("--rnn-require-all: say of what, with --rnn-subject")
    named = [name for option in config.getoption("--rnn-without") for name in option.split(",")]
    if named and not chosen:
        raise pytest.UsageError("--rnn-without: say of what, with --rnn-subject")
    if named and require_all:
        raise pytest.UsageError("--rnn-without: --rnn-require-all asks for what it leaves out")
    try:
        without = limits.parse(named)
    except ValueError as error:
        raise pytest.UsageError(f"--rnn-without: {error}") from None
    try:
        return subjects.parse(chosen, require_all=require_all, without=without)
    except ValueError as error:
        raise pytest.UsageError(f"--rnn-subject: {error}") from None


def _try(device: str) -> None:
    """Refuse an accelerator that torch reports and that cannot be used, as one that is full."""
    try:
        devices.prepare(device)
        if not devices.dtypes(device):
            raise RuntimeError("it multiplies matrices in no dtype that the suite draws")
    except RuntimeError as error:
        why = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise pytest.UsageError(f"--rnn-device: {device} cannot be used: {why}") from None


def selected_devices(config: pytest.Config) -> tuple[str, ...]:
    """The devices asked for, accelerators last; ``cuda`` asks for ``cuda:0``, ``cuda:1``, ..."""
    asked = config.getoption("--rnn-device")
    if not asked:
        return devices.devices_by_default()
    present = devices.available_devices()
    for name in asked:
        if not any(_is_called(device, name) for device in present):
            raise pytest.UsageError(
                f"--rnn-device: no device {name!r} here; present: {', '.join(present)}"
            )
    return tuple(device for device in present if any(_is_called(device, name) for name in asked))


def _is_called(device: str, name: str) -> bool:
    return name in (device, device.partition(":")[0])
