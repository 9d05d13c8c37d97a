"""What is known of where a rule comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rnn_contracts.layer import LAYERS

DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.{}.html"
PYTORCH = "https://github.com/pytorch/pytorch"


@dataclass(frozen=True)
class Source:
    """The source of one rule.

    page        where torch says so
    quote       torch's own words, verbatim but for line breaks, by whose docstring has them: a class
                or function below ``torch.nn`` or ``torch``; empty where it has none. The words of a
                refusal say what is accepted
    pitfalls    pytorch/pytorch issues of people who were caught by it
    """

    page: str
    quote: Mapping[str, str] = field(default_factory=dict)
    pitfalls: tuple[str, ...] = ()


def same(quote: str, classes: tuple[str, ...] = LAYERS) -> dict[str, str]:
    """The same words of each class."""
    return dict.fromkeys(classes, quote)
