"""Two reports of the suite compared: what regressed with an upgrade, and what was fixed."""

from __future__ import annotations

import collections
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

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
)
from rnn_contracts.results.report import Report, Test
from rnn_contracts.results.words import counted
from rnn_contracts.rules import RULES, Rule
from rnn_contracts.rules.domain import values_of
from rnn_contracts.rules.refusals import OF_CONSTRUCTORS


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
    if old.subjects != new.subjects:
        return difference
    # A test draws something else in each run, so hold it against what all tests lacked.
    lacked = set[str]().union(*(_lacks(old, test) for test in old.results))
    for test in sorted({*old.results, *new.results}):
        before, after = old.results.get(test), new.results.get(test)
        missing = before is None or after is None
        if missing and _speaks_of_other_devices(test.rule, old.device, new.device):
            continue
        if after is None:
            if test.rule:
                difference.changes["gone"][test] = old.results[test]
        elif before is None or (not test.rule and before.state == NOT_CHECKED):
            if test.rule or after.state == FAILED:
                difference.changes["new"][test] = after
        elif before.state == after.state == PASSED and not _lacks(new, test) <= lacked:
            # What was drawn before and is refused now was not checked.
            difference.changes["regressed"][test] = replace(after, state=NOT_SUPPORTED)
        elif NOT_CHECKED not in (before.state, after.state):
            _compare_test(difference, test, before, after)
    return difference


def _lacks(report: Report, test: Test) -> set[str]:
    """What was not supported in the test, without numbers, which differ from call to call."""
    return {re.sub(r"0x[0-9a-fA-F]+|\d+", "#", what) for what in report.results[test].unsupported}


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
            # Where another rule is broken now, that is not as before.
            same = before.broken == after.broken
            changes["still failing" if same else "regressed"][test] = after
        elif before.refusals != after.refusals:
            types = ", ".join(before.refusals), ", ".join(after.refusals)
            difference.refusals.setdefault(types, collections.Counter())[test.rule] += 1
    elif {old, new} != {KNOWN, DIFFERS}:
        worse = new == FAILED or old == PASSED
        if NOT_SUPPORTED in (old, new):
            # What is supported now was not tried before, and may be right or wrong.
            worse = new in (FAILED, NOT_SUPPORTED)
        changes["regressed" if worse else "fixed"][test] = after if worse else before


def _obstacles(old: Report, new: Report) -> Iterator[str]:
    if old.devices != new.devices and not old.device:
        names = (", ".join(sorted(report.devices)) for report in (old, new))
        yield "devices differ: {} in the old report, {} in the new".format(*names)
    if old.subjects != new.subjects:
        names = (", ".join(sorted(it.subjects)) or "torch's own" for it in (old, new))
        yield "layers differ: {} in the old report, {} in the new".format(*names)
        return
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
        yield from _gaps(report, other, name)
    if rest := [test for test in new.in_parts if _lost_the_rest(test, old, new)]:
        yield _told(rest, "not run in the new report but for the calls that are known to deviate")
    stale = [
        test
        for test, outcome in new.results.items()
        if outcome.state == FIXED and _passed(test, old)
    ]
    if stale:
        what = "failed in the new report since it did not fail as its known deviation says"
        yield _told(stale, what)


def _gaps(report: Report, other: Report, name: str) -> Iterator[str]:
    """What one report lacks, or says in several ways."""
    if report.contradictory:
        what = f"there more than once in the {name} report, with several outcomes"
        yield _told(report.contradictory, what)
    unchecked = [
        test
        for test, outcome in report.results.items()
        if outcome.state == NOT_CHECKED and (test.rule or _checked(test, other))
    ]
    if unchecked:
        yield _told(unchecked, f"checked nothing in the {name} report")
    rules = {test.rule for test in report.results}
    missing = [test for test in other.results if test not in report.results]
    lost = {test.rule for test in missing} - rules - {""}
    lost = {rule for rule in lost if not _since(rule, report.torch, other.torch)}
    lost = {rule for rule in lost if not _speaks_of_other_devices(rule, report.device)}
    if lost:
        yield f"rules not checked in the {name} report: {', '.join(sorted(lost))}"
    not_run = [
        test
        for test in missing
        # A test of no rule that is new is no gap.
        if (test.rule in rules if test.rule else name == "new" and _checked(test, other))
    ]
    if not_run:
        yield _told(not_run, f"not run in the {name} report")


def _passed(test: Test, report: Report) -> bool:
    return test in report.results and report.results[test].state == PASSED


def _checked(test: Test, report: Report) -> bool:
    return test in report.results and report.results[test].state != NOT_CHECKED


def _lost_the_rest(test: Test, old: Report, new: Report) -> bool:
    """Whether only the calls that are known to deviate were made again, and these as before."""
    if test not in old.results or test in old.in_parts:
        return False
    return new.results[test].known.keys() <= old.results[test].known.keys()


def _told(tests: Collection[Test], what: str) -> str:
    """``2 tests not run in the new report, of input-shape, output-shape``."""
    names = ", ".join(sorted({test.rule or test.name for test in tests}))
    return f"{counted(len(tests), 'test')} {what}, of {names}"


def _speaks_of_other_devices(rule: str, *devices: str) -> bool:
    """Whether there are no tests of the rule on one of the devices, for what it says."""
    return rule in RULES and any(_is_not_about(RULES[rule], it) for it in devices if it)


def _is_not_about(rule: Rule, device: str) -> bool:
    types = values_of(rule.domain, "device")
    elsewhere = bool(types) and device.partition(":")[0] not in types
    # Refusals on meta are slow, and left out unless they are asked for.
    on_meta = not rule.values and rule.family != "refusal"
    return elsewhere or rule.id in OF_CONSTRUCTORS or (device == "meta" and not on_meta)


def _since(rule: str, release: str, other: str) -> bool:
    """Whether the rule covers the other release and not this one."""
    known = RULES.get(rule)
    return known is not None and not known.covers(release) and known.covers(other)
