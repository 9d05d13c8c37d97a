"""What a failed test shows: the simplest call that fails, and a script that was seen to fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis

from rnn_contracts.checking import script
from rnn_contracts.checking.recording import Recording
from rnn_contracts.checking.run import Run
from rnn_contracts.checking.subjects import NotSupported, Subject
from rnn_contracts.checking.violation import ContractViolation
from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.sequences import Sequences, simplest_batch
from rnn_contracts.drawing.simpler import simplest_case
from rnn_contracts.drawing.strategies import Draw
from rnn_contracts.rules import RULES

CheckCase = Callable[[Any, Run], None]


def simplest(violation: ContractViolation, draw: Draw, check: CheckCase) -> ContractViolation:
    """The violation in the simplest call that breaks the rule, which may be this one."""
    if not _can_be_made_again(violation):
        return violation
    found = violation

    def fails(case: Any) -> bool:
        nonlocal found
        try:
            check(case, Run())
        except ContractViolation as again:
            if again.rule_id != violation.rule_id or again.died:
                return False
            found, again.drawn, again.unlike_torch = again, case, violation.unlike_torch
            return True
        except (Exception, NotSupported):
            # It is not what the message is about.
            return False
        return False

    assert violation.drawn is not None
    if isinstance(violation.drawn, Sequences):
        simplest_batch(violation.drawn, draw, fails)
        return found
    assert isinstance(violation.drawn, Case)
    # Sizes that differ show which axis is which.
    of_shapes = RULES[violation.rule_id].family in ("shape", "parameter")
    simplest_case(violation.drawn, draw, fails, sizes=not of_shapes)
    return found


def add_script(violation: ContractViolation, check: CheckCase, subject: Subject | None) -> None:
    """Make the check again, and add a script that is seen to fail as it did."""
    if not _can_be_made_again(violation):
        return
    assert violation.drawn is not None
    constructors = {violation.drawn.callee: subject.constructor} if subject else {}
    recording = Recording()
    try:
        with recording:
            check(violation.drawn, Run(recorder=recording))
    except ContractViolation as again:
        for code in recording.scripts(again.claim, again.found):
            if script.fails(code, again.found, constructors):
                violation.add_code(code)
                return
    except (Exception, NotSupported):  # noqa: S110
        # The test has failed already. What is wrong with the script must not hide why.
        pass


def made_again(seen: Exception, check: CheckCase) -> Exception:
    """What the call of a violation raises once more, or the violation, which happens now and then."""
    if not isinstance(seen, ContractViolation) or seen.drawn is None:
        return seen
    try:
        check(seen.drawn, Run())
    except ContractViolation as again:
        again.drawn, again.unlike_torch = seen.drawn, seen.unlike_torch
        return again
    except NotSupported:
        # It was supported before, so the layer does otherwise now and then.
        pass
    seen.add_line(_NOW_AND_THEN)
    return seen


_NOW_AND_THEN = "the same call did not do it again: it happens now and then"


def unrepeated(error: hypothesis.errors.FlakyFailure) -> Exception:
    """The violation that did not happen again in the same call, as on a device that races."""
    found = [inner for inner in error.exceptions if isinstance(inner, ContractViolation)]
    if not found:
        return error
    found[0].add_line(_NOW_AND_THEN)
    return found[0]


def _can_be_made_again(violation: ContractViolation) -> bool:
    """Whether the check can be made once more in this process, and has no script yet."""
    return not (violation.code or violation.died or violation.drawn is None)
