"""Write the LaTeX of torch's documentation, and that of shapes, as HTML that needs no special font."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

_SIGN = re.compile(r"\\[A-Za-z]+|\\.|[0-9]+|\S")
_SYMBOLS = {
    r"\odot": " &odot; ",
    r"\cdot": "&thinsp;&middot;&thinsp;",
    r"\sigma": "&sigma;",
    r"\tanh": "tanh",
    r"\sum": "&sum;",
    r"\textstyle": "",
    "*": "&thinsp;&lowast;&thinsp;",
    "-": "&minus;",
    "+": " + ",
    "=": " = ",
    ",": ", ",
    "'": "&prime;",
}
_FONTS = {
    r"\text": "{}",
    r"\mathtt": '<span class="code">{}</span>',
    r"\mathrm": "{}",
    r"\mathcal": "<i>{}</i>",
}
_INDICES = {"_": "sub", "^": "sup"}


def formula_in_html(latex: str) -> str:
    """Return an inline formula; ``ValueError`` names what is not known of LaTeX."""
    return f'<span class="formula">{_row(iter(_SIGN.findall(latex)))}</span>'


def _row(signs: Iterator[str]) -> str:
    return "".join(_one(sign, signs) for sign in signs)


def _one(sign: str, signs: Iterator[str]) -> str:
    if sign in _FONTS:
        next(signs)
        text = "".join(it.removeprefix("\\") for it in _group(signs))
        return _FONTS[sign].format(html.escape(text))
    if sign in _INDICES:
        return f"<{_INDICES[sign]}>{_argument(signs)}</{_INDICES[sign]}>"
    if sign == r"\sqrt":
        return f"&radic;{_argument(signs)}"
    if sign == r"\frac":
        over, under = _argument(signs), _argument(signs)
        return f"{over}/({under})" if "&minus;" in under else f"{over}/{under}"
    if sign in _SYMBOLS:
        return _SYMBOLS[sign]
    if sign.startswith("\\"):
        raise ValueError(f"no HTML for {sign}")
    if sign == "{":
        return _row(iter(_group(signs)))
    return f"<i>{sign}</i>" if sign.isalpha() else html.escape(sign)


def _argument(signs: Iterator[str]) -> str:
    """What a command or an index takes: one sign, or a group, whose letters are a word."""
    sign = next(signs)
    if sign != "{":
        return _one(sign, signs)
    group = _group(signs)
    word = "".join(group)
    return word if len(word) > 1 and word.isalpha() else _row(iter(group))


def _group(signs: Iterator[str]) -> list[str]:
    """The signs up to the brace that closes the group."""
    group, depth = [], 1
    for sign in signs:
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if not depth:
            break
        group.append(sign)
    return group
