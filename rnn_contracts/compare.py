"""Two JUnit reports of the suite compared: what an upgrade broke and what it mended.

A report is what ``pytest --junitxml`` writes; each test says in its properties which rule it checks,
on which torch and device, and what came of it.
"""

from __future__ import annotations

import collections
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rnn_contracts import machine
from rnn_contracts.citing.escaping import in_markdown
from rnn_contracts.rules import RULES

HELD, DEVIATES, BROKEN, NOT_CHECKED = "held", "deviates", "broken", "not checked"
NOT_SUPPORTED = "not supported"


@dataclass(frozen=True)
class Result:
    """What came of one test: ``outcome``, links by what is known, and the types of refusals."""

    outcome: str
    known: Mapping[str, str] = field(default_factory=dict)
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """The results of a run, by rule and by cell (what the test's id says in brackets).

    ``subjects`` are what stood in the place of torch's own layers. ``machine`` has the values of each
    fact: one, unless the report is merged from those of several machines.
    """

    torch: str
    devices: frozenset[str]
    subjects: frozenset[str]
    machine: Mapping[str, frozenset[str]]
    results: dict[tuple[str, str], Result]


def read(path: Path) -> Report:
    """The report in the file; ``ValueError`` says in one line why it is none."""
    # Here, so that the rules can be had without it.
    from defusedxml import DefusedXmlException, ElementTree

    try:
        cases = [*ElementTree.parse(path).iter("testcase")]
    except (
        OSError, ElementTree.ParseError, DefusedXmlException, LookupError, ValueError
    ) as error:  # fmt: skip
        raise ValueError(f"{path}: cannot be read as XML: {error}") from None
    results: dict[tuple[str, str], Result] = {}
    found: dict[str, set[str]] = {
        "torch": set(),
        "device": set(),
        "subject": set(),
        "machine": set(),
    }
    for case in cases:
        values: dict[str, list[str]] = collections.defaultdict(list)
        for it in case.iter("property"):
            values[it.get("name", "")].append(" ".join(it.get("value", "").split()))
        for name in found:
            found[name].update(values[name])
        name = " ".join(case.get("name", "").split())
        cell = name.partition("[")[2].removesuffix("]")
        failed = case.find("failure") is not None or case.find("error") is not None
        skipped = case.find("skipped") is not None
        if values["stale"]:
            # What was known no longer happens: the test fails, and the rule holds.
            outcome = HELD
        elif failed:
            outcome = BROKEN if values["broken"] else NOT_CHECKED
        elif values["deviation"]:
            outcome = DEVIATES
        elif skipped and values["unsupported"]:
            outcome = NOT_SUPPORTED
        else:
            outcome = NOT_CHECKED if skipped else HELD
        links = [
            link if re.fullmatch(r"https://[^\s()<>|]+", link) else "" for link in values["link"]
        ]
        for rule in values["rule"]:
            known = [text.removeprefix(f"{rule}: ") for text in values["deviation"]]
            known_links = dict(itertools.zip_longest(known, links[: len(known)], fillvalue=""))
            results[rule, cell] = Result(outcome, known_links, tuple(values["refusal"]))
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


@dataclass
class Difference:
    """What changed from one report to another.

    Each change has the new result by rule and cell, or the old one of what is mended or gone.
    """

    old: Report
    new: Report
    obstacles: list[str] = field(default_factory=list)
    """Why the reports cannot be compared, or not wholly."""
    changes: dict[str, dict[tuple[str, str], Result]] = field(default_factory=dict)
    """By heading: ``broke``, ``mended``, ``new``, ``gone``, ``still broken``, ``still deviates``."""
    refusals: dict[tuple[str, str], collections.Counter[str]] = field(default_factory=dict)
    """Refusals of another type than before, by both types: how many tests of which rules."""

    @property
    def exit_code(self) -> int:
        """2 if the reports cannot be compared, 1 if anything broke, otherwise 0."""
        new = self.changes["new"].values()
        broke = self.changes["broke"] or any(result.outcome == BROKEN for result in new)
        return 2 if self.obstacles else int(bool(broke))


