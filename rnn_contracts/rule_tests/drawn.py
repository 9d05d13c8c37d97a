"""What a test draws: a case at its point of the grid, a batch, or one of few right calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.choices import Choices
from rnn_contracts.drawing.right_calls import right_calls
from rnn_contracts.drawing.sequences import Sequences, batch_of, batches
from rnn_contracts.drawing.strategies import case_of, cases
from rnn_contracts.helpers import PACKING

if TYPE_CHECKING:
    from rnn_contracts.rule_tests.rule_test import RuleTest


def strategy_of(test: RuleTest) -> st.SearchStrategy[Any]:
    """What Hypothesis draws."""
    if test.wrong:
        return st.sampled_from(right_calls_of(test))
    assert test.point is not None
    if test.kind == PACKING:
        return batches(test.point, test.device, test.drawn)
    return cases(test.point, test.device, test.drawn, _subject(test))


def made_of(test: RuleTest, choices: Choices) -> Case | Sequences | None:
    """What the test makes of choices that the tests of other rules use too."""
    assert test.point is not None
    if test.kind == PACKING:
        return batch_of(choices, test.point, test.device, test.drawn)
    return case_of(choices, test.point, test.device, test.drawn, _subject(test))


def right_calls_of(test: RuleTest) -> Sequence[Case | Sequences]:
    """The right calls that the wrong one of the test spoils."""
    assert test.wrong is not None
    return right_calls(test.kind, test.device, test.wrong, subject=_subject(test))


def _subject(test: RuleTest) -> str:
    return test.subject.name if test.subject else ""
