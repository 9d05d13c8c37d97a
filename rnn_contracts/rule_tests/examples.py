"""How many examples a test has, and Hypothesis's settings for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity

from rnn_contracts.devices import has_numbers
from rnn_contracts.drawing.choices import AT_A_TIME
from rnn_contracts.helpers import PACKING
from rnn_contracts.layer import CELLS

if TYPE_CHECKING:
    from rnn_contracts.rule_tests.rule_test import RuleTest

NIGHTLY, QUICK = "nightly", "quick"
SOON = 16
"""After so many cases that could not be checked, no other is drawn in their place."""
_SLOW = 8
_FEW = 2

for _profile, _examples in ((NIGHTLY, 5000), (QUICK, 12)):
    try:
        hypothesis.settings.get_profile(_profile)
    except hypothesis.errors.InvalidArgument:
        hypothesis.settings.register_profile(
            _profile, hypothesis.settings.get_profile("default"), max_examples=_examples
        )


def is_nightly() -> bool:
    """Whether slow tests are run."""
    return hypothesis.settings.get_current_profile_name() == NIGHTLY


def examples_of_a_point() -> int:
    """Examples of a shape rule at one point of the grid: 8 for 100 that the profile asks for."""
    return max(1, hypothesis.settings().max_examples * 8 // 100)


def settings_of(test: RuleTest, *, database: bool) -> hypothesis.settings:
    """Those of the Hypothesis profile, without what is of no use here."""
    current = hypothesis.settings()
    settings = hypothesis.settings(
        current,
        # To draw again what raised takes as many examples as were drawn then.
        max_examples=max(examples_of(test), AT_A_TIME) if test.seen else examples_of(test),
        deadline=None,
        # Report one bug at a time, so that messages of two violations are not mixed.
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        # Explaining a failure reruns it often, to say less than the message does.
        phases=[phase for phase in current.phases if phase is not Phase.explain],
    )
    if current.verbosity == Verbosity.normal:
        # The message of a violation has the minimal case already.
        settings = hypothesis.settings(settings, verbosity=Verbosity.quiet)
    if test.pinned:
        settings = hypothesis.settings(settings, phases=[Phase.generate])
    if test.pinned or not database:
        settings = hypothesis.settings(settings, database=None)
    return settings


def examples_of(test: RuleTest) -> int:
    """How many: more where a point stands alone, fewer where they cost much or vary little."""
    examples = examples_of_a_point()
    if test.pinned:
        return 1
    if test.rule.tool:
        # What a tool makes of a layer takes seconds.
        return _FEW
    if test.slow:
        # Compiling a layer takes a second or more.
        examples = min(examples, _SLOW)
    if test.point is None:
        # Try all of the few right calls that there are.
        return max(examples, 16)
    if test.kind == PACKING:
        # There are two points, many options, and a call takes microseconds.
        examples *= 30
    elif test.kind in CELLS:
        examples *= 20 if test.rule.family == "shape" else 10
    if test.point.num_layers > 3:
        # The deepest stacks take more time than all others together.
        examples //= 2
    if test.rule.family != "shape":
        examples //= 2
    if not has_numbers(test.device) or test.drawn.without_numbers:
        examples //= 4
    # A test that is known to fail ends where it does, and must find the failure.
    return max(SOON if test.known.expected and not test.slow else 1, examples)