def compare(old: Report, new: Report) -> Difference:
    """Hold the new report against the old one, test by test."""
    difference = Difference(old, new, list(_obstacles(old, new)))
    changes: dict[str, dict[tuple[str, str], Result]] = {
        name: {} for name in ("broke", "mended", "new", "gone", "still broken", "still deviates")
    }
    for test in sorted({*old.results, *new.results}):
        before, after = old.results.get(test), new.results.get(test)
        if after is None:
            changes["gone"][test] = old.results[test]
        elif before is None:
            changes["new"][test] = after
        elif NOT_CHECKED in (before.outcome, after.outcome):
            # An obstacle.
            continue
        elif before.outcome == after.outcome == DEVIATES:
            # It may deviate in several ways.
            for name, one, other in (("broke", after, before), ("mended", before, after)):
                known = {why: link for why, link in one.known.items() if why not in other.known}
                if known:
                    changes[name][test] = Result(DEVIATES, known)
            if before.known.keys() & after.known.keys():
                changes["still deviates"][test] = after
        elif before.outcome == after.outcome:
            if after.outcome == BROKEN:
                changes["still broken"][test] = after
            elif before.refusals != after.refusals:
                types = ", ".join(before.refusals), ", ".join(after.refusals)
                difference.refusals.setdefault(types, collections.Counter())[test[0]] += 1
        else:
            worse = after.outcome == BROKEN or before.outcome == HELD
            if NOT_SUPPORTED in (before.outcome, after.outcome):
                # What can be done now, and was not tried before, may be right or wrong.
                worse = after.outcome == BROKEN or after.outcome == NOT_SUPPORTED
            changes["broke" if worse else "mended"][test] = after if worse else before
    difference.changes = changes
    return difference


