"""Make the parts of the site that show the contract: the pages of rules, the shapes, the pictures."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import asdict
from pathlib import Path

import errors
import lesson_pictures
import upgrades
from markup import fenced
from notebook import notebook
from rule_pages import rule_page

from rnn_contracts import RULES, contracts, deviations
from rnn_contracts.citing import describe_rule, describe_runs, picture
from rnn_contracts.citing.describe_call import BATCH, PACKED
from rnn_contracts.citing.escaping import in_markdown
from rnn_contracts.citing.lists import rule_as_data
from rnn_contracts.citing.tables import markdown_table
from rnn_contracts.contracts import PARAMETER_SHAPES, TENSORS
from rnn_contracts.layer import ARGUMENTS, CELLS, GATES, LAYERS, RETURNS
from rnn_contracts.messages import MESSAGES

FAMILIES = {
    "shape": "Shapes: what goes in and comes out",
    "parameter": "Parameters: names, shapes and numbers of a new layer",
    "law": "Laws: the values behind the shapes",
    "packing": "Packing: the helpers of torch.nn.utils.rnn",
    "refusal": "Refusals: what must raise",
}

SHAPE_WORDS = f"shape, size, batch_first, hidden state, {', '.join(TENSORS)}"
"""What is looked for in the table of shapes, for the search."""


def write(docs: Path) -> None:
    """Write all pages, and remove the pages of rules that no longer exist."""
    files = {f"rules/{rule.id}.md": rule_page(rule) for rule in RULES.values()}
    files["rules/index.md"] = rule_index()
    files["shapes.md"] = shape_table()
    files["errors.md"] = errors.page()
    files["generated/contract.html"] = contract_data()
    files["generated/backends.md"] = backend_table()
    files["generated/machine_facts.md"] = machine_table()
    files["generated/changes.md"] = upgrades.all_changes()
    files["generated/releases.md"] = upgrades.by_release()
    files |= lesson_pictures.files()
    for page in docs.glob("lesson*.md"):
        text = page.read_text("utf-8")
        files[f"generated/{page.stem}.ipynb"] = notebook(text, lesson_pictures.pictures())
    for directory in ("rules", "generated"):
        (docs / directory).mkdir(exist_ok=True)
        for path in (docs / directory).iterdir():
            if f"{directory}/{path.name}" not in files:
                path.unlink()
    for name, text in files.items():
        path = docs / name
        # Sphinx would read the page again, although nothing changed.
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def rule_index() -> str:
    """Return the page that lists all rules by family."""
    parts = [
        "# Rules",
        "Each rule has a page of its own at a permanent address: its id is never changed and never "
        "given to another rule.",
        "A rule holds in its domain. The domain stands in brackets behind the sentence, unless it is "
        "*every valid layer and call*. All rules are about calls outside `torch.autocast` unless they "
        "say otherwise. The test of a rule draws its whole domain.",
        "A *documented* rule has torch's own words on its page. An *observed* rule has none: it was "
        "measured on the releases and machines that its page names, and torch promises nothing.",
    ]
    for family, title in FAMILIES.items():
        rules = [rule for rule in RULES.values() if rule.family == family]
        rows = [
            [f"{anchor(rule.id)}{{rnn-rule}}`{rule.id}`", in_markdown(rule.sentence)]
            for rule in rules
        ]
        toctree = "\n".join([":hidden:", "", *(rule.id for rule in rules)])
        about = [f"Refused means: {describe_runs.REFUSED_MEANS}."] * (family == "refusal")
        parts += [
            f"## {title}",
            *about,
            markdown_table(["rule", "says"], rows),
            fenced("{toctree}", toctree),
        ]
    return "\n\n".join(parts) + "\n"


def anchor(name: str) -> str:
    """What an address can point at, in a cell of a table."""
    return f'<span id="{name}"></span>'


def shape_table() -> str:
    """Return the page with every shape."""
    parts = [
        # The room of a list of contents is that of the columns.
        f"---\nhide-toc: true\nmyst:\n  html_meta:\n    keywords: {SHAPE_WORDS}\n---\n# The shapes",
        "What goes into and comes out of a recurrent layer of PyTorch. Below each tensor is the rule "
        "that says so. Each tensor can be linked, as `shapes.html#h_n` and `shapes.html#cell-h_0`.",
    ]
    for title, kinds, kind, prefix in (
        ("Layers: RNN, GRU, LSTM", LAYERS, "shape", ""),
        ("Cells: RNNCell, GRUCell, LSTMCell", CELLS, "shape", "cell-"),
        ("Parameters", LAYERS + CELLS, "parameter", ""),
    ):
        rules = [
            rule
            for rule in RULES.values()
            if rule.family == kind and len(rule.shapes) > 1 and {*rule.layers} <= {*kinds}
        ]
        (layouts,) = {tuple(rule.shapes) for rule in rules}
        rows = [
            [
                f"{anchor(prefix + name)}`{name}{'_l[k]' * (kind == 'parameter')}`<br>"
                f"{{rnn-rule}}`{rule.id}`",
                *(f"`{describe_rule.as_tuple(rule.shapes[layout])}`" for layout in layouts),
            ]
            for rule in rules
            for name in rule.tensors
        ]
        parts += [f"## {title}", markdown_table(["tensor", *layouts], rows)]
    parts.append(
        "`c_0`, `c_n` and `c_1` are of LSTM and LSTMCell, `weight_hr` of an LSTM with proj_size."
    )
    return "\n\n".join([*parts, "## Axes", axes()]) + "\n"


def backend_table() -> str:
    """What torch is known to do otherwise on an accelerator, by backend."""
    rows: dict[tuple[str, ...], dict[str, None]] = {}
    for entry in deviations.known():
        backends = [name for name in entry.devices if name not in ("*", "cpu", "meta")]
        if backends and not entry.subject:
            source = f"[source]({entry.link})" if entry.link else in_markdown(entry.measured)
            seen = "read" if entry.unmeasured else "measured"
            what = ", ".join(backends), ", ".join(entry.kinds), in_markdown(entry.reason)
            rows.setdefault((*what, seen, source), {})[f"{{rnn-rule}}`{entry.rule}`"] = None
    lines = [(*row[:3], ", ".join(rules), *row[3:]) for row, rules in sorted(rows.items())]
    return markdown_table(("on", "of", "what", "rules", "it was", "source"), lines)


def machine_table() -> str:
    """What torch is known to do otherwise where the machine has a fact, or lacks it."""
    rows: dict[tuple[str, ...], None] = {}
    for entry in deviations.known():
        if entry.machine and not entry.subject:
            facts = ", ".join(f"`{it}={value}`".lower() for it, value in entry.machine.items())
            releases = f"{entry.torch}{f', fixed in {entry.fixed}' if entry.fixed else ''}"
            rule = f"{{rnn-rule}}`{entry.rule}`"
            rows[facts, rule, in_markdown(entry.reason), in_markdown(releases)] = None
    return markdown_table(("where", "rule", "what", "torch"), sorted(rows))


def axes() -> str:
    """Return the table of axes from the docstring of the contract."""
    ruler = "=" * 14 + "  " + "=" * 46
    _, lines, _ = (contracts.__doc__ or "").split(ruler)
    rows = [line.split(maxsplit=1) for line in lines.strip().splitlines()]
    return markdown_table(
        ["axis", "size"], ([f"`{axis}`", in_markdown(size)] for axis, size in rows)
    )


def contract_data() -> str:
    """Return the contract as JSON, for the form of what-shape.md.

    It is a part of the page, so that the page works without a server. The pictures, which repeat
    themselves, are compressed.
    """
    fields = ("id", "layers", "tensors", "shapes")
    stated = {rule.id: rule_as_data(rule) for rule in RULES.values() if rule.shapes}
    pictures = gzip.compress(json.dumps(picture.templates()).encode(), mtime=0)
    data = {
        "rules": {id: {name: rule[name] for name in fields} for id, rule in stated.items()},
        "arguments": ARGUMENTS,
        "tensors": TENSORS,
        "parameters": [*PARAMETER_SHAPES],
        "gates": GATES,
        "returns": RETURNS,
        "messages": [asdict(message) for message in MESSAGES],
        "pictures": base64.b64encode(pictures).decode(),
        "many": picture.MANY,
        "packed": PACKED,
        "batch": BATCH,
    }
    text = json.dumps(data, separators=(",", ":")).replace("<", r"\u003c")
    return f'<script type="application/json" id="contract">{text}</script>\n'
