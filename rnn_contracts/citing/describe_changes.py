"""Tell a reader what changed between two releases of torch: in three lines, and then by rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rnn_contracts.citing import changes, recorded_runs
from rnn_contracts.citing.changes import Changes, Defect
from rnn_contracts.citing.recorded_runs import RecordedRuns
from rnn_contracts.rules import FAMILIES, RULES

FEW = 2
"""Of so many rules that regressed the first lines tell the reason too."""


@dataclass(frozen=True)
class Markup:
    """How the id of a rule is written, and a reason that has a link or none."""

    rule: Callable[[str], str]
    reason: Callable[[str, str], str]


PLAIN = Markup(str, lambda text, link: f"{text}: {link}" if link else text)
SHORT = Markup(str, lambda text, _: text)


Lines = list[tuple[str, list[str]]]
"""Lines, each with those that belong to it."""


def in_words(old: str, new: str) -> str:
    """Return what ``rnn-contracts changes OLD NEW`` prints; ``ValueError`` if one was not run."""
    recorded = recorded_runs.of_package()
    found = changes.of_package(old, new)
    lines = [title(found), "", *summary(found, SHORT)]
    for heading, told in sections(found, recorded, PLAIN).items():
        lines += ["", heading]
        for line, details in told:
            lines += [f"  {line}", *(f"    {detail}" for detail in details)]
    lines += ["", *notes] if (notes := limits(found, recorded)) else []
    return "\n".join(lines)


def title(found: Changes) -> str:
    """The two releases, and how many rules say something of the change."""
    return f"torch {found.old} to {found.new}: {found.compared} rules were run on both"


def summary(found: Changes, markup: Markup) -> list[str]:
    """What to know first: which families of rules did not regress, what regressed, what was fixed."""
    worse = [*dict.fromkeys(it.rule for it in found.regressed)]
    better = [*dict.fromkeys(it.rule for it in found.fixed)]
    regressed = {RULES[rule].family for rule in worse}
    good = [family for family in FAMILIES if family not in regressed]
    lines = []
    if not worse:
        lines.append("No rule regressed.")
    elif good:
        lines.append(f"No {_listed(good, 'or')} rule regressed.")
    if worse:
        told = [f"{markup.rule(it.rule)} ({_since(it, markup)})" for it in found.regressed]
        few = len(told) <= FEW
        lines.append(f"Regressed: {', '.join(told if few else map(markup.rule, worse))}.")
    fixed = f"Fixed: {', '.join(map(markup.rule, better))}." if better else "No rule was fixed."
    return [*lines, fixed]


def sections(found: Changes, recorded: RecordedRuns, markup: Markup) -> dict[str, Lines]:
    """All that differs, under a heading each."""
    old, new = found.old, found.new
    missing: dict[tuple[str, ...], list[str]] = {}
    for rule, releases in found.not_run.items():
        missing.setdefault(releases, []).append(markup.rule(rule))
    told: dict[str, Lines] = {
        "Regressed": _by_rule(found.regressed, found, recorded, markup, _since),
        "Fixed": _by_rule(found.fixed, found, recorded, markup, _fixed),
        "Fixed in torch's documentation": [
            (f"{markup.rule(it.rule)}: {_fixed(it, markup)}", []) for it in found.documented
        ],
        "Wrong calls raise another exception, which breaks no rule": [
            (f"{markup.rule(rule)}: {_exceptions(types)}", [])
            for rule, types in found.exceptions.items()
        ],
        f"Not compared, since these rules do not apply to {old}": [
            (f"{markup.rule(rule)}: {outcome(rule, new, recorded)} on {new}", [])
            for rule in found.begun
        ],
        "Not compared, since these rules were not run on both": [
            (f"not run on {_listed(releases, 'and')}: {', '.join(rules)}", [])
            for releases, rules in missing.items()
        ],
    }
    return {heading: lines for heading, lines in told.items() if lines}


def limits(found: Changes, recorded: RecordedRuns) -> list[str]:
    """What these runs cannot tell: of releases that were not run, and of another machine."""
    notes = []
    if found.skipped:
        were = "were" if len(found.skipped) > 1 else "was"
        notes.append(
            f"{_listed(found.skipped, 'and')} {were} not run, so that a change said of "
            f"{_listed(found.after, 'or')} may be older."
        )
    before, after = (
        _listed([place.machine for place in recorded.places if place.torch == release], "and")
        for release in (found.old, found.new)
    )
    if before != after:
        notes.append(
            f"{found.old} was run on {before}, and {found.new} on {after}, so that a change may be one "
            "of the machine."
        )
    return notes


def outcome(rule: str, release: str, recorded: RecordedRuns) -> str:
    """What came of the rule on that release: passed, known failure in how many tests, or not run."""
    return outcome_of(rule, release, changes.tests(rule, release, recorded))


def outcome_of(rule: str, release: str, tests: Counter[str]) -> str:
    """What came of the rule on that release, of which so many tests came out how."""
    if not RULES[rule].covers(release):
        return f"does not apply before {RULES[rule].since}"
    others = {state: count for state, count in sorted(tests.items()) if state != changes.PASSED}
    if not others:
        return changes.PASSED if tests else "not run"
    total = sum(tests.values())
    return ", ".join(f"{state} in {count} of {total} tests" for state, count in others.items())


def _by_rule(
    defects: Iterable[Defect],
    found: Changes,
    recorded: RecordedRuns,
    markup: Markup,
    tell: Callable[[Defect, Markup], str],
) -> Lines:
    """For each rule what came of it on both releases, and a line for each defect."""
    told: dict[str, list[str]] = {}
    for it in defects:
        told.setdefault(it.rule, []).append(tell(it, markup))
    return [
        (
            f"{markup.rule(rule)}: {outcome(rule, found.old, recorded)} on {found.old}, "
            f"{outcome(rule, found.new, recorded)} on {found.new}",
            lines,
        )
        for rule, lines in told.items()
    ]


def _since(defect: Defect, markup: Markup) -> str:
    return f"since {defect.release}: {markup.reason(defect.reason, defect.link)}"


def _fixed(defect: Defect, markup: Markup) -> str:
    return f"fixed in {defect.release}: {markup.reason(defect.reason, defect.link)}"


def _exceptions(types: Mapping[str, tuple[int, int]]) -> str:
    """``RuntimeError in 18 tests, then in 12; ValueError in 24 tests, then in 36``."""
    return "; ".join(
        f"{name} in {before} tests, then in {after}" for name, (before, after) in types.items()
    )


def _listed(names: Sequence[str], last: str) -> str:
    """``a, b or c``."""
    *others, final = names
    return f"{', '.join(others)} {last} {final}" if others else final
