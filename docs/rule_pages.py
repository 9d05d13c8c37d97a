"""Make the page of a rule, with all that is known of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from urllib.parse import urlencode

import errors
from formulas import formula_in_html
from markup import bullets, capitalised, fenced, linked
from neighbours import beside, see_also

from rnn_contracts import Layer, Rule, __version__, shapes
from rnn_contracts.citing import (
    changes,
    describe_changes,
    describe_rule,
    describe_runs,
    recorded_runs,
)
from rnn_contracts.citing.citations import CITATIONS, REPOSITORY, address_of_version, is_released
from rnn_contracts.citing.describe_call import ShapesOfCall
from rnn_contracts.citing.escaping import in_markdown
from rnn_contracts.citing.mathematics import formula
from rnn_contracts.citing.tables import markdown_table
from rnn_contracts.citing.torch_words import pieces
from rnn_contracts.contracts import TENSORS
from rnn_contracts.layer import CELLS

TESTS = (
    "Each test tries one kind of wrong call on one class or helper, in a few sizes, so that it may see "
    "more than one outcome."
)
FIELDS = ("kind", "input_size", "hidden_size", "batch_first", "bidirectional", "proj_size")
"""What the form knows of a layer, besides num_layers."""

NAMES = {
    "markdown": "Markdown",
    "rst": "reStructuredText",
    "html": "HTML",
    "latex": "LaTeX",
    "bibtex": "BibTeX",
}
SUITE = Path(__file__).parents[1] / "tests" / "contract"

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
        *where_it_was_run(rule, runs),
        *errors.of_rule(rule),
        *how_it_is_checked(rule),
        *neighbours(rule),
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
            [
                f"`{name}`",
                layout,
                formula_in_html(formula(describe_rule.as_tuple(shape))),
                f"`{describe_rule.as_tuple(shape)}`",
            ]
            for name, layout, shape in describe_rule.shape_rows(rule)
        ]
        parts.append(markdown_table(["tensor", "layout", "shape", "as code"], rows))
    if rule.condition:
        parts.append(fenced("none", rule.condition))
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
    """Return a picture with the same call in the form, where the rule can be seen in it."""
    if rule.family != "shape" and rule.id not in PICTURED_LAWS:
        return []
    call = example(rule)
    link = f'<a href="../what-shape.html{form_query(call)}">Try it with other sizes and layouts</a>'
    highlighted = ["Highlighted: what the rule speaks of."] * (rule.family == "shape")
    return ["## Picture", *highlighted, rule_picture(rule, call), link]


def what_torch_says(rule: Rule) -> list[str]:
    """Return torch's own words, if it has any, and the page."""
    quotes = describe_rule.quotes(rule)
    if not quotes:
        return [f"Torch writes of the subject on <{rule.source}>"]
    parts = ["## What torch says"]
    for classes, quote in quotes:
        parts += [f"Of {classes}:", f"> {words(quote)}"]
    return [*parts, f"Source: <{rule.source}>"]


def words(quote: str) -> str:
    """Return torch's own words in Markdown, with the mathematics that they have."""
    made = {
        "text": in_markdown,
        "strong": lambda text: f"**{in_markdown(text)}**",
        "code": lambda text: f"`{text}`",
        "math": formula_in_html,
    }
    return "".join(made[kind](text) for kind, text in pieces(quote))


def example(rule: Rule) -> ShapesOfCall:
    """Return a call that the rule is about. Its sizes all differ."""
    kind = rule.layers[-1] if rule.layers == CELLS else rule.layers[0]
    if kind in CELLS:
        return shapes(Layer(kind, 5, 8), (2, 5))
    layer = Layer(
        kind,
        5,
        8,
        num_layers=2,
        batch_first=True,
        bidirectional=True,
        proj_size=7 if kind == "LSTM" else 0,
    )
    lengths = (3, 2) if rule.domain.get("layout") == "packed" else None
    sizes = {"batch-first-ignored-unbatched": (3, 5), "empty-batch-allowed": (0, 3, 5)}
    return shapes(layer, (5, 5) if lengths else sizes.get(rule.id, (2, 3, 5)), lengths)


def rule_picture(rule: Rule, call: ShapesOfCall) -> str:
    """Return the picture of the call, in which what the rule speaks of is highlighted."""
    svg = call.svg(rule.tensors or TENSORS)
    return fenced("{raw} html", f"<p><code>{call.layer}</code></p>\n{svg}")


