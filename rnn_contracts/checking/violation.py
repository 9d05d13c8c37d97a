"""The failure of a check: a layer breaks a rule."""

from __future__ import annotations

from typing import NoReturn

import torch

from rnn_contracts import machine
from rnn_contracts.drawing.case import Case
from rnn_contracts.rules import RULES, Rule


class ContractViolation(AssertionError):
    """A layer breaks a rule. ``rule_id`` names the rule; the text is the whole message.

    ``died`` tells that the call ended its process, or hung.
    """

    # The name by which users import it is the one that pytest prints.
    __module__ = "rnn_contracts"

    def __init__(self, rule_id: str, message: str, *, died: bool = False) -> None:
        super().__init__(message)
        self.rule_id = rule_id
        self.died = died


def message(rule: Rule, found: str, call: str, code: str) -> str:
    """The rule, what was found, the call, the machine, code to paste if there is any, and the source."""
    reproduce = f"   reproduce:\n{code}" if code else ""
    return (
        f"{rule.id}\n"
        f"  {rule.sentence}\n"
        f"  {found}\n"
        f"  {call}\n"
        f"  on {machine.as_line(machine.facts())}\n"
        f"  torch {torch.__version__}{reproduce}\n"
        f"  see {rule.source}"
    )


def violated(
    rule_id: str,
    case: Case,
    found: str,
    *,
    show: str,
    call: bool = True,
    cause: Exception | None = None,
) -> NoReturn:
    """Raise the violation of a case; without ``show`` its message has no code to paste."""
    __tracebackhide__ = True
    code = case.snippet(show, call=call) if show else ""
    text = message(RULES[rule_id], found, case.describe(call=call), code)
    raise ContractViolation(rule_id, text) from cause
