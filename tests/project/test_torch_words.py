"""Torch's own words are shown without the markup that they have in its docstrings."""

from __future__ import annotations

import re

import pytest

from rnn_contracts import RULES
from rnn_contracts.citing.describe_rule import title
from rnn_contracts.citing.mathematics import formula
from rnn_contracts.citing.torch_words import in_plain_text, pieces
from rnn_contracts.sources.titles import TITLES

WORDS = sorted({quote for rule in RULES.values() for quote in rule.quote.values()})


@pytest.mark.parametrize("words", WORDS, ids=range(len(WORDS)))
def test_no_markup_is_left_and_no_word_is_lost(words: str) -> None:
    """Letters and digits are the same, but for the names of commands and roles."""
    plain = in_plain_text(words)
    assert re.search(r"[`\\{}]|\*\*|:\w+:", plain) is None
    commands = r"\\(?:text|mathcal|frac|odot)|:(?:math|class|func|attr|meth):"
    letters = re.compile(r"[^A-Za-z0-9]")
    assert letters.sub("", plain) == letters.sub("", re.sub(commands, "", words))
    assert in_plain_text(plain) == plain


@pytest.mark.parametrize(
    ("words", "plain"),
    [
        (r":math:`(D * \text{num\_layers}, N, H_{out})`", "(D * num_layers, N, H_out)"),
        (r"h_t = \tanh(x_t W_{ih}^T + h_{t-1})", "h_t = tanh(x_t W_ih^T + h_(t-1))"),
        (r"z \odot :math:`h`", r"z \odot h"),
        (r":math:`\frac{1}{1-p}` of :math:`\sqrt{k}`", "1/(1-p) of sqrt(k)"),
        ("``x`` or `x` of **h_0** in :meth:`~Module.forward`", "x or x of h_0 in Module.forward"),
    ],
)
def test_plain_text(words: str, plain: str) -> None:
    """Each kind of markup; LaTeX outside of a role is none where there is a role beside it."""
    assert in_plain_text(words) == plain


def test_pieces() -> None:
    """What is between the markup is a piece too."""
    found = [*pieces("**h_n**: of :math:`(N, H)` if ``True``")]
    assert found == [
        *(("strong", "h_n"), ("text", ": of "), ("math", "(N, H)"), ("text", " if ")),
        ("code", "True"),
    ]


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("(L, N, D*H_out)", r"(L, N, D\cdot H_\mathrm{out})"),
        ("(D*num_layers, N, H_cell)", r"(D\cdot\mathtt{num\_layers}, N, H_\mathrm{cell})"),
        ("(gates*H_cell,)", r"(\mathtt{gates}\cdot H_\mathrm{cell},)"),
        ("(T, N, *)", "(T, N, *)"),
        ("c_0", "c_0"),
    ],
)
def test_formula(text: str, latex: str) -> None:
    """Shapes, and axes of more than one letter."""
    assert formula(text) == latex


def test_titles() -> None:
    """No title is of an issue that nobody names, and one that is not known is the number."""
    named = {issue for rule in RULES.values() for issue in rule.pitfalls}
    linked = {"#88136", "#175978", "#105982"}
    assert {*TITLES} <= named | linked
    assert title("https://github.com/pytorch/pytorch/pull/163809") == "pytorch/pytorch#163809"
    assert title("https://github.com/intel/x/issues/4145") == "intel/x#4145"
