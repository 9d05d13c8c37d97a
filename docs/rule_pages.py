"""Make the page of a rule, with all that is known of it."""

from __future__ import annotations

from markup import bullets, capitalised, fenced, linked

from rnn_contracts import Layer, Rule, shapes
from rnn_contracts.citing import describe_rule, describe_runs
from rnn_contracts.citing.citations import CITATIONS
from rnn_contracts.citing.escaping import in_markdown
from rnn_contracts.citing.tables import markdown_table
from rnn_contracts.contracts import TENSORS
from rnn_contracts.layer import CELLS

TESTS = (
    "Each test tries one kind of wrong call on one class. A range of releases stands for those in it "
    "that were run."
)

PICTURED_LAWS = ("final-hidden-is-last-output", "directions-concatenate", "hidden-layout")
"""The laws that say where the numbers of a picture are."""


def rule_page(rule: Rule) -> str:
    """Return the page of a rule, with all that is known of it."""
    runs = describe_runs.of_rule(rule)
    parts = [
        *what_it_says(rule, runs),
        *shapes_and_condition(rule),
        *in_python(rule),
        *pictures(rule),
        *what_torch_says(rule),
        *pitfalls(rule),
        *how_it_is_refused(runs),
        *where_it_was_run(rule, runs),
        *how_it_is_checked(rule),
        *citations(rule),
    ]
    return "\n\n".join(parts) + "\n"


def what_it_says(rule: Rule, runs: describe_runs.Lines) -> list[str]:
    """Return the label, the title, the sentence, and where it holds."""
    return [
        f"(rnn-rule-{rule.id})=\n# {rule.id}",
        f"**{in_markdown(rule.says)}.**",
        f"Family: {rule.family}. About {', '.join(f'`{name}`' for name in rule.about)}. "
        f"Checked from torch {rule.since} on.",
        f"Where it holds: {in_markdown(rule.where)}."
        + (" Not on the meta device, which has no numbers." if rule.values else ""),
        f"{in_markdown(capitalised(runs['basis'][0]))}.",
    ]


def shapes_and_condition(rule: Rule) -> list[str]:
    """Return the table of shapes, and the condition with its symbols."""
    parts = []
    if rule.shapes:
        rows = [
            [f"`{name}`", layout, f"`{describe_rule.as_tuple(shape)}`"]
            for name, layout, shape in describe_rule.shape_rows(rule)
        ]
        parts.append(markdown_table(["tensor", "layout", "shape"], rows))
    if rule.condition:
        parts.append(fenced("text", rule.condition))
        parts.append(
            bullets(f"`{name}`: {in_markdown(text)}" for name, text in rule.symbols.items())
        )
    return parts


def in_python(rule: Rule) -> list[str]:
    """Return the lines of Python that get what people want of the rule."""
    if not rule.recipes:
        return []
    rows = [[in_markdown(case), f"`{code}`"] for case, code in rule.recipes.items()]
    return ["## In Python", markdown_table(["case", "code"], rows)]


def pictures(rule: Rule) -> list[str]:
    """Return the picture of a rule about shapes, or of a law that says where its numbers are."""
    if rule.family == "shape":
        return ["## Picture", "Highlighted: what the rule speaks of.", rule_picture(rule)]
    return ["## Picture", rule_picture(rule)] if rule.id in PICTURED_LAWS else []


def what_torch_says(rule: Rule) -> list[str]:
    """Return torch's own words, if it has any, and the page."""
    quotes = describe_rule.quotes(rule)
    if not quotes:
        return [f"Torch writes of the subject on <{rule.source}>"]
    parts = ["## What torch says"]
    for classes, quote in quotes:
        parts += [f"Of {classes}:", fenced("none", quote)]
    return [*parts, f"Source: <{rule.source}>"]


def rule_picture(rule: Rule) -> str:
    """Return the picture of a layer that the rule is about. Its sizes all differ."""
    kind = rule.layers[-1] if rule.layers == CELLS else rule.layers[0]
    if kind in CELLS:
        call = shapes(Layer(kind, 5, 8), (2, 5))
    else:
        proj_size = 7 if kind == "LSTM" else 0
        layer = Layer(
            kind,
            5,
            8,
            num_layers=2,
            batch_first=True,
            bidirectional=True,
            proj_size=proj_size,
        )
        lengths = (3, 2) if [*rule.shapes] == ["packed"] else None
        sizes = {"batch-first-ignored-unbatched": (3, 5), "empty-batch-allowed": (0, 3, 5)}
        shape = (5, 5) if lengths else sizes.get(rule.id, (2, 3, 5))
        call = shapes(layer, shape, lengths)
    svg = call.svg(rule.tensors or TENSORS)
    return fenced("{raw} html", f"<p><code>{call.layer}</code></p>\n{svg}")


def how_it_is_refused(runs: describe_runs.Lines) -> list[str]:
    """Return what refused means, what torch raises, and what it does where it deviates."""
    headings = {
        "refused means": "Refused means:",
        "refused by": "Torch refuses by:",
        "instead": "Where a deviation is known, torch did this instead:",
    }
    shown = {name: heading for name, heading in headings.items() if runs[name]}
    parts = ["## How it is refused"] if shown else []
    for name, heading in shown.items():
        parts += [heading, bullets(map(in_markdown, runs[name]))]
    return [*parts, TESTS] if shown else []


def pitfalls(rule: Rule) -> list[str]:
    """Return the issues of people who did not expect what the rule says."""
    if not rule.pitfalls:
        return []
    caught = bullets(f"<{issue}>" for issue in describe_rule.pitfalls(rule))
    return ["## Who was caught by it", caught]


def where_it_was_run(rule: Rule, runs: describe_runs.Lines) -> list[str]:
    """Return the known deviations, and the releases and machines on which the rule was run."""
    return [
        "## Known deviations",
        bullets(map(linked, describe_rule.deviations(rule))),
        "## Recorded runs",
        bullets(map(in_markdown, runs["recorded"])),
    ]


def how_it_is_checked(rule: Rule) -> list[str]:
    """Return the test, and the command that runs it."""
    return [
        "## How it is checked",
        bullets([f"`{rule.test}`"]),
        fenced("console", f"$ {describe_rule.command(rule)}"),
    ]


def citations(rule: Rule) -> list[str]:
    """Return each form of citation."""
    parts = ["## Cite it"]
    for language, cite in CITATIONS.items():
        parts += [f"In {language}:", fenced(language, cite(rule))]
    return parts
