"""A comparison of two reports as text, Markdown or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from rnn_contracts.citing.escaping import in_markdown
from rnn_contracts.citing.known import defect, one_reason
from rnn_contracts.results.diff import Difference
from rnn_contracts.results.outcome import DIFFERS, FAILED, NOT_SUPPORTED, PASSED, Outcome
from rnn_contracts.results.report import Report, Test
from rnn_contracts.results.words import counted

_HEADINGS = {
    "regressed": "Regressed",
    "fixed": "Fixed",
    "new": "New: not checked on the old torch",
    "gone": "Gone: not checked on the new torch",
    "still failing": "Failed, as before",
}


def by_rule(tests: Mapping[Test, Outcome]) -> dict[tuple[str, str, str], list[str]]:
    """The names of tests by rule, by what came of them, and by the link of what is known.

    Failures that are known by one upstream issue, or by reasons that differ in the dtype alone, are one.
    """
    rules: dict[tuple[str, str, str], list[str]] = {}
    reasons: dict[tuple[str, str, str], dict[str, None]] = {}
    for test, outcome in tests.items():
        known: Mapping[str, str] = outcome.known or {"": ""}
        if outcome.state in (FAILED, DIFFERS, NOT_SUPPORTED):
            known = {outcome.state: ""}
        for reason, link in known.items():
            what = reason.removeprefix(f"{test.rule}: ")
            key = test.rule, defect(what, link), link
            reasons.setdefault(key, {})[what] = None
            names = rules.setdefault(key, [])
            if str(test) not in names:
                names.append(str(test))
    return {
        (rule, one_reason(reasons[rule, key, link]), link): names
        for (rule, key, link), names in rules.items()
    }


def refused(difference: Difference) -> Iterable[tuple[str, str]]:
    """What was refused with another type: both types, and the rules with their numbers of tests."""
    for (before, after), rules in sorted(difference.refusals.items()):
        counts = ", ".join(f"{rule} ({count})" for rule, count in sorted(rules.items()))
        yield f"{before} -> {after}", counts


def as_text(difference: Difference) -> str:
    """For a terminal."""
    lines = [_title(difference)]
    lines += [f"cannot be compared: {obstacle}" for obstacle in difference.obstacles]
    lines += _twice(difference)
    for name, heading in _HEADINGS.items():
        tests = difference.changes[name]
        if tests:
            lines += ["", f"{_of_devices(heading, difference)}: {counted(len(tests), 'test')}"]
        for (rule, what, link), names in by_rule(tests).items():
            lines.append(f"  {rule}: {what}" if what else f"  {rule}")
            if link:
                lines.append(f"    {link}")
            lines += [f"    {name}" for name in names[:5]]
            if len(names) > 5:
                lines.append(f"    and {len(names) - 5} more")
    if difference.refusals:
        lines += ["", "Refused with another type, which breaks no rule"]
        lines += [f"  {types}: {rules}" for types, rules in refused(difference)]
    if still := difference.changes["still known"]:
        lines += ["", f"Known failures, as before: {counted(len(still), 'test')}"]
    return "\n".join([*lines, "", _verdict(difference)])


def as_markdown(difference: Difference) -> str:
    """For a pull request or a job summary."""
    lines = [f"### {in_markdown(_title(difference))}", "", f"**{_verdict(difference)}**", ""]
    lines += [f"- cannot be compared: {in_markdown(obstacle)}" for obstacle in difference.obstacles]
    lines += [f"- {line}" for line in _twice(difference)]
    for name, heading in _HEADINGS.items():
        tests = difference.changes[name]
        if tests:
            shown = _of_devices(heading, difference)
            lines += ["", f"#### {shown}", "", "| rule | what | tests |", "|---|---|---|"]
        for (rule, what, link), names in by_rule(tests).items():
            text = in_markdown(what or PASSED)
            linked = f"[{text}]({link})" if link else text
            shown = ", ".join(f"`{_as_code(name)}`" for name in names[:3])
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            lines.append(f"| `{_as_code(rule)}` | {linked} | {len(names)}: {shown}{more} |")
    if difference.refusals:
        lines += ["", "#### Refused with another type, which breaks no rule", ""]
        lines += [f"- {in_markdown(f'{types}: {rules}')}" for types, rules in refused(difference)]
    if still := difference.changes["still known"]:
        lines += ["", f"Known failures, as before: {counted(len(still), 'test')}."]
    return "\n".join(lines)


def as_json(difference: Difference) -> str:
    """For machines."""
    data = {
        "old": _report_as_data(difference.old),
        "new": _report_as_data(difference.new),
        "exit_code": difference.exit_code,
        "obstacles": difference.obstacles,
        **{
            name.replace(" ", "_"): [
                {
                    "rule": test.rule,
                    "test": test.name,
                    **{name: getattr(test, name) for name in _WHERE if getattr(test, name)},
                    "outcome": outcome.state,
                    "known": dict(outcome.known),
                }
                for test, outcome in tests.items()
            ]
            for name, tests in difference.changes.items()
        },
        "refused_otherwise": [
            {"old": before, "new": after, "tests": dict(sorted(rules.items()))}
            for (before, after), rules in sorted(difference.refusals.items())
        ],
    }
    return json.dumps(data, indent=2)


_WHERE = ("subject", "function", "machine")

FORMATS = {"text": as_text, "markdown": as_markdown, "json": as_json}


def _title(difference: Difference) -> str:
    old, new = difference.old, difference.new
    both = [test for test in old.results.keys() & new.results.keys() if test.rule]
    rules = {test.rule for test in both if test.rule}
    compared = f"{counted(len(rules), 'rule')}, {counted(len(both), 'test')}"
    layers = "".join(f", {subject}" for subject in sorted(new.subjects))
    if old.device:
        before, after = (f"torch {it.torch} on {it.device}" for it in (old, new))
        return f"{before} -> {after}{layers}: {compared}"
    devices = ", ".join(sorted(old.devices & new.devices))
    return f"torch {old.torch} -> {new.torch}{layers}: {compared} on {devices}"


def _of_devices(heading: str, difference: Difference) -> str:
    """The heading, which names the devices where these are compared."""
    for torch, report in (("the old torch", difference.old), ("the new torch", difference.new)):
        heading = heading.replace(torch, report.device or torch)
    return heading


def _verdict(difference: Difference) -> str:
    if difference.obstacles:
        return "These reports cannot be compared."
    return "Something regressed." if difference.exit_code else "Nothing regressed."


def _twice(difference: Difference) -> list[str]:
    """Merged reports may have a test more than once, which is no obstacle if they agree."""
    return [
        f"{counted(len(report.twice), 'test')} there more than once in the {name} report, "
        "each time with the same outcome"
        for report, name in ((difference.old, "old"), (difference.new, "new"))
        if report.twice
    ]


def _as_code(text: str) -> str:
    """Text that stays within its backticks and its cell of a table."""
    return text.replace("|", r"\|").replace("`", "'")


def _report_as_data(report: Report) -> dict[str, object]:
    return {
        "torch": report.torch,
        "devices": sorted(report.devices),
        "subjects": sorted(report.subjects),
        "machine": {name: sorted(values) for name, values in report.machine.items()},
    }
