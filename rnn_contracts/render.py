"""Rules as they are listed, explained, cited and exported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from rnn_contracts import __version__
from rnn_contracts.contracts import Rule

SITE = "https://rnn-contracts.github.io/rnn-contracts/"
AUTHORS = "The rnn-contracts developers"
YEAR = "2026"

PITFALLS = "https://github.com/pytorch/pytorch/issues/"


def address(rule: Rule) -> str:
    """The page of the rule."""
    return f"{SITE}rules/{rule.id}.html"


def shape(symbolic: str) -> str:
    """``(L, N, D*H_out)`` of ``"L N D*H_out"``."""
    return f"({', '.join(symbolic.split())})"


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines, their columns aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


# --- Lists ---------------------------------------------------------------------------------------


def list_as_text(rules: Iterable[Rule]) -> str:
    """A line for each rule: id, kind and sentence."""
    return "\n".join(columns([(rule.id, rule.kind, rule.says) for rule in rules]))


def list_as_markdown(rules: Iterable[Rule]) -> str:
    """A table, with links to the pages of the rules."""
    rows = [f"| [{it.id}]({address(it)}) | {it.kind} | {in_markdown(it.says)} |" for it in rules]
    return "\n".join(["| rule | kind | says |", "|---|---|---|", *rows])


def list_as_rst(rules: Iterable[Rule]) -> str:
    """A list-table, with links to the pages of the rules."""
    head = [
        ".. list-table::",
        "   :header-rows: 1",
        "",
        "   * - rule",
        "     - kind",
        "     - says",
    ]
    rows = [
        f"   * - `{it.id} <{address(it)}>`__\n     - {it.kind}\n     - {in_rst(it.says)}"
        for it in rules
    ]
    return "\n".join([*head, *rows])


def list_as_json(rules: Iterable[Rule]) -> str:
    """All that the contract says of them."""
    import json

    return json.dumps([exported(rule) for rule in rules], indent=2, ensure_ascii=False)


def exported(rule: Rule) -> dict[str, object]:
    """The rule as JSON has it: its fields, and the address of its page."""
    return {**asdict(rule), "url": address(rule)}


LISTS = {
    "text": list_as_text,
    "markdown": list_as_markdown,
    "rst": list_as_rst,
    "json": list_as_json,
}


# --- All that is known of one rule ---------------------------------------------------------------


def explained(rule: Rule) -> str:
    """The rule as text, with all that is known of it."""
    facts = {
        "of": [spoken_of(rule)],
        "shape": columns([(f"{name} is {shape(it)}", layout) for name, layout, it in shapes(rule)]),
        "when" if rule.kind == "refusal" else "holds": [rule.condition] * bool(rule.condition),
        "since": [f"torch {rule.since}"],
        "source": [rule.source],
        "quote": [f"{classes}: {quote}" for classes, quote in quotes(rule)],
        "pitfalls": pitfalls(rule),
        "deviations": deviations(rule),
        "checked by": [f"{name}: {says}" for name, says, _ in tests(rule)],
        "to check": [command(rule)],
        "page": [address(rule)],
    }
    rows = [
        ("" if number else name, line)
        for name, lines in facts.items()
        for number, line in enumerate(lines)
    ]
    return "\n".join([rule.id, rule.says, "", *columns(rows)])


def spoken_of(rule: Rule) -> str:
    """The kind of the rule, and the classes that it speaks of."""
    return f"{rule.kind} of {', '.join(rule.layers)}"


def shapes(rule: Rule) -> list[tuple[str, str, str]]:
    """Of each tensor and layout its symbolic shape."""
    return [(name, layout, it) for name in rule.tensors for layout, it in rule.shapes.items()]


def quotes(rule: Rule) -> list[tuple[str, str]]:
    """What torch's documentation says, each with the classes of which it says that."""
    said = dict.fromkeys(rule.quote.values())
    return [
        (", ".join(it for it in rule.quote if rule.quote[it] == quote), quote) for quote in said
    ]


def pitfalls(rule: Rule) -> list[str]:
    """Where people were caught by it."""
    return [issue.replace("#", PITFALLS) for issue in rule.pitfalls]


def command(rule: Rule) -> str:
    """What checks this rule alone."""
    slow = "slow and " * all(slow for *_, slow in tests(rule))
    return f"rnn-contracts check -m \"{slow}rule(id='{rule.id}')\""


