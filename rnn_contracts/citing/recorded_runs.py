"""The recorded runs of the suite: on which torch and which machine each rule held, and what torch did.

They are data, ``rnn_contracts/recorded_runs.json``. ``docs/recorded_runs.py`` makes that file out of the
reports of real runs. It has

runs     each run: torch and its build, the machine in words, its facts in one line, and the devices
rules    for each rule a list, in which runs that agree are one entry

and of an entry

on            the runs, as the releases of each machine, or ``"every run"``
tests         how many tests of the rule came out how
refused_by    of a refusal: how many tests saw a wrong call refused by which type of exception
instead       of a refusal: for each known deviation, what torch did in how many tests
"""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from rnn_contracts.citing import json_file
from rnn_contracts.citing.json_file import as_list as _list
from rnn_contracts.citing.json_file import as_mapping as _mapping
from rnn_contracts.citing.json_file import as_text as _text
from rnn_contracts.citing.json_file import in_lines as _in_lines

FILE = Path(__file__).parents[1] / "recorded_runs.json"

EVERY_RUN = "every run"


class Place(NamedTuple):
    """Where a run was made: the release of torch, and the machine in words."""

    torch: str
    machine: str


@dataclass(frozen=True)
class Run:
    """One run of the suite; ``facts`` are those of ``rnn_contracts.machine`` in one line."""

    torch: str
    build: str
    machine: str
    facts: str
    devices: tuple[str, ...]

    @property
    def place(self) -> Place:
        """Where it was made."""
        return Place(self.torch, self.machine)


@dataclass(frozen=True)
class Seen:
    """What was seen of one rule in the runs at these places, which agree.

    ``instead`` has for each reason of a known deviation what torch did instead of refusing the call.
    """

    places: tuple[Place, ...]
    tests: Mapping[str, int]
    refused_by: Mapping[str, int] = field(default_factory=dict)
    instead: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def did_instead(self) -> Counter[str]:
        """What torch did instead of refusing a call, in how many tests."""
        total: Counter[str] = Counter()
        for did in self.instead.values():
            total.update(did)
        return total


@dataclass(frozen=True)
class RecordedRuns:
    """All recorded runs, and what was seen in them of each rule."""

    runs: tuple[Run, ...] = ()
    rules: Mapping[str, tuple[Seen, ...]] = field(default_factory=dict)

    @property
    def places(self) -> tuple[Place, ...]:
        """Where runs were made, from the oldest release on."""
        return in_order(run.place for run in self.runs)

    @property
    def releases(self) -> tuple[str, ...]:
        """The releases of torch, from the oldest on."""
        return tuple(dict.fromkeys(place.torch for place in self.places))

    def seen(self, rule_id: str) -> tuple[Seen, ...]:
        """What was seen of that rule; nothing if it was not checked in any run."""
        return self.rules.get(rule_id, ())


def in_order(places: Iterable[Place]) -> tuple[Place, ...]:
    """Each place once, from the oldest release on."""
    return tuple(sorted({*places}, key=lambda place: (age(place.torch), place.machine)))


def age(release: str) -> tuple[int, ...]:
    """What sorts releases from the oldest on."""
    return tuple(int(number) for number in re.findall(r"\d+", release))


# --- The file ------------------------------------------------------------------------------------


@functools.cache
def of_package() -> RecordedRuns:
    """The runs that come with the package; ``ValueError`` says in one line why there are none."""
    return read(FILE)


def read(path: Path) -> RecordedRuns:
    """The runs in a file; ``ValueError`` says in one line why there are none."""
    return json_file.read(path, from_text)


def from_text(text: str) -> RecordedRuns:
    """The runs in the text of a file; ``ValueError`` if it is not like that."""
    data = _mapping(json.loads(text))
    runs = tuple(map(_run, _list(data.get("runs"))))
    every = in_order(run.place for run in runs)
    rules = {
        rule: tuple(_seen(_mapping(entry), every) for entry in _list(entries))
        for rule, entries in _mapping(data.get("rules")).items()
    }
    return RecordedRuns(runs, rules)


def as_text(recorded: RecordedRuns) -> str:
    """The text of a file: sorted, and broken into lines that a diff can show."""
    every = recorded.places
    data = {
        "runs": [
            {**vars(run), "devices": list(run.devices)}
            for run in sorted(recorded.runs, key=lambda run: (age(run.torch), *vars(run).values()))
        ],
        "rules": {
            rule: [as_data(it, every) for it in sorted(seen, key=lambda it: _rank(it.places))]
            for rule, seen in sorted(recorded.rules.items())
        },
    }
    return _in_lines(data) + "\n"


def as_data(seen: Seen, every: tuple[Place, ...] = ()) -> dict[str, object]:
    """One entry as JSON has it; ``every`` are the places of all runs."""
    whole = in_order(seen.places) == every
    data: dict[str, object] = {
        "on": EVERY_RUN if whole else by_machine(seen.places),
        "tests": dict(sorted(seen.tests.items())),
    }
    if seen.refused_by:
        data["refused_by"] = dict(sorted(seen.refused_by.items()))
    if seen.instead:
        data["instead"] = {
            reason: dict(sorted(did.items())) for reason, did in sorted(seen.instead.items())
        }
    return data


def by_machine(places: Iterable[Place]) -> dict[str, list[str]]:
    """The releases of each machine."""
    releases: dict[str, list[str]] = {}
    for place in in_order(places):
        releases.setdefault(place.machine, []).append(place.torch)
    return releases


def _run(value: object) -> Run:
    run = _mapping(value)
    torch, build, machine, facts = (
        _text(run.get(name)) for name in ("torch", "build", "machine", "facts")
    )
    return Run(torch, build, machine, facts, tuple(map(_text, _list(run.get("devices")))))


def _seen(entry: Mapping[str, object], every: tuple[Place, ...]) -> Seen:
    on = entry.get("on")
    if on == EVERY_RUN:
        places = every
    else:
        places = in_order(
            Place(_text(release), machine)
            for machine, releases in _mapping(on).items()
            for release in _list(releases)
        )
    if not places or not {*places} <= {*every}:
        raise ValueError("an entry names runs that are not among them")
    instead = _mapping(entry.get("instead", {}))
    return Seen(
        places,
        _counts(entry.get("tests")),
        _counts(entry.get("refused_by", {})),
        {reason: _counts(did) for reason, did in instead.items()},
    )


def _rank(places: Iterable[Place]) -> list[tuple[tuple[int, ...], str]]:
    return [(age(place.torch), place.machine) for place in in_order(places)]


def _counts(value: object) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name, count in _mapping(value).items():
        if not isinstance(count, int):
            raise ValueError(f"expected a number of tests, got {type(count).__name__}")
        counts[name] = count
    return counts
