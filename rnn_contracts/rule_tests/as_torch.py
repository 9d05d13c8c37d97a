"""Whether a layer of somebody else does what is known of torch's own: it excuses no other fault."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rnn_contracts.checking import surroundings
from rnn_contracts.checking.violation import RAISED, ContractViolation
from rnn_contracts.drawing.case import Case
from rnn_contracts.rule_tests.known_failures import KnownFailures
from rnn_contracts.rule_tests.tally import Tally
from rnn_contracts.rules import ACCEPTING

if TYPE_CHECKING:
    from rnn_contracts.checking.run import Run
    from rnn_contracts.deviations import Deviation
    from rnn_contracts.rule_tests.rule_test import RuleTest


def happens(test: RuleTest, entry: Deviation, run: Run) -> bool:
    """Whether the subject does as the entry says in the simplest call that the entry is about."""
    # To ask of the others whether they happen would ask each of them of all others again.
    fatal = tuple(pair for pair in test.known.avoided if pair[0].dies and pair[0] is not entry)
    test = replace(test.pinned_to(entry), known=KnownFailures((entry,), avoided=fatal))
    with surroundings.usual(run.threads):
        try:
            # What another test has shown would not be raised again.
            test.drawing(replace(run, shown={}), None, database=False)()
        except ContractViolation as error:
            # A law that makes the call by itself names itself where the call raises.
            raised = error.effect == RAISED and entry.rule in ACCEPTING
            excused = error.rule_id == entry.rule or raised
            return excused and not differs(test, entry, error, run)
    return test.tally.known is not None


def differs(test: RuleTest, entry: Deviation, violation: ContractViolation, run: Run) -> bool:
    """Whether torch's own layer holds in the case of the violation, or breaks its rule otherwise."""
    case = violation.drawn
    if not isinstance(case, Case) or not test.subject or entry.subject:
        return False
    if entry.dies or violation.died:
        # The call of torch's own layer would end this process.
        return not entry.undefined and entry.dies != violation.died
    try:
        own_test = replace(test, subject=None, tally=Tally())
        own_test.check_case(replace(case, subject=""), run)
    except ContractViolation as own:
        may_vary = entry.undefined and own.effect != violation.effect
        return own.manner != violation.manner and not may_vary
    return not entry.undefined
