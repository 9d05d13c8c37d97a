"""Mathematics as LaTeX: symbolic shapes, and the axes and states in a sentence."""

from __future__ import annotations

import re

from rnn_contracts.citing.escaping import in_latex

_AXIS = r"(?:sum\(lengths\)|gates|num_layers|H_(?:in|out|cell)|[DLNT]\b|\*)"
_PRODUCT = rf"{_AXIS}(?:\*{_AXIS})*"
_MATHEMATICS = re.compile(
    rf"\({_PRODUCT}(?:, {_PRODUCT})*,?\)"  # a shape
    rf"|\b{_AXIS}(?:\*{_AXIS})+|\bH_(?:in|out|cell)\b|\b[hc]_[0n1]\b(?!\[)"  # an axis, a state
    r"|(?P<code>\b\w+(?:\.\w+)*_\w+(?:\[[^\]]*\])?)"
)


def sentence_in_latex(text: str) -> str:
    r"""Return the text with its mathematics in dollars, and its names in typewriter.

    >>> print(sentence_in_latex("h_n is (D*num_layers, N, H_out), regardless of batch_first"))
    $h_n$ is $(D\cdot\mathtt{num\_layers}, N, H_\mathrm{out})$, regardless of \texttt{batch\_first}
    """
    parts, end = [], 0
    for found in _MATHEMATICS.finditer(text):
        parts.append(in_latex(text[end : found.start()]))
        code = found["code"]
        parts.append(rf"\texttt{{{in_latex(code)}}}" if code else f"${formula(found[0])}$")
        end = found.end()
    return "".join([*parts, in_latex(text[end:])])


def formula(text: str) -> str:
    r"""Return a shape, an axis or a state in LaTeX, without dollars.

    >>> print(formula("(sum(lengths), D*H_out)"), formula("(T, N, *)"))
    (\textstyle\sum\mathtt{lengths}, D\cdot H_\mathrm{out}) (T, N, *)
    """
    text = text.replace("sum(lengths)", r"\textstyle\sum\mathtt{lengths}")
    text = re.sub(r"\b(num_layers|gates)\b", lambda it: rf"\mathtt{{{in_latex(it[0])}}}", text)
    # A product; the star alone stands for any axes.
    text = re.sub(r"(?<=[\w}])\*(?=\w)", r"\\cdot ", text)
    text = re.sub(r"(?<=[\w}])\*", r"\\cdot", text)
    text = re.sub(r"\bH_(\w+)", r"H_\\mathrm{\1}", text)
    return re.sub(r"\b([hc])_(\w)\b", r"\1_\2", text)
