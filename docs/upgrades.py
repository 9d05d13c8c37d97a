"""Make upgrades.md and upgrades.svg out of the reports of several torch releases, oldest first.

    python docs/upgrades.py reports/torch2.0.xml reports/torch2.3.xml ...

Each is what ``tox -e torch2.0`` and the like wrote; ``tox -e upgrades`` does this for all.
"""

from __future__ import annotations

import collections
import itertools
import sys
from pathlib import Path

import matplotlib as mpl
from figures import GREY, save

from rnn_contracts.citing.describe_runs import REFUSED_MEANS, is_refusal
from rnn_contracts.citing.escaping import in_markdown
from rnn_contracts.citing.tables import markdown_table
from rnn_contracts.results import diff, formats
from rnn_contracts.results.outcome import FAILED, KNOWN, PASSED
from rnn_contracts.results.recording import ACCEPTED, DIED, REFUSED, did_instead, release
from rnn_contracts.results.report import Report, read
from rnn_contracts.results.words import counted
from rnn_contracts.rules import RULES

DOCS = Path(__file__).parent
SHORT = {ACCEPTED: "accepted", DIED: "died", REFUSED: "refused this time"}
LEGEND = (
    "A known failure of a refusal need not mean that torch accepted a wrong call. Refused means: "
    f"{REFUSED_MEANS}. The table tells in how many tests torch *accepted* the call, *raised another "
    "type* of exception, which `rnn-contracts explain RULE` names, or *died*. Where torch reads memory "
    "that is not its own, it may do otherwise in the next run, and may have *refused this time*."
)
Counts = collections.Counter[str]


def by_rule(report: Report) -> dict[str, Counts]:
    """How many tests of each rule came out how."""
    counts: dict[str, Counts] = collections.defaultdict(collections.Counter)
    for test, outcome in report.results.items():
        counts[test.rule][outcome.state] += 1
    return counts


def state(counts: Counts | None) -> str:
    """What the table says of a rule in one release; what is slow is in the nightly run alone."""
    if not counts:
        return "not run"
    if counts[FAILED]:
        return f"**failed** in {counts[FAILED]} of {counts.total()}"
    return f"known failure in {counts[KNOWN]} of {counts.total()}" if counts[KNOWN] else "passed"


def did(report: Report, rule: str) -> str:
    """What torch did in the known failures of a refusal, and in how many tests."""
    known = [
        outcome
        for test, outcome in report.results.items()
        if test.rule == rule and outcome.state == KNOWN and is_refusal(rule)
    ]
    counts = collections.Counter(
        SHORT.get(way, "raised another type" if way.startswith("raised ") else way)
        for way in map(did_instead, known)
    )
    return ": " * bool(counts) + ", ".join(f"{counts[way]} {way}" for way in sorted(counts))


def table(reports: list[Report]) -> str:
    """Rule by release."""
    columns = [by_rule(report) for report in reports]
    rows = []
    for rule in RULES.values():
        states = [
            state(column.get(rule.id)) if rule.covers(report.torch) else "not covered"
            for column, report in zip(columns, reports, strict=True)
        ]
        ways = [did(report, rule.id) for report in reports]
        rows.append([f"`{rule.id}`", *map("".join, zip(states, ways, strict=True))])
    return markdown_table(["rule", *map(release, reports)], rows)


def step(old: Report, new: Report) -> list[str]:
    """What changed from one release to the next."""
    difference = diff.compare(old, new)
    lines = [f"### {release(old)} to {release(new)}", ""]
    lines += [f"- cannot be compared: {obstacle}" for obstacle in difference.obstacles]
    for name, verb in (("regressed", "regressed"), ("fixed", "was fixed"), ("new", "is new")):
        for (rule, reason, link), cells in formats.by_rule(difference.changes[name]).items():
            text = in_markdown(reason)
            what = f": [{text}]({link})" if link else f": {text}" * bool(reason)
            lines.append(f"- `{rule}` {verb} in {counted(len(cells), 'test')}{what}")
    for types, rules in formats.refused(difference):
        lines.append(f"- refused with another type, {types}: {rules}")
    return [*lines, *["- nothing"] * (len(lines) == 2), ""]


def picture(reports: list[Report], path: Path) -> str:
    """The share of the tests of each rule that fail, as a heat map; its text alternative."""
    import matplotlib.pyplot as plt

    columns = [by_rule(report) for report in reports]
    rules = [
        rule
        for rule in RULES
        if any(column[rule][PASSED] < column[rule].total() for column in columns)
    ]
    shares = [
        [1 - column[rule][PASSED] / column[rule].total() for column in columns] for rule in rules
    ]
    figure, axes = plt.subplots(figsize=(8, 0.32 * len(rules) + 0.9), layout="constrained")
    colours = mpl.colors.LinearSegmentedColormap.from_list(
        "shares", ["#2a9d8f", "#e9c46a", "#c8553d"]
    )
    axes.imshow(shares, cmap=colours, vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(reports)), [release(report) for report in reports], color=GREY)
    axes.set_yticks(range(len(rules)), rules, color=GREY)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xticks([number - 0.5 for number in range(1, len(reports))], minor=True)
    axes.set_yticks([number - 0.5 for number in range(1, len(rules))], minor=True)
    axes.grid(which="minor", color=GREY, linewidth=0.4)
    axes.tick_params(which="minor", length=0)
    for row, column in itertools.product(range(len(rules)), range(len(reports))):
        counts = columns[column][rules[row]]
        failing = counts.total() - counts[PASSED]
        text = f"{failing} of {counts.total()}" if failing else "passed"
        axes.text(column, row, text, ha="center", va="center", color="#111111", fontsize=8)
    alternative = (
        f"Heat map: {len(rules)} rules that some release fails, by release from "
        f"{release(reports[0])} to {release(reports[-1])}; each cell says in how many of the rule's "
        "tests. Every release that the other rules cover passes them."
    )
    save(figure, path, alternative)
    return alternative


def main(paths: list[str]) -> None:
    """Write both files."""
    reports = [read(Path(path)) for path in paths]
    alternative = picture(reports, DOCS / "upgrades.svg")
    lines = [
        "# What changed between releases of torch",
        "",
        "Made from the reports of real runs, never by hand:",
        "",
        "```console",
        "$ python -m tox -e torch2.0,torch2.3,torch2.6,torch2.9,torch2.13,torch2.14,torch2.15,upgrades",
        "```",
        "",
        f"![{alternative}](upgrades.svg)",
        "",
        LEGEND,
        "",
        "## Step by step",
        "",
        *itertools.chain.from_iterable(itertools.starmap(step, itertools.pairwise(reports))),
        "## Rule by rule",
        "",
        "Devices: "
        + ", ".join(sorted(reports[0].devices))
        + ". A failure is known where the release is known "
        "not to keep it; [`deviations.toml`](../rnn_contracts/deviations.toml) says why.",
        "",
        table(reports),
        "",
    ]
    (DOCS / "upgrades.md").write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
