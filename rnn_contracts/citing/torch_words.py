"""Torch's own words, which are reStructuredText and LaTeX, as a reader is to see them."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MARKUP = re.compile(
    r":math:`(?P<math>[^`]*)`"
    r"|:\w+:`~?(?P<role>[^`]*)`"
    r"|``(?P<literal>[^`]+)``"
    r"|`(?P<code>[^`]+)`"
    r"|\*\*(?P<strong>[^*]+)\*\*"
)
_PLAIN = {
    r"\\(?:text|mathtt|mathrm|mathcal)\{((?:[^{}\\]|\\_)*)\}": r"\1",
    r"\\_": "_",
    r"\\sqrt\{(\w+)\}": r"sqrt(\1)",
    r"\\frac\{(\w+)\}\{(\w+)\}": r"\1/\2",
    r"\\frac\{(\w+)\}\{([^{}]+)\}": r"\1/(\2)",
    r"_\{\(?(\w+)\)?\}": r"_\1",
    r"_\{\(?([^{}()]+)\)?\}": r"_(\1)",
    r"\\odot": "*",
    r"\\(\w+)": r"\1",
}
"""LaTeX as it occurs in torch's documentation, and plain text for it, in this order."""


def pieces(words: str) -> Iterator[tuple[str, str]]:
    """Yield the words in pieces, each with what it is: text, strong, code or math."""
    if "\\" in words and not _MARKUP.search(words):
        # An equation, which stands in a block of its own.
        yield "math", words
        return
    end = 0
    for found in _MARKUP.finditer(words):
        if found.start() > end:
            yield "text", words[end : found.start()]
        kind = str(found.lastgroup)
        yield "code" if kind in ("role", "literal") else kind, found[kind]
        end = found.end()
    if end < len(words):
        yield "text", words[end:]


def in_plain_text(words: str) -> str:
    r"""Return the words without markup.

    >>> in_plain_text(r"**h_n**: tensor of shape :math:`(D * \text{num\_layers}, N, H_{out})`")
    'h_n: tensor of shape (D * num_layers, N, H_out)'
    >>> in_plain_text(r"c_t = f_t \odot c_{t-1}")
    'c_t = f_t * c_(t-1)'
    """
    return "".join(_plain(text) if kind == "math" else text for kind, text in pieces(words))


def _plain(latex: str) -> str:
    for pattern, text in _PLAIN.items():
        latex = re.sub(pattern, text, latex)
    return latex
