"""Make the parts of the site that follow from the contract: pages of rules, shapes and pictures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from rnn_contracts import RULES, Layer, Rule, contracts, explain, picture, render
from rnn_contracts.contracts import CELLS, LAYERS, TENSORS
from rnn_contracts.explanation import PACKED
from rnn_contracts.render import in_markdown

LESSON = {
    "one-layer": Layer("RNN", 5, 8, batch_first=True),
    "ten-layers": Layer("RNN", 5, 8, num_layers=10, batch_first=True),
    "bidirectional": Layer("RNN", 5, 8, batch_first=True, bidirectional=True),
}
"""The layers of the lesson, by the names of their pictures; their input is (2, 4, 5)."""

KINDS = {
    "shape": "Shapes: what goes in and comes out",
    "parameter": "Parameters: names, shapes and numbers of a new layer",
    "law": "Laws: the values behind the shapes",
    "refusal": "Refusals: what must raise",
}


def write(docs: Path) -> None:
    """Write them all, and remove those of rules that there were."""
    files = {f"rules/{rule.id}.md": rule_page(rule) for rule in RULES.values()}
    files["rules/index.md"] = rule_index()
    files["shapes.md"] = shape_table()
    files["generated/contract.html"] = contract_data()
    for name, layer in LESSON.items():
        files[f"generated/{name}.html"] = explain(layer, (2, 4, 5))._repr_html_()
    for directory in ("rules", "generated"):
        (docs / directory).mkdir(exist_ok=True)
        for path in (docs / directory).iterdir():
            if f"{directory}/{path.name}" not in files:
                path.unlink()
    for name, text in files.items():
        path = docs / name
        # Sphinx reads again what is written again.
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def table(*head: str, rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bullets(lines: Iterable[str]) -> str:
    """A Markdown list."""
    return "\n".join(f"- {line}" for line in lines)


def fenced(language: str, text: str) -> str:
    """A Markdown block of code."""
    return f"```{language}\n{text}\n```"


def linked(text: str) -> str:
    """Text whose last word may be an address."""
    before, _, last = text.rpartition(" ")
    return f"{in_markdown(before)} <{last}>" if last.startswith("https:") else in_markdown(text)


def rule_page(rule: Rule) -> str:
    """All that is known of a rule."""
    parts = [
        f"(rnn-rule-{rule.id})=\n# {rule.id}",
        f"**{in_markdown(rule.says)}.**",
        f"A rule of kind {rule.kind}, about {', '.join(f'`nn.{it}`' for it in rule.layers)}. "
        f"Promised from torch {rule.since} on.",
    ]
    if rule.shapes:
        rows = [
            [f"`{n}`", layout, f"`{render.shape(it)}`"] for n, layout, it in render.shapes(rule)
        ]
        parts.append(table("tensor", "layout", "shape", rows=rows))
    if rule.condition:
        parts.append(fenced("text", rule.condition))
    if rule.kind == "shape":
        parts += ["## Picture", "In full strength: what the rule speaks of.", rule_picture(rule)]
    parts += ["## What torch says"]
    for classes, quote in render.quotes(rule):
        parts += [f"Of {classes}:", fenced("none", quote)]
    parts.append(f"Source: <{rule.source}>")
    if rule.pitfalls:
        caught = bullets(f"<{issue}>" for issue in render.pitfalls(rule))
        parts += ["## Who was caught by it", caught]
    parts += ["## Known deviations", bullets(map(linked, render.deviations(rule)))]
    parts += [
        "## How it is checked",
        bullets(
            f"`{name}`: {in_markdown(says.replace('`', ''))}"
            for name, says, _ in render.tests(rule)
        ),
        fenced("console", f"$ {render.command(rule)}"),
        "## Cite it",
    ]
    for language, cite in render.CITATIONS.items():
        parts += [f"In {language}:", fenced(language, cite(rule))]
    return "\n\n".join(parts) + "\n"


def rule_picture(rule: Rule) -> str:
    """A layer that the rule speaks of, whose sizes all differ."""
    kind = rule.layers[-1] if rule.layers == CELLS else rule.layers[0]
    if kind in CELLS:
        explanation = explain(Layer(kind, 5, 8), (2, 5))
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
        explanation = explain(layer, shape, lengths)
    svg = explanation.svg(rule.tensors or TENSORS)
    return fenced("{raw} html", f"<p><code>{explanation.layer}</code></p>\n{svg}")


def rule_index() -> str:
    """All rules, by kind."""
    parts = [
        "# Rules",
        "Each rule has a page of its own at a permanent address: its id is never changed and never "
        "given to another rule.",
    ]
    for kind, title in KINDS.items():
        rules = [rule for rule in RULES.values() if rule.kind == kind]
        rows = [[f"{{rnn-rule}}`{rule.id}`", in_markdown(rule.says)] for rule in rules]
        toctree = "\n".join([":hidden:", "", *(rule.id for rule in rules)])
        parts += [
            f"## {title}",
            table("rule", "says", rows=rows),
            fenced("{toctree}", toctree),
        ]
    return "\n\n".join(parts) + "\n"


def shape_table() -> str:
    """Every shape on a page."""
    parts = ["# The shapes", "What goes into and comes out of a recurrent layer of PyTorch."]
    for title, kinds, kind in (
        ("Layers: RNN, GRU, LSTM", LAYERS, "shape"),
        ("Cells: RNNCell, GRUCell, LSTMCell", CELLS, "shape"),
        ("Parameters", LAYERS + CELLS, "parameter"),
    ):
        rules = [
            rule
            for rule in RULES.values()
            if rule.kind == kind and len(rule.shapes) > 1 and {*rule.layers} <= {*kinds}
        ]
        (layouts,) = {tuple(rule.shapes) for rule in rules}
        rows = [
            [
                f"`{name}{'_l[k]' * (kind == 'parameter')}`",
                *(f"`{render.shape(rule.shapes[layout])}`" for layout in layouts),
                f"{{rnn-rule}}`{rule.id}`",
            ]
            for rule in rules
            for name in rule.tensors
        ]
        parts += [f"## {title}", table("tensor", *layouts, "rule", rows=rows)]
    parts.append(
        "`c_0`, `c_n` and `c_1` are of LSTM and LSTMCell, `weight_hr` of an LSTM with proj_size."
    )
    return "\n\n".join([*parts, "## Axes", axes()]) + "\n"


def axes() -> str:
    """What the axes mean, as the head of the contract says."""
    ruler = "=" * 14 + "  " + "=" * 46
    _, lines, _ = (contracts.__doc__ or "").split(ruler)
    rows = [line.split(maxsplit=1) for line in lines.strip().splitlines()]
    return table("axis", "size", rows=([f"`{axis}`", in_markdown(size)] for axis, size in rows))


def contract_data() -> str:
    """The contract as JSON, for the form of what-shape.md; in the page, so that it needs no server."""
    data = {
        "rules": {
            rule.id: render.exported(rule) for rule in RULES.values() if rule.kind == "shape"
        },
        "tensors": TENSORS,
        "returns": contracts.RETURNS,
        "pictures": picture.templates(),
        "many": picture.MANY,
        "packed": PACKED,
    }
    text = json.dumps(data, separators=(",", ":")).replace("<", r"\u003c")
    return f'<script type="application/json" id="contract">{text}</script>\n'