def _obstacles(old: Report, new: Report) -> Iterator[str]:
    if old.devices != new.devices:
        names = (", ".join(sorted(report.devices)) for report in (old, new))
        yield "devices differ: {} in the old report, {} in the new".format(*names)
    if old.subjects != new.subjects:
        names = (", ".join(sorted(it.subjects)) or "torch's own" for it in (old, new))
        yield "layers differ: {} in the old report, {} in the new".format(*names)
    for fact in machine.PROBES:
        before, after = (" and ".join(sorted(it.machine.get(fact, ()))) for it in (old, new))
        if before != after:
            yield (
                f"machines differ, and a known deviation may depend on it: {fact} is "
                f"{before or 'not told'} in the old report, {after or 'not told'} in the new"
            )
    for report, other, name in ((old, new, "old"), (new, old, "new")):
        unchecked = collections.Counter(
            rule for (rule, _), result in report.results.items() if result.outcome == NOT_CHECKED
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
    """Whether the rule is promised of the other release and not of this."""
    known = RULES.get(rule)
    return known is not None and not known.promised(release) and known.promised(other)


def counted(count: int, name: str) -> str:
    """``1 rule``, ``2 rules``."""
    return f"{count} {name}{'s' * (count != 1)}"


# --- Rendering -----------------------------------------------------------------------------------

_HEADINGS = {
    "broke": "Broke",
    "mended": "Mended",
    "new": "New: not checked on the old torch",
    "gone": "Gone: not checked on the new torch",
    "still broken": "Broken, as before",
}


def by_rule(tests: dict[tuple[str, str], Result]) -> dict[tuple[str, str, str], list[str]]:
    """The cells by rule, by what came of it, and by the link of what is known."""
    rules: dict[tuple[str, str, str], list[str]] = {}
    for (rule, cell), result in tests.items():
        known = result.known or {"": ""}
        if result.outcome in (BROKEN, NOT_SUPPORTED):
            known = {result.outcome: ""}
        for state, link in known.items():
            rules.setdefault((rule, state, link), []).append(cell)
    return rules


def _title(difference: Difference) -> str:
    old, new = difference.old, difference.new
    both = old.results.keys() & new.results.keys()
    rules = {rule for rule, _ in both}
    devices = ", ".join(sorted(old.devices & new.devices))
    compared = f"{counted(len(rules), 'rule')}, {counted(len(both), 'test')} on {devices}"
    layers = "".join(f", {subject}" for subject in sorted(new.subjects))
    return f"torch {old.torch} -> {new.torch}{layers}: {compared}"


def _verdict(difference: Difference) -> str:
    if difference.obstacles:
        return "These reports cannot be compared."
    return "Something broke." if difference.exit_code else "Nothing broke."


def _some(cells: list[str], most: int) -> Iterator[str]:
    yield from cells[:most]
    if len(cells) > most:
        yield f"and {len(cells) - most} more"


def refused(difference: Difference) -> Iterable[tuple[str, str]]:
    """What was refused with another type: both types, and the rules with their numbers of tests."""
    for (before, after), rules in sorted(difference.refusals.items()):
        counts = ", ".join(f"{rule} ({count})" for rule, count in sorted(rules.items()))
        yield f"{before} -> {after}", counts


def as_text(difference: Difference) -> str:
    """For a terminal."""
    lines = [_title(difference)]
    lines += [f"cannot be compared: {obstacle}" for obstacle in difference.obstacles]
    for name, heading in _HEADINGS.items():
        tests = difference.changes[name]
        if tests:
            lines += ["", f"{heading}: {counted(len(tests), 'test')}"]
        for (rule, state, link), cells in by_rule(tests).items():
            lines.append(f"  {rule}" + f": {state}" * bool(state))
            lines += [f"    {link}"] * bool(link)
            lines += [f"    {cell}" for cell in _some(cells, 5)]
    if difference.refusals:
        lines += ["", "Refused with another type, which breaks no rule"]
        lines += [f"  {types}: {rules}" for types, rules in refused(difference)]
    still = difference.changes["still deviates"]
    lines += ["", f"Deviates, as before: {counted(len(still), 'test')}"] * bool(still)
    return "\n".join([*lines, "", _verdict(difference)])


def as_markdown(difference: Difference) -> str:
    """For a pull request or a job summary."""
    lines = [f"### {in_markdown(_title(difference))}", "", f"**{_verdict(difference)}**", ""]
    lines += [f"- cannot be compared: {in_markdown(obstacle)}" for obstacle in difference.obstacles]
    for name, heading in _HEADINGS.items():
        tests = difference.changes[name]
        if tests:
            lines += ["", f"#### {heading}", "", "| rule | what | tests |", "|---|---|---|"]
        for (rule, state, link), cells in by_rule(tests).items():
            what = (
                f"[{in_markdown(state or 'held')}]({link})"
                if link
                else in_markdown(state or "held")
            )
            shown = ", ".join(f"`{_coded(cell)}`" for cell in cells[:3])
            more = f" and {len(cells) - 3} more" * (len(cells) > 3)
            lines.append(f"| `{_coded(rule)}` | {what} | {len(cells)}: {shown}{more} |")
    if difference.refusals:
        lines += ["", "#### Refused with another type, which breaks no rule", ""]
        lines += [f"- {in_markdown(f'{types}: {rules}')}" for types, rules in refused(difference)]
    still = difference.changes["still deviates"]
    lines += ["", f"Deviates, as before: {counted(len(still), 'test')}."] * bool(still)
    return "\n".join(lines)


def _coded(text: str) -> str:
    """Text that stays within its backticks and its cell of a table."""
    return text.replace("|", r"\|").replace("`", "'")


def as_json(difference: Difference) -> str:
    """For machines."""
    return json.dumps(
        {
            **{
                name: {
                    "torch": report.torch,
                    "devices": sorted(report.devices),
                    "subjects": sorted(report.subjects),
                    "machine": {name: sorted(values) for name, values in report.machine.items()},
                }
                for name, report in (("old", difference.old), ("new", difference.new))
            },
            "exit_code": difference.exit_code,
            "obstacles": difference.obstacles,
            **{
                name.replace(" ", "_"): [
                    {
                        "rule": rule,
                        "cell": cell,
                        "outcome": result.outcome,
                        "known": dict(result.known),
                    }
                    for (rule, cell), result in tests.items()
                ]
                for name, tests in difference.changes.items()
            },
            "refused_otherwise": [
                {"old": before, "new": after, "tests": dict(sorted(rules.items()))}
                for (before, after), rules in sorted(difference.refusals.items())
            ],
        },
        indent=2,
    )


FORMATS = {"text": as_text, "markdown": as_markdown, "json": as_json}
