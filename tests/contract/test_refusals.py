"""What must be refused, and what must be warned of.

A refusal is a ValueError, RuntimeError or TypeError. Whatever else happens is a violation: the wrong
call is accepted, kills the process, hangs, or raises something that is no argument error.
"""

from typing import Any

from rnn_contracts.checking.check import Check
from rnn_contracts.checking.packing import Packing
from rnn_contracts.rule_tests.statement import rule_test, wrong_calls


@wrong_calls
def test_refused(check: Check | Packing, wrong: Any) -> None:
    """A wrong call or construction raises a refusal, and leaves all as it was."""
    check.assert_refused(wrong)


@rule_test(build_only=True)
def test_dropout_of_one_layer_warned(check: Check) -> None:
    """A UserWarning for one layer, none for a stack."""
    check.assert_warned(due=check.case.layer.num_layers == 1)
