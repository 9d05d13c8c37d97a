"""Every citation says, in its own language, the sentence of the rule and where its page is."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from markdown_it import MarkdownIt
from pybtex.database import parse_string  # type: ignore[import-untyped]
from pylatexenc.latex2text import LatexNodes2Text  # type: ignore[import-untyped]
from pylatexenc.latexwalker import LatexWalker  # type: ignore[import-untyped]

from rnn_contracts import RULES, Rule, __version__
from rnn_contracts.citing import citations, lists

every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


def said(rule: Rule) -> str:
    """What a reader sees."""
    return f"{rule.sentence} (rnn-contracts {__version__}, {rule.id})"


def read_from_latex(text: str) -> str:
    """What a reader of the typeset text sees, with the sums and products as the rule writes them."""
    # What is in typewriter is dropped otherwise.
    text = re.sub(r"\\(?:texttt|mathtt)\{((?:\\_|[^{}])*)\}", r"{\1}", text)
    seen = str(LatexNodes2Text(math_mode="text").latex_to_text(text))
    return re.sub("· ?", "*", seen).replace("∑lengths", "sum(lengths)")


class Html(HTMLParser):
    """The text of a piece of HTML, and its links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.links = "", [""][:0]
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ("a", "p")
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


@every_rule
def test_html(rule: Rule) -> None:
    """As a browser reads it."""
    found = Html(citations.cite_in_html(rule))
    assert (found.text, found.links) == (said(rule), [citations.address_of_version(rule)])


@every_rule
def test_markdown(rule: Rule) -> None:
    """As CommonMark reads it."""
    found = Html(MarkdownIt("commonmark").render(citations.cite_in_markdown(rule)))
    assert (found.text.strip(), found.links) == (said(rule), [citations.address_of_version(rule)])


@every_rule
def test_rst(rule: Rule) -> None:
    """As docutils reads it."""
    tree = publish_doctree(citations.cite_in_rst(rule), settings_overrides={"halt_level": 2})
    links: list[Any] = [*tree.findall(nodes.reference)]
    assert tree.astext() == said(rule)
    assert [link["refuri"] for link in links] == [citations.address_of_version(rule)]


@every_rule
def test_latex(rule: Rule) -> None:
    """As LaTeX reads it."""
    text = citations.cite_in_latex(rule)
    parts, _, _ = LatexWalker(text, tolerant_parsing=False).get_latex_nodes()
    names = [getattr(part, "macroname", "") for part in parts]
    at = names.index("href")
    address, shown = (part.latex_verbatim() for part in parts[at + 1 : at + 3])
    assert address == f"{{{citations.address_of_version(rule)}}}"
    assert shown == f"{{rnn-contracts {__version__}, {rule.id}}}"
    sentence = text[: parts[at].pos]
    assert read_from_latex(sentence) == f"{rule.sentence} ("


@every_rule
def test_bibtex(rule: Rule) -> None:
    """As BibTeX reads it."""
    database = parse_string(citations.cite_in_bibtex(rule), "bibtex")
    entry = database.entries[f"rnn-contracts-{rule.id}"]
    assert read_from_latex(entry.fields["title"]) == rule.sentence
    assert entry.fields["version"] == __version__
    assert entry.fields["howpublished"] == rf"\url{{{citations.address_of_version(rule)}}}"
    assert entry.fields["note"] == f"rnn-contracts {__version__}, rule {rule.id}"
    assert [str(author) for author in entry.persons["author"]] == [f"{{{citations.AUTHORS}}}"]


@every_rule
def test_lists(rule: Rule) -> None:
    """A table in Markdown or reStructuredText has the sentence as a reader is to see it."""
    table = MarkdownIt("commonmark").enable("table").render(lists.list_as_markdown([rule]))
    cells = [row.partition("</td>")[0] for row in table.split("<td>")[1:]]
    assert Html(cells[0].replace("<td>", "")).links == [citations.address(rule)]
    assert Html(cells[2]).text == rule.sentence
    tree = publish_doctree(lists.list_as_rst([rule]), settings_overrides={"halt_level": 2})
    shown = [entry.astext() for entry in tree.findall(nodes.entry)]
    assert shown == ["rule", "family", "says", rule.id, rule.family, rule.sentence]
