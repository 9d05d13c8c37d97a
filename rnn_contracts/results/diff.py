"""Two JUnit reports of the suite compared: what regressed with an upgrade, and what was fixed.

A report is what ``pytest --junitxml`` writes; each test says in its properties which rule it checks,
on which torch and device, and what came of it.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
from rnn_contracts.rules import RULES

Test = tuple[str, str]
"""A test: its rule, and what its name says in brackets."""


@dataclass(frozen=True)
class Report:
    """The outcomes of a run, by test.

    ``subjects`` are what stood in the place of torch's own layers. ``machine`` has the values of each
    fact: one, unless the report is merged from those of several machines.
    """

    torch: str
    devices: frozenset[str]
    subjects: frozenset[str]
    machine: Mapping[str, frozenset[str]]
    results: dict[Test, Outcome]


def read(path: Path) -> Report:
    """The report in the file; ``ValueError`` says in one line why it is none."""
    # Only who compares reports needs it.
    from defusedxml import DefusedXmlException, ElementTree

    try:
        cases = [*ElementTree.parse(path).iter("testcase")]
    except (
        OSError, ElementTree.ParseError, DefusedXmlException, LookupError, ValueError
    ) as error:  # fmt: skip
        raise ValueError(f"{path}: cannot be read as XML: {error}") from None
    results: dict[Test, Outcome] = {}
    found: dict[str, set[str]] = {
        "torch": set(),
        "device": set(),
        "subject": set(),
        "machine": set(),
    }
    for case in cases:
        properties = [
            (element.get("name", ""), " ".join(element.get("value", "").split()))
            for element in case.iter("property")
        ]
        for name, value in properties:
            if name in found:
                found[name].add(value)
        values = dict(properties)
        if "rule" in values:
            name = " ".join(case.get("name", "").split()).partition("[")[2].removesuffix("]")
            # The test of a known deviation is a part of the test that leaves these calls out.
            test = values["rule"], values.get("part of", name)
            outcome = _judged(from_properties(properties), case)
            results[test] = outcome.merged_with(results[test]) if test in results else outcome
    if not results or not found["torch"]:
        raise ValueError(f"{path}: not a report of rnn-contracts: no test in it names a rule")
    if len(found["torch"]) > 1:
        raise ValueError(f"{path}: of several torch: {', '.join(sorted(found['torch']))}")
    facts: dict[str, set[str]] = collections.defaultdict(set)
    for line in found["machine"]:
        for name, value in machine.from_line(line).items():
            facts[name].add(value)
    return Report(
        found["torch"].pop(),
        frozenset(found["device"]),
        frozenset(found["subject"]),
        {name: frozenset(values) for name, values in facts.items()},
        results,
    )


def _judged(outcome: Outcome, case: Any) -> Outcome:
    """The outcome, unless pytest says otherwise: whoever wrote the report may have changed it."""
    failed = case.find("failure") is not None or case.find("error") is not None
    skipped = case.find("skipped") is not None
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


@dataclass
class Difference:
    """What changed from one report to another.

    Each change has the new outcomes by test, or the old ones of what is fixed or gone.
    """

    old: Report
    new: Report
    obstacles: list[str] = field(default_factory=list)
    """Why the reports cannot be compared, or not wholly."""
    changes: dict[str, dict[Test, Outcome]] = field(default_factory=dict)
    """By heading: ``regressed``, ``fixed``, ``new``, ``gone``, ``still failing``, ``still known``."""
    refusals: dict[tuple[str, str], collections.Counter[str]] = field(default_factory=dict)
    """Refusals of another type than before, by both types: how many tests of which rules."""

    @property
    def exit_code(self) -> int:
        """2 if the reports cannot be compared, 1 if anything regressed, otherwise 0."""
        new = self.changes["new"].values()
        worse = self.changes["regressed"] or any(outcome.state == FAILED for outcome in new)
        return 2 if self.obstacles else int(bool(worse))


def compare(old: Report, new: Report) -> Difference:
    """Hold the new report against the old one, test by test."""
    names = ("regressed", "fixed", "new", "gone", "still failing", "still known")
    difference = Difference(old, new, list(_obstacles(old, new)), {name: {} for name in names})
    for test in sorted({*old.results, *new.results}):
        before, after = old.results.get(test), new.results.get(test)
        if after is None:
            difference.changes["gone"][test] = old.results[test]
        elif before is None:
            difference.changes["new"][test] = after
        elif NOT_CHECKED not in (before.state, after.state):
            _compare_test(difference, test, before, after)
    return difference


def _compare_test(difference: Difference, test: Test, before: Outcome, after: Outcome) -> None:
    changes = difference.changes
    old, new = (PASSED if it.state == FIXED else it.state for it in (before, after))
    if old == new == KNOWN:
        # A test may fail in several ways.
        for name, one, other in (("regressed", after, before), ("fixed", before, after)):
            known = {why: link for why, link in one.known.items() if why not in other.known}
            if known:
                changes[name][test] = Outcome(KNOWN, known=known)
        if before.known.keys() & after.known.keys():
            changes["still known"][test] = after
    elif old == new:
        if new == FAILED:
            changes["still failing"][test] = after
        elif before.refusals != after.refusals:
            types = ", ".join(before.refusals), ", ".join(after.refusals)
            difference.refusals.setdefault(types, collections.Counter())[test[0]] += 1
    elif {old, new} != {KNOWN, DIFFERS}:
        worse = new == FAILED or old == PASSED
        if NOT_SUPPORTED in (old, new):
            # What is supported now was not tried before, and may be right or wrong.
            worse = new in (FAILED, NOT_SUPPORTED)
        changes["regressed" if worse else "fixed"][test] = after if worse else before


def _obstacles(old: Report, new: Report) -> Iterator[str]:
    if old.devices != new.devices:
        names = (", ".join(sorted(report.devices)) for report in (old, new))
        yield "devices differ: {} in the old report, {} in the new".format(*names)
    if old.subjects != new.subjects:
        names = (", ".join(sorted(it.subjects)) or "torch's own" for it in (old, new))
        yield "layers differ: {} in the old report, {} in the new".format(*names)
    for fact in machine.PROBES:
        before, after = (
            " and ".join(sorted(report.machine.get(fact, ()))) for report in (old, new)
        )
        if before != after:
            yield (
                f"machines differ, and a known deviation may depend on it: {fact} is "
                f"{before or 'not told'} in the old report, {after or 'not told'} in the new"
            )
    for report, other, name in ((old, new, "old"), (new, old, "new")):
        unchecked = collections.Counter(
            rule for (rule, _), outcome in report.results.items() if outcome.state == NOT_CHECKED
        )
        if unchecked:
            tests = counted(sum(unchecked.values()), "test")
            yield f"{tests} checked nothing in the {name} report, of {', '.join(sorted(unchecked))}"
        rules = {rule for rule, _ in report.results}
        others = {rule for rule, _ in other.results}
        missing = [
            rule for rule in sorted(others - rules) if not _since(rule, report.torch, other.torch)
        ]
        if missing:
            yield f"rules not checked in the {name} report: {', '.join(missing)}"
        cells = collections.Counter(
            test[0] for test in other.results if test[0] in rules and test not in report.results
        )
        if cells:
            tests = counted(sum(cells.values()), "test")
            yield f"{tests} not run in the {name} report, of {', '.join(sorted(cells))}"


def _since(rule: str, release: str, other: str) -> bool:
    """Whether the rule covers the other release and not this one."""
    known = RULES.get(rule)
    return known is not None and not known.covers(release) and known.covers(other)
