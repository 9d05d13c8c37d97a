"""Describe one rule: its shapes, torch's own words, known deviations, and the test that checks it."""

from __future__ import annotations

from typing import Any

from rnn_contracts.citing import describe_runs, known
from rnn_contracts.citing.citations import address
from rnn_contracts.citing.tables import columns
from rnn_contracts.citing.torch_words import in_plain_text
from rnn_contracts.rules import Rule
from rnn_contracts.sources.titles import TITLES

ISSUES = "https://github.com/pytorch/pytorch/issues/"


def describe(rule: Rule) -> str:
    """Return all that is known of the rule as text."""
    runs = describe_runs.of_rule(rule)
    facts = {
        "of": [f"{rule.family} of {', '.join(rule.layers or rule.about)}"],
        "shape": columns(
            [(f"{name} is {as_tuple(shape)}", layout) for name, layout, shape in shape_rows(rule)]
        ),
        "when" if rule.family == "refusal" else "holds": [rule.condition] if rule.condition else [],
        "where": columns(list(rule.symbols.items())),
        "domain": [rule.where, *(["not on meta, which has no numbers"] if rule.values else [])],
        "in Python": columns([(code, case) for case, code in rule.recipes.items()]),
        "refused means": runs["refused means"],
        "basis": runs["basis"],
        "since": [f"torch {rule.since}"],
        "source": [rule.source],
        "quote": [f"{classes}: {in_plain_text(quote)}" for classes, quote in quotes(rule)],
        "pitfalls": columns([(link, title) for title, link in pitfalls(rule)]),
        "refused by": runs["refused by"],
        "instead": runs["instead"],
        "deviations": deviations(rule),
        "recorded": runs["recorded"],
        "checked by": [rule.test],
        "to check": [command(rule)],
        "page": [address(rule)],
    }
    rows = [
        ("" if number else name, line)
        for name, lines in facts.items()
        for number, line in enumerate(lines)
    ]
    return "\n".join([rule.id, rule.says, "", *columns(rows)])


def as_tuple(shape: str) -> str:
    """Write a symbolic shape as Python writes a shape.

    >>> as_tuple("L N D*H_out"), as_tuple("H_in")
    ('(L, N, D*H_out)', '(H_in,)')
    """
    axes = shape.split()
    return f"({axes[0]},)" if len(axes) == 1 else f"({', '.join(axes)})"


def shape_rows(rule: Rule) -> list[tuple[str, str, str]]:
    """Return tensor, layout and symbolic shape, for each tensor and layout of the rule."""
    return [
        (as_attribute(name, layout), layout, shape)
        for name in rule.tensors
        for layout, shape in rule.shapes.items()
    ]


def as_attribute(tensor: str, layout: str) -> str:
    """Write what has the shape of a tensor: a packed sequence has none, but its ``data`` has.

    >>> as_attribute("output", "packed"), as_attribute("h_n", "packed")
    ('output.data', 'h_n')
    """
    return f"{tensor}.data" if layout == "packed" and tensor in ("input", "output") else tensor


def quotes(rule: Rule) -> list[tuple[str, str]]:
    """Return each sentence of torch's documentation, after the classes that it is about."""
    classes: dict[str, list[str]] = {}
    for name, quote in rule.quote.items():
        classes.setdefault(quote, []).append(name)
    return [(", ".join(names), quote) for quote, names in classes.items()]


def pitfalls(rule: Rule) -> list[tuple[str, str]]:
    """Return title and address of issues of people who did not expect what the rule says."""
    links = [issue.replace("#", ISSUES) for issue in rule.pitfalls]
    return [(title(link), link) for link in links]


def title(link: str) -> str:
    """Return the title of an issue or pull request of pytorch, or its number if that is not known.

    >>> title("https://github.com/pytorch/pytorch/issues/114617")
    'RNN argument order'
    >>> title("https://github.com/intel/torch-xpu-ops/issues/4066")
    'intel/torch-xpu-ops#4066'
    """
    *_, owner, project, _, number = link.split("/")
    known_title = TITLES.get(f"#{number}") if (owner, project) == ("pytorch", "pytorch") else None
    return known_title or f"{owner}/{project}#{number}"


def command(rule: Rule) -> str:
    """Return the command that checks this rule alone."""
    # Slow tests are deselected unless the expression names them.
    asked = f"{rule.marker} and " if rule.marker else ""
    return f"rnn-contracts check -m \"{asked}rule(id='{rule.id}')\""


# --- Known deviations ----------------------------------------------------------------------------


def deviations(rule: Rule) -> list[str]:
    """Return a line for each known deviation of torch from the rule."""
    try:
        entries = [entry for entry in known.entries() if entry["rule"] == rule.id]
    except ValueError as error:
        return [str(error)]
    lines = [
        _deviation_line(entry, describe_runs.done_instead(entry["reason"], rule))
        for entry in entries
    ]
    # Entries that differ in what a call must be like read alike.
    return [*dict.fromkeys(lines)] or ["none known"]


def _deviation_line(entry: dict[str, Any], done: list[str]) -> str:
    """Return the reason, what torch did, where it holds, and where that can be looked up."""
    where = [f"torch {entry['torch']}"]
    if "fixed" in entry:
        where.append(f"fixed in {entry['fixed']}")
    if "devices" in entry:
        where.append(f"on {' and '.join(entry['devices'])}")
    where += [f"{fact} = {str(value).lower()}" for fact, value in entry.get("machine", {}).items()]
    classes = f"; {', '.join(entry['kinds'])}" if "kinds" in entry else ""
    classes += "; read, not measured" if entry.get("unmeasured") else ""
    did = f" [{', '.join(done)}]" if done else ""
    seen = entry.get("link") or entry["measured"]
    return f"{entry['reason']}{did} ({', '.join(where)}{classes}): {seen}"
