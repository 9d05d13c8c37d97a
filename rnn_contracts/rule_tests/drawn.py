"""What a test draws: a case at its point of the grid, a batch, or one of few right calls."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.choices import Choices
from rnn_contracts.drawing.right_calls import right_calls
from rnn_contracts.drawing.sequences import Sequences, batch_of, batches
from rnn_contracts.drawing.strategies import case_of, cases
from rnn_contracts.helpers import PACKING
from rnn_contracts.rule_tests.examples import SOON, examples_of

if TYPE_CHECKING:
    from rnn_contracts.rule_tests.rule_test import RuleTest


def strategy_of(test: RuleTest) -> st.SearchStrategy[Any]:
    """What Hypothesis draws."""
    if test.wrong:
        return st.sampled_from(_right_calls(test))
    assert test.point is not None
    if test.kind == PACKING:
        return batches(test.point, test.device, test.drawn)
    return cases(test.point, test.device, test.drawn, _subject(test))


def first_cases(
    test: RuleTest, choices: Iterable[Choices]
) -> tuple[Iterator[Case | Sequences], int]:
    """What the test makes of choices that those of other rules use too, and of how many it asks.

    There are a few more, in the place of cases that cannot be checked. Of a wrong call they are all
    right calls that it spoils.
    """
    if test.wrong:
        calls = _right_calls(test)
        return iter(calls), len(calls)
    asked = examples_of(test)
    return _made_of(test, itertools.islice(choices, asked + SOON)), asked


def _made_of(test: RuleTest, choices: Iterable[Choices]) -> Iterator[Case | Sequences]:
    assert test.point is not None
    for drawn in choices:
        if test.kind == PACKING:
            yield batch_of(drawn, test.point, test.device, test.drawn)
        elif case := case_of(drawn, test.point, test.device, test.drawn, _subject(test)):
            yield case


def _right_calls(test: RuleTest) -> Sequence[Case | Sequences]:
    assert test.wrong is not None
    return right_calls(test.kind, test.device, test.wrong, subject=_subject(test))


def _subject(test: RuleTest) -> str:
    return test.subject.name if test.subject else ""
