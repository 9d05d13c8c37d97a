"""Cite a rule in a text of your own: Markdown, reStructuredText, HTML, LaTeX and BibTeX."""

from __future__ import annotations

import html

from rnn_contracts import __version__
from rnn_contracts.citing.escaping import in_markdown, in_rst
from rnn_contracts.citing.mathematics import sentence_in_latex
from rnn_contracts.rules import Rule, rule

SITE = "https://rnn-contracts.github.io/rnn-contracts/"
REPOSITORY = "https://github.com/rnn-contracts/rnn-contracts"
AUTHORS = "The rnn-contracts developers"
YEAR = "2026"


def address(rule: Rule) -> str:
    """Return the address of the page of the rule, which tells what the newest version says of it."""
    return f"{SITE}rules/{rule.id}.html"


def is_released(version: str = __version__) -> bool:
    """Return whether the version is a release: one in development has neither a page nor a tag."""
    return "dev" not in version


def address_of_version(rule: Rule, version: str = __version__) -> str:
    """Return the address at which the page of a release stays; of no release, that of the newest."""
    return f"{SITE}{version}/rules/{rule.id}.html" if is_released(version) else address(rule)


def cite(rule_id: str, format: str = "markdown") -> str:
    """Return the citation of a rule, as ``rnn-contracts cite`` prints it.

    ``format`` is one of ``CITATIONS``. ``ValueError`` names what is accepted.
    """
    if format not in CITATIONS:
        raise ValueError(f"format: expected one of {', '.join(CITATIONS)}, got {format!r}")
    return CITATIONS[format](rule(rule_id))


def cite_in_markdown(rule: Rule) -> str:
    """Return the sentence, followed by a link."""
    link = f"[rnn-contracts {__version__}, {rule.id}]({address_of_version(rule)})"
    return f"{in_markdown(rule.sentence)} ({link})"


def cite_in_rst(rule: Rule) -> str:
    """Return the sentence, followed by a link."""
    link = f"`rnn-contracts {__version__}, {rule.id} <{address_of_version(rule)}>`__"
    return f"{in_rst(rule.sentence)} ({link})"


def cite_in_html(rule: Rule) -> str:
    """Return the sentence, followed by a link."""
    link = f'<a href="{address_of_version(rule)}">rnn-contracts {__version__}, {rule.id}</a>'
    return f"{html.escape(rule.sentence, quote=False)} ({link})"


def cite_in_latex(rule: Rule) -> str:
    r"""Return the sentence, followed by a link that needs ``\usepackage{hyperref}``."""
    link = rf"\href{{{address_of_version(rule)}}}{{rnn-contracts {__version__}, {rule.id}}}"
    return f"{sentence_in_latex(rule.sentence)} ({link})"


def cite_in_bibtex(rule: Rule) -> str:
    r"""Return the entry that ``\cite{rnn-contracts-ID}`` refers to.

    Its address needs ``\usepackage{url}`` or ``\usepackage{hyperref}``.
    """
    return "\n".join(
        [
            f"@misc{{rnn-contracts-{rule.id},",
            f"  author = {{{{{AUTHORS}}}}},",
            f"  title = {{{{{sentence_in_latex(rule.sentence)}}}}},",
            f"  version = {{{__version__}}},",
            f"  note = {{rnn-contracts {__version__}, rule {rule.id}}},",
            rf"  howpublished = {{\url{{{address_of_version(rule)}}}}},",
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
