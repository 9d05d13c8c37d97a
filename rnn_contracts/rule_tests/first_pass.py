"""A first pass over cases that Hypothesis has drawn for all rules: most tests need no other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import hypothesis

from rnn_contracts.checking import subjects
from rnn_contracts.checking.run import Run
from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.choices import Choices, KeptChoices
from rnn_contracts.drawing.sequences import Sequences
from rnn_contracts.rule_tests.drawn import made_of, right_calls_of
from rnn_contracts.rule_tests.examples import SOON, examples_of
from rnn_contracts.rule_tests.tally import Tally

if TYPE_CHECKING:
    from rnn_contracts.rule_tests.rule_test import RuleTest


def holds(test: RuleTest, run: Run, seed: object, *, database: bool = True) -> bool:
    """Whether the rule holds in as many cases as the test asks for, and nothing is left to be drawn.

    Where it does not, the test has ``seen`` why, and its Hypothesis test draws the case again and
    shrinks it. That also draws more where too few could be checked. Where the device was lost, the
    violation is raised. With ``database`` what failed is kept in that of the Hypothesis profile.
    """
    test.seen = None  # It may be that of an earlier run of the test.
    if seed is None or test.pinned or subjects.lacking(test.subject, test.needs):
        # Without a seed for the run, Hypothesis chooses one for each test.
        return False
    test.tally, avoided = Tally(), test.avoided(run)
    kept = KeptChoices(test.name, hypothesis.settings().database if database else None)
    again = [*kept]
    cases = _right_calls(test) if test.wrong else _drawn(test, run, seed, again)
    left = examples_of(test)
    for choices, case in cases:
        try:
            left -= test.try_case(case, run, avoided)
        except Exception as error:
            if test.tally.lost:
                # Nothing can be drawn again on a device that is lost.
                raise
            # Nothing is hidden: it is raised at the end of the test, if Hypothesis raises nothing.
            test.seen = error
            if choices:
                kept.keep(choices)
            return False
        if choices and choices in again:
            kept.drop(choices)
        if left == 0:
            return True
    return test.wrong is not None


def _right_calls(test: RuleTest) -> Iterator[tuple[None, Case | Sequences]]:
    """All right calls that the wrong one of the test spoils."""
    return ((None, call) for call in right_calls_of(test))


def _drawn(
    test: RuleTest, run: Run, seed: object, again: list[Choices]
) -> Iterator[tuple[Choices, Case | Sequences]]:
    """What failed before, then enough of what the rules share, and some in the place of others."""
    shared = itertools.islice(run.choices.of(test.place(seed)), examples_of(test) + SOON)
    for choices in itertools.chain(again, shared):
        if case := made_of(test, choices):
            yield choices, case
