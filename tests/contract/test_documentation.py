"""What torch says: the quotes of the contract, held against the docstrings that are installed.

Apart from the tests of behaviour, so that "the documentation changed" and "the behaviour changed"
are told apart.
"""

import functools
from typing import Any

import pytest
import torch

from rnn_contracts.rules import RULES, Rule


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        pytest.param(rule, kind, id=f"{rule.id}-{kind}", marks=pytest.mark.quote(rule.id))
        for rule in RULES.values()
        for kind in rule.quote
    ],
)
def test_quote(rule: Rule, kind: str) -> None:
    """The docstring says verbatim, but for its line breaks, what the contract quotes."""
    docstring = " ".join((documented(kind).__doc__ or "").split())
    if rule.quote[kind] not in docstring:
        pytest.fail(
            f"{rule.id}: the docstring of {kind} no longer says\n"
            f"  {rule.quote[kind]}\n"
            f"  torch {torch.__version__}; whether its behaviour changed, the test of the rule says",
            pytrace=False,
        )


def documented(name: str) -> Any:
    """The class or function of that name, below ``torch.nn`` or ``torch``."""
    first = name.partition(".")[0]
    return functools.reduce(
        getattr, name.split("."), torch.nn if hasattr(torch.nn, first) else torch
    )
