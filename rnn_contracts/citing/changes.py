"""What changed between two releases of torch: what regressed, what was fixed, and what was not run.

The recorded runs say of how many tests a rule each release passed, and the known deviations say why not.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from rnn_contracts.citing import known, recorded_runs
from rnn_contracts.citing.recorded_runs import RecordedRuns, Seen, age
from rnn_contracts.rules import RULES

PASSED = "passed"
UNKNOWN = "no known deviation says why"


@dataclass(frozen=True)
class Defect:
    """One defect of torch that came or went; ``release`` is the first that was seen with the change."""

    rule: str
    reason: str
    link: str
    release: str


@dataclass(frozen=True)
class Changes:
    """All that differs between two releases; ``between`` makes it.

    compared      how many rules were run on both
    regressed     the defects that the new release has, and the old one has not
    fixed         the defects that the old release has, and the new one has not
    documented    the defects of torch's documentation that the new release has no more
    exceptions    by rule, how many tests saw which type of exception on the old and on the new release
    begun         the rules that are checked on the new release, and of which the old one has nothing
    not_run       by rule, on which of the two releases it was not run
    skipped       the minor releases between the two that were not run
    after         the releases that were run right after one that was not
    """

    old: str
    new: str
    compared: int
    regressed: tuple[Defect, ...] = ()
    fixed: tuple[Defect, ...] = ()
    documented: tuple[Defect, ...] = ()
    exceptions: Mapping[str, Mapping[str, tuple[int, int]]] = field(default_factory=dict)
    begun: tuple[str, ...] = ()
    not_run: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def of_package(old: str, new: str) -> Changes:
    """From one release to another, such as 2.6 to 2.15; ``ValueError`` names those that were run."""
    recorded = recorded_runs.of_package()
    first, last = run_of(old, recorded), run_of(new, recorded)
    if age(first) >= age(last):
        raise ValueError(f"expected an older and a newer release, got {old} and {new}")
    return between(first, last, recorded, known.entries())


def run_of(asked: str, recorded: RecordedRuns) -> str:
    """The release that was run of what is asked for: 2.6.0 of 2.6, of 2.6.0 and of 2.6.0+cpu."""
    wanted = asked.partition("+")[0].split(".")
    for release in recorded.releases:
        if len(wanted) > 1 and release.split(".")[: len(wanted)] == wanted:
            return release
    raise ValueError(f"torch {asked} was not run; expected one of {', '.join(recorded.releases)}")


def between(
    old: str, new: str, recorded: RecordedRuns, entries: Iterable[Mapping[str, Any]]
) -> Changes:
    """From one release that was run to another."""
    steps = [it for it in recorded.releases if age(old) <= age(it) <= age(new)]
    entries = [entry for entry in entries if not (entry.get("subject") or entry.get("unmeasured"))]
    has = {it: [entry for entry in entries if happens(entry, it, recorded)] for it in steps}
    compared = [it for it in RULES if tests(it, old, recorded) and tests(it, new, recorded)]
    came = _changed(has, steps, lambda entry, release: entry in has[release])
    went = _changed(has, steps, lambda entry, release: entry not in has[release])
    skipped, after = _gaps(steps)
    missing = {
        rule: tuple(it for it in (old, new) if not tests(rule, it, recorded))
        for rule in RULES
        if RULES[rule].covers(old)
    }
    exceptions = {rule: _exceptions(rule, old, new, recorded) for rule in compared}
    return Changes(
        old,
        new,
        compared=len(compared),
        regressed=_defects(came, new, compared, recorded)
        + _unexplained(came, new, old, compared, recorded),
        fixed=_defects(went, old, compared, recorded)
        + _unexplained(went, old, new, compared, recorded),
        documented=_merged(it for it in went if it[0].get("quote")),
        exceptions={rule: types for rule, types in exceptions.items() if types},
        begun=tuple(it for it in RULES if RULES[it].covers(new) and not RULES[it].covers(old)),
        not_run={rule: releases for rule, releases in missing.items() if releases},
        skipped=skipped,
        after=after,
    )


def tests(rule: str, release: str, recorded: RecordedRuns) -> Counter[str]:
    """How many tests of the rule came out how on that release; nothing if it was not run there."""
    return total(on_release(rule, release, recorded))


def total(entries: Iterable[Seen]) -> Counter[str]:
    """How many tests came out how."""
    counts: Counter[str] = Counter()
    for seen in entries:
        counts.update(seen.tests)
    return counts


def on_release(rule: str, release: str, recorded: RecordedRuns) -> list[Seen]:
    """What was seen of the rule on that release; machines that differ have an entry each."""
    return [
        seen for seen in recorded.seen(rule) if any(place.torch == release for place in seen.places)
    ]


def passed(rule: str, release: str, recorded: RecordedRuns) -> bool:
    """Whether the rule was run on that release and every test passed."""
    return {*tests(rule, release, recorded)} == {PASSED}


# --- Defects -------------------------------------------------------------------------------------

_Dated = tuple[Mapping[str, Any], str]
"""A known deviation, and the release with which it came or went."""


def happens(entry: Mapping[str, Any], release: str, recorded: RecordedRuns) -> bool:
    """Whether the release has the deviation, on a machine on which it was run."""
    first = age(entry["torch"].removeprefix(">="))
    if age(release) < first or ("fixed" in entry and age(release) >= age(entry["fixed"])):
        return False
    wanted = {f"{name}={str(value).lower()}" for name, value in entry.get("machine", {}).items()}
    return any(
        wanted <= {*run.facts.split()}
        and any(
            fnmatchcase(it, pattern) for it in run.devices for pattern in entry.get("devices", "*")
        )
        for run in recorded.runs
        if run.torch == release
    )


def _changed(
    has: Mapping[str, list[Mapping[str, Any]]],
    steps: list[str],
    as_now: Callable[[Mapping[str, Any], str], bool],
) -> list[_Dated]:
    """The entries that the newest of the releases has otherwise than the oldest, and since when."""
    old, new = steps[0], steps[-1]
    entries = [*has[old], *(entry for entry in has[new] if entry not in has[old])]
    return [
        (entry, next(it for it in steps if as_now(entry, it)))
        for entry in entries
        if as_now(entry, new) and not as_now(entry, old)
    ]


def _defects(
    changed: Iterable[_Dated], having: str, compared: list[str], recorded: RecordedRuns
) -> tuple[Defect, ...]:
    """What was seen on the release that has the deviations."""
    return _merged(
        (entry, release)
        for entry, release in changed
        if entry["rule"] in compared and not entry.get("quote")
        if _seen(entry, having, recorded)
    )


def _seen(entry: Mapping[str, Any], release: str, recorded: RecordedRuns) -> bool:
    """Whether a test of that rule failed there; of a refusal it is recorded by which deviation."""
    rule = entry["rule"]
    reasons = {it for seen in on_release(rule, release, recorded) for it in seen.instead}
    if reasons:
        return entry["reason"] in reasons
    return not passed(rule, release, recorded)


def _unexplained(
    changed: Iterable[_Dated], having: str, other: str, compared: list[str], recorded: RecordedRuns
) -> tuple[Defect, ...]:
    """The rules that passed on one release alone, and of which no known deviation says why."""
    explained = {entry["rule"] for entry, _ in changed}
    return tuple(
        Defect(rule, UNKNOWN, "", max(having, other, key=age))
        for rule in compared
        if rule not in explained
        if passed(rule, other, recorded) and not passed(rule, having, recorded)
    )


def _merged(changed: Iterable[_Dated]) -> tuple[Defect, ...]:
    """One for each defect, in the order of the rules."""
    reasons: dict[tuple[str, str, str, str], list[str]] = {}
    for entry, release in changed:
        reason, link = entry["reason"], entry.get("link", "")
        key = entry["rule"], release, known.defect(reason, link), link
        reasons.setdefault(key, []).append(reason)
    order = list(RULES)
    return tuple(
        Defect(rule, known.one_reason(reasons[rule, release, what, link]), link, release)
        for rule, release, what, link in sorted(
            reasons, key=lambda key: (order.index(key[0]), age(key[1]))
        )
    )


# --- What else differs ---------------------------------------------------------------------------


def _exceptions(
    rule: str, old: str, new: str, recorded: RecordedRuns
) -> dict[str, tuple[int, int]]:
    """The types of exceptions of which one is seen less often, and another more often."""
    before, after = Counter[str](), Counter[str]()
    for counts, release in ((before, old), (after, new)):
        for seen in on_release(rule, release, recorded):
            counts.update(seen.refused_by)
    names = sorted({*before, *after})
    changed = {it: (before[it], after[it]) for it in names if before[it] != after[it]}
    directions = {less < more for less, more in changed.values()}
    return changed if len(directions) == 2 else {}


def _gaps(steps: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The minor releases between those that were run, and the releases that follow such a gap."""
    skipped, after = [], []
    for before, release in itertools.pairwise(steps):
        (major, last), (next_major, next_minor) = age(before)[:2], age(release)[:2]
        missing = range(last + 1, next_minor) if major == next_major else range(0)
        skipped += [f"{major}.{minor}" for minor in missing]
        after += [release] * bool(missing)
    return tuple(skipped), tuple(after)