def form_query(call: ShapesOfCall) -> str:
    """Return what makes the form show the call: the fragment of its address."""
    layer, axes = call.layer, call.axes
    chosen = {name: value for name in FIELDS if (value := getattr(layer, name))}
    if layer.num_layers > 1:
        chosen["num_layers"] = layer.num_layers
    if call.lengths:
        chosen |= {"layout": "packed", "lengths": ", ".join(map(str, call.lengths))}
    else:
        chosen["layout"] = "unbatched" if call.layout == "unbatched" else "batched"
        chosen |= {name: axes[name] for name in ("N", "L") if name in axes}
    return "#" + urlencode({name: "true" if it is True else it for name, it in chosen.items()})


def pitfalls(rule: Rule) -> list[str]:
    """Return the issues of people who did not expect what the rule says."""
    if not rule.pitfalls:
        return []
    issues = bullets(
        f"[{in_markdown(title)}]({link})" for title, link in describe_rule.pitfalls(rule)
    )
    return ["## Who was caught by it", issues]


def where_it_was_run(rule: Rule, runs: describe_runs.Lines) -> list[str]:
    """Return what came of the rule by release and machine, and the known deviations."""
    parts = ["## Releases and machines", by_run(rule)]
    if runs["refused means"]:
        parts += [f"Refused means: {in_markdown(runs['refused means'][0])}. {TESTS}"]
    return [
        *parts,
        "[What changed between two releases](../upgrades.md) explains the words.",
        "## Known deviations",
        bullets(map(linked, describe_rule.deviations(rule))),
    ]


def by_run(rule: Rule) -> str:
    """Return a table of what came of the rule in each run, the newest release first."""
    recorded = recorded_runs.of_package()
    head = ["torch", "machine", "result"]
    if describe_runs.is_refusal(rule.id):
        head += ["wrong calls raised", "instead"]
    rows = []
    for place in reversed(recorded.places):
        seen = [it for it in recorded.seen(rule.id) if place in it.places]
        told = [describe_changes.outcome_of(rule.id, place.torch, changes.total(seen))]
        for counts in (it.refused_by for it in seen), (it.did_instead for it in seen):
            told.append(
                ", ".join(
                    f"{name} in {count}" for it in counts for name, count in sorted(it.items())
                )
            )
        rows.append([place.torch, place.machine, *map(in_markdown, told)][: len(head)])
    return f"````{{container}} runs\n{markdown_table(head, rows)}\n````"


def how_it_is_checked(rule: Rule) -> list[str]:
    """Return the test, where it can be read, and the command that runs it."""
    file, _, name = rule.test.partition("::")
    tree = f"v{__version__}" if is_released() else "main"
    address = f"{REPOSITORY}/blob/{tree}/tests/contract/{file}#L{line_of(file, name)}"
    return [
        "## How it is checked",
        f"By the test [`{rule.test}`]({address}):",
        fenced("console", f"$ {describe_rule.command(rule)}"),
    ]


@cache
def line_of(file: str, test: str) -> int:
    """Return the line on which the test begins."""
    lines = (SUITE / file).read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.startswith(f"def {test}("))


def neighbours(rule: Rule) -> list[str]:
    """Return links to the rules that speak of the same things, and to those beside it."""
    before, after = beside(rule)
    near = [f"{{rnn-rule}}`{it.id}`: {in_markdown(it.says)}" for it in see_also(rule)]
    steps = [
        f"{word} {rule.family} rule: {{rnn-rule}}`{it.id}`."
        for word, it in (("Previous", before), ("Next", after))
        if it
    ]
    return [*(["## See also", bullets(near)] if near else []), " ".join(steps)]


def citations(rule: Rule) -> list[str]:
    """Return each form of citation."""
    stays = (
        f"The page of version {__version__} stays at <{address_of_version(rule)}>."
        if is_released()
        else f"Version {__version__} is not released. A citation of it leads to the newest page."
    )
    parts = [
        "## Cite it",
        f"{stays} In Sphinx, with the extension of [this package](../citing.md):",
        fenced("rst", f":rnn-rule:`{rule.id}`"),
        fenced("rst", f".. rnn-rule:: {rule.id}"),
        "In MyST:",
        fenced("markdown", f"{{rnn-rule}}`{rule.id}`"),
    ]
    for language, cite in CITATIONS.items():
        parts += [f"In {NAMES[language]}:", fenced(language, cite(rule))]
    return parts
