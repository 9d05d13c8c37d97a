"""The shares that the rules of dropout count are those of a right torch, in whatever case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rnn_contracts.checking.run import Run
from rnn_contracts.checking.trial import Trial
from rnn_contracts.drawing.case import Case
from rnn_contracts.layer import Layer
from rnn_contracts.parametrize import _statements
from rnn_contracts.rules import RULES

RULE = RULES["dropout-drops-its-share"]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_what_shows_does_not_choose_what_was_dropped(dtype: str) -> None:
    """In bfloat16 the first layer decides which numbers show that the second has dropped them.

    Counted without regard to that, a fifth of these seeds were red.
    """
    (law,) = (it.function for it in _statements() if it.rule == RULE)
    layer = Layer("LSTM", 5, 71, num_layers=3, dropout=0.8, bidirectional=True)
    for seed in range(1, 31):
        trial = Trial(RULE, Case(layer, dtype=dtype, seed=seed, N=3, L=1), Run())
        law(trial=trial)
        assert trial.comparisons >= 10


def test_numbers_that_overflow_follow_the_seed_too() -> None:
    """In float16 a deep stack gives NaN where a number was kept in each layer."""
    rule = RULES["dropout-follows-the-seed"]
    (law,) = (it.function for it in _statements() if it.rule == rule)
    layer = Layer("RNN", 2, 8, num_layers=10, nonlinearity="relu", dropout=0.8)
    case = Case(layer, dtype="float16", seed=1437, N=7, L=4, grad_mode="no_grad")
    for seed in range(1437, 1442):
        law(trial=Trial(rule, replace(case, seed=seed), Run()))
