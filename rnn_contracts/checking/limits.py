"""What a subject can be said not to do: the words of ``--rnn-without`` and ``without=``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields

from rnn_contracts.layer import Layer

CALLS: Mapping[str, Mapping[str, object]] = {
    "unbatched": {"layout": "unbatched"},
    "packed": {"layout": "packed"},
    "state": {"initial_state": True},
    "empty-batch": {"N": 0},
    "float64": {"dtype": "float64"},
    "bfloat16": {"dtype": "bfloat16"},
    "float16": {"dtype": "float16"},
}
"""Limits of the call, and the conditions of the cases that they cover."""
ARGUMENTS = (*(argument.name for argument in fields(Layer)[3:]), "device", "dtype")
"""Limits of the constructor: the argument has its default value in every case."""


def parse(names: Iterable[str]) -> tuple[str, ...]:
    """The limits; ``ValueError`` names one that there is not, and those that there are."""
    chosen = tuple(dict.fromkeys(names))
    for name in chosen:
        if name not in CALLS and name not in ARGUMENTS:
            known = ", ".join((*CALLS, *ARGUMENTS))
            raise ValueError(f"there is no limit {name!r}; there are {known}")
    return chosen
