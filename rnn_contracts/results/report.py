"""A JUnit report of the suite: what came of each test, as ``pytest --junitxml`` wrote it.

Each test says in its properties which rule it checks, on which torch, device and machine, and what
came of it.
"""

from __future__ import annotations

import collections
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from rnn_contracts import machine
from rnn_contracts.results.outcome import (
    DIFFERS,
    FAILED,
    FIXED,
    KNOWN,
    NOT_CHECKED,
    NOT_SUPPORTED,
    PASSED,
    Outcome,
    from_properties,
)
from rnn_contracts.results.words import counted


@dataclass(frozen=True, order=True)
class Test:
    """What tells a test from all others.

    rule      the rule that it checks, "" for a test of something else
    name      what its name says in brackets: grid point or wrong call, and device; the whole name of a
              test of something else
    subject   what stands in the place of torch's own layer
    function  the test function, where it is in a module of somebody else's
    machine   what known deviations may depend on, in a report of several machines
    """

    rule: str
    name: str
    subject: str = ""
    function: str = ""
    machine: str = ""

    __test__: ClassVar[bool] = False  # pytest collects no tests from it

    def __str__(self) -> str:
        return " ".join(filter(None, (self.name, self.subject, self.function)))


@dataclass(frozen=True)
class Report:
    """The outcomes of a run, by test.

    ``subjects`` are what stood in the place of torch's own layers. ``machine`` has the values of each
    fact: one, unless the report is merged from those of several machines. ``in_parts`` are tests of
    which there are only the calls that are known to deviate. ``twice`` are tests that are there more
    than once with one outcome, ``contradictory`` those with several. ``device`` is that of all tests,
    whose names do not have it; it is empty where they have.
    """

    torch: str
    devices: frozenset[str]
    subjects: frozenset[str]
    machine: Mapping[str, frozenset[str]]
    results: Mapping[Test, Outcome]
    in_parts: frozenset[Test] = frozenset()
    twice: tuple[Test, ...] = ()
    contradictory: tuple[Test, ...] = ()
    device: str = ""

    def on_device(self, device: str) -> Report:
        """The tests of rules on one device, to be held against those on another.

        ``ValueError`` if there are none.
        """
        if device not in self.devices:
            known = ", ".join(sorted(self.devices))
            raise ValueError(f"--devices: no test on {device!r} in the report; there are {known}")

        # What is known of a part of the calls stands behind the device.
        of_device = re.compile(rf"-{re.escape(device)}(?=$|-known:)")

        def named(tests: Iterable[Test]) -> Iterator[tuple[Test, Test]]:
            for test in tests:
                if test.rule and of_device.search(test.name):
                    yield test, replace(test, name=of_device.sub("", test.name))

        return replace(
            self,
            devices=frozenset({device}),
            results={new: self.results[old] for old, new in named(self.results)},
            in_parts=frozenset(new for _, new in named(self.in_parts)),
            twice=tuple(new for _, new in named(self.twice)),
            contradictory=tuple(new for _, new in named(self.contradictory)),
            device=device,
        )


def read(path: Path) -> Report:
    """The report in the file; ``ValueError`` says in one line why it is none."""
    cases = [_read_case(case) for case in _cases(path)]
    if len({case.test.machine for case in cases if case.test.rule}) < 2:
        cases = [case.on_one_machine() for case in cases]
    ours = [case for case in cases if case.values.get("rule")]
    torch = sorted({case.values.get("torch", "") for case in ours})
    if not ours or torch == [""]:
        raise ValueError(f"{path}: not a report of rnn-contracts: no test in it names a rule")
    if len(torch) > 1:
        raise ValueError(f"{path}: of several torch: {', '.join(it or 'none' for it in torch)}")
    if not re.match(r"\d+\.\d+", torch[0]):
        raise ValueError(f"{path}: {torch[0]!r} is no version of torch")
    if nameless := [case for case in ours if not case.values.get("device")]:
        raise ValueError(f"{path}: {counted(len(nameless), 'test')} of a rule names no device")
    return Report(
        torch[0],
        frozenset(case.values["device"] for case in ours),
        frozenset(case.values["subject"] for case in ours if case.values.get("subject")),
        _machine(case.values.get("machine", "") for case in ours),
        *_results(cases),
    )


