"""Escape plain text, so that a markup language shows it as it is."""

from __future__ import annotations

_MARKDOWN = r"\|[]<>*_`"
_RST = r"\*`|_<>"
_LATEX = {
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
}


def in_markdown(text: str) -> str:
    """Escape text for Markdown; the result also fits into a cell of a table."""
    escaped = "".join(f"\\{letter}" if letter in _MARKDOWN else letter for letter in text)
    # GitHub notifies the user whose name follows an @. A space of no width prevents that.
    return escaped.replace("@", "@\u200b")


def in_rst(text: str) -> str:
    """Escape text for reStructuredText."""
    return "".join(f"\\{letter}" if letter in _RST else letter for letter in text)


def in_latex(text: str) -> str:
    """Escape text for LaTeX."""
    return "".join(_LATEX.get(letter, letter) for letter in text)