def tests(rule: Rule) -> Iterator[tuple[str, str, bool]]:
    """The suite's tests of the rule, what they say, and whether they are slow; read, not imported."""
    import ast

    from rnn_contracts.paths import SUITE

    for path in sorted(SUITE.glob("test_*.py")):
        for function in ast.parse(path.read_text("utf-8")).body:
            for decorator in getattr(function, "decorator_list", ()):
                # @checks_rule("id", ...), or what is made of it.
                text = ast.unparse(decorator)
                if isinstance(function, ast.FunctionDef) and f"({rule.id!r}" in text:
                    says = (ast.get_docstring(function) or "").partition("\n")[0]
                    yield f"{path.name}::{function.name}", says, "slow=True" in text


def deviations(rule: Rule) -> list[str]:
    """Where torch is known to break it."""
    import sys
    from importlib import import_module, resources

    try:
        toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    except ImportError:
        return ["to be read with tomli: pip install tomli"]
    # Not deviations.known(), which checks each entry, and needs packaging for that.
    text = (resources.files("rnn_contracts") / "deviations.toml").read_text("utf-8")
    lines = []
    for it in toml.loads(text)["deviation"]:
        if it["rule"] == rule.id:
            when = [f"torch {it['torch']}", f"mended in {it.get('mended')}"][: 1 + ("mended" in it)]
            when += [
                f"{name} = {str(value).lower()}" for name, value in it.get("machine", {}).items()
            ]
            kinds = f"; {', '.join(it['kinds'])}" if "kinds" in it else ""
            seen = it.get("link") or it["measured"]
            lines.append(f"{it['reason']} ({', '.join(when)}{kinds}): {seen}")
    return lines or ["none known"]


# --- Citations -----------------------------------------------------------------------------------


def in_markdown(text: str) -> str:
    """Text that Markdown takes for text, in a cell of a table too, and that calls nobody."""
    text = "".join(f"\\{letter}" if letter in r"\|[]<>*_`" else letter for letter in text)
    return text.replace("@", "@\u200b")


def in_rst(text: str) -> str:
    """Text that reStructuredText takes for text."""
    return "".join(f"\\{letter}" if letter in r"\*`|_<>" else letter for letter in text)


def in_latex(text: str) -> str:
    """Text that LaTeX takes for text."""
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    special |= {letter: f"\\{letter}" for letter in "&%$#_{}"} | {"<": "$<$", ">": "$>$"}
    return "".join(special.get(letter, letter) for letter in text)


def cite_in_markdown(rule: Rule) -> str:
    """A link after the sentence."""
    return f"{in_markdown(rule.says)} ([rnn-contracts {__version__}, {rule.id}]({address(rule)}))"


def cite_in_rst(rule: Rule) -> str:
    """A link after the sentence."""
    link = f"`rnn-contracts {__version__}, {rule.id} <{address(rule)}>`__"
    return f"{in_rst(rule.says)} ({link})"


def cite_in_html(rule: Rule) -> str:
    """The sentence quoted, with its source."""
    import html

    link = f'<a href="{address(rule)}">rnn-contracts {__version__}, {rule.id}</a>'
    return f"{html.escape(rule.says, quote=False)} ({link})"


def cite_in_latex(rule: Rule) -> str:
    r"""A link after the sentence; it needs ``\usepackage{hyperref}``."""
    link = rf"\href{{{address(rule)}}}{{rnn-contracts {__version__}, {rule.id}}}"
    return f"{in_latex(rule.says)} ({link})"


def cite_in_bibtex(rule: Rule) -> str:
    r"""An entry for ``\cite{rnn-contracts:ID}``; ``url`` needs ``\usepackage{url}`` or hyperref."""
    return "\n".join(
        [
            f"@misc{{rnn-contracts:{rule.id},",
            f"  author = {{{{{AUTHORS}}}}},",
            f"  title = {{{{{in_latex(rule.says)}}}}},",
            f"  note = {{rnn-contracts {__version__}, rule {rule.id}}},",
            rf"  howpublished = {{\url{{{address(rule)}}}}},",
            f"  year = {{{YEAR}}},",
            "}",
        ]
    )


CITATIONS = {
    "markdown": cite_in_markdown,
    "rst": cite_in_rst,
    "html": cite_in_html,
    "latex": cite_in_latex,
    "bibtex": cite_in_bibtex,
}