def _cases(path: Path) -> list[Any]:
    # Only who compares reports needs it.
    from defusedxml import DefusedXmlException, ElementTree

    try:
        return [*ElementTree.parse(path).iter("testcase")]
    except (
        OSError, ElementTree.ParseError, DefusedXmlException, LookupError, ValueError
    ) as error:  # fmt: skip
        raise ValueError(f"{path}: cannot be read as XML: {error}") from None


@dataclass(frozen=True)
class _Case:
    """A test case of the XML; ``part_of`` is the test of which it tries a part of the calls."""

    test: Test
    part_of: Test
    outcome: Outcome
    values: Mapping[str, str]

    def on_one_machine(self) -> _Case:
        """The test, which the machine does not tell from another."""
        test, part_of = (replace(it, machine="") for it in (self.test, self.part_of))
        return replace(self, test=test, part_of=part_of)


def _read_case(case: Any) -> _Case:
    properties = [
        (element.get("name", ""), " ".join(element.get("value", "").split()))
        for element in case.iter("property")
    ]
    values = dict(properties)
    function, _, bracket = " ".join(case.get("name", "").split()).partition("[")
    name = bracket.removesuffix("]")
    if "rule" in values:
        test = Test(
            values["rule"],
            name,
            values.get("subject", ""),
            values.get("function", ""),
            _of_probes(values.get("machine", "")),
        )
        # The test of a known deviation is a part of the test that leaves these calls out.
        whole = replace(test, name=values.get("part of", name))
        return _Case(test, whole, _judged(from_properties(properties), case), values)
    if "quote" in values:
        test = Test("", f"documentation of {values['quote']}: {name}")
        return _Case(test, test, _judged(from_properties(properties), case), values)
    test = Test("", f"{case.get('classname', '')}::{function}{'[' * bool(bracket)}{bracket}")
    ended = _endings(case)
    state = NOT_CHECKED if "skipped" in ended else PASSED
    return _Case(test, test, Outcome(FAILED if ended - {"skipped"} else state), values)


def _endings(case: Any) -> set[str]:
    """How the test ended if it did not pass: in the words of pytest, or those of other writers."""
    names = {str(element.tag).rpartition("}")[2].lower() for element in case.iter()}
    return {name for name in names if name.endswith(("failure", "error", "skipped"))}


def _of_probes(line: str) -> str:
    facts = machine.from_line(line)
    return " ".join(f"{name}={facts[name]}" for name in machine.PROBES if name in facts)


def _machine(lines: Iterator[str]) -> Mapping[str, frozenset[str]]:
    facts: dict[str, set[str]] = collections.defaultdict(set)
    for line in {*lines}:
        for name, value in machine.from_line(line).items():
            facts[name].add(value)
    return {name: frozenset(values) for name, values in facts.items()}


def _results(
    cases: list[_Case],
) -> tuple[dict[Test, Outcome], frozenset[Test], tuple[Test, ...], tuple[Test, ...]]:
    """The outcomes; the tests that are there in parts alone, twice, or with several outcomes."""
    seen: dict[Test, Outcome] = {}
    twice: dict[Test, None] = {}
    contradictory: dict[Test, None] = {}
    results: dict[Test, Outcome] = {}
    for case in cases:
        came = replace(case.outcome, examples=0, message="")
        if case.test in seen:
            (twice if seen[case.test] == came else contradictory)[case.test] = None
        seen[case.test] = came
        found = results.get(case.part_of)
        results[case.part_of] = case.outcome.merged_with(found) if found else case.outcome
    return results, frozenset(results.keys() - seen.keys()), tuple(twice), tuple(contradictory)


def _judged(outcome: Outcome, case: Any) -> Outcome:
    """The outcome, unless pytest says otherwise: whoever wrote the report may have changed it."""
    ended = _endings(case)
    failed, skipped = bool(ended - {"skipped"}), "skipped" in ended
    agrees = {
        PASSED: not failed and not skipped,
        FAILED: failed,
        FIXED: failed,
        KNOWN: not failed,
        DIFFERS: skipped and not failed,
        NOT_SUPPORTED: skipped and not failed,
        NOT_CHECKED: True,
    }
    return outcome if agrees[outcome.state] else Outcome(NOT_CHECKED)
