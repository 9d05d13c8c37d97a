"""The failure of a check: a layer breaks a rule."""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass
from typing import NoReturn

import torch

from rnn_contracts import devices, machine
from rnn_contracts.drawing.drawn import Drawn
from rnn_contracts.rules import RULES, Rule

WRONG = "a wrong result"
DIED = "the process died"
RAISED = "a lawful call raised"
NAMES = "the parameters have other names"
ACCEPTED = "a wrong call was accepted"
OTHER_TYPE = "a wrong call raised another exception"
EFFECTS = (WRONG, DIED, RAISED, NAMES, ACCEPTED, OTHER_TYPE)
"""What a broken rule does to who uses the layer, the gravest first: nobody is told of a wrong number."""

EFFECT_OF_A_WRONG_CALL = {
    "accepted": ACCEPTED,
    "raised": OTHER_TYPE,
    "broken": WRONG,
    "died": DIED,
}
"""By what came of it; see ``sandbox.Outcome``. Broken is what the layer or an argument is afterwards."""

_VALUES = re.compile(r"0x[0-9a-fA-F]+|[-+]?\d[\d.,e+-]*|\[[\d, ]*\]|\([\d, ]*\)")
_FOLLOWING = re.compile(r"(?:, [^\s,]+)+")
"""What follows in a list: a stack of more layers has more parameters."""


@dataclass(frozen=True)
class Claim:
    """What a script asserts, as code in which ``$0``, ``$1`` stand for the objects.

    ``found`` is what the script says if it is not so: the inside of an f-string.
    """

    condition: str
    found: str
    objects: tuple[object, ...]


class ContractViolation(AssertionError):
    """A layer breaks a rule. ``rule_id`` names the rule; the text is the whole message.

    ``effect`` is one of ``EFFECTS``. ``found`` and ``call`` are lines of the message, ``code`` is the
    script in it. ``claim`` is what was found not to be so; it is None where something raised.
    ``device`` is where the call was made, and ``drawn`` is the case of the check. ``unlike_torch`` tells
    that a known deviation of torch is no excuse for it, since torch's own layer does otherwise.
    """

    # The name by which users import it is the one that pytest prints.
    __module__ = "rnn_contracts"

    def __init__(
        self,
        rule: Rule,
        found: str,
        call: str,
        *,
        claim: Claim | None = None,
        code: str = "",
        effect: str = WRONG,
        device: str = "cpu",
    ) -> None:
        super().__init__(message(rule, found, call, code, device))
        self.rule_id, self.found, self.call, self.device = rule.id, found, call, device
        self.claim, self.code, self.effect = claim, code, effect
        self.drawn: Drawn | None = None
        self.unlike_torch = False

    @property
    def died(self) -> bool:
        """Whether the call ended its process, or hung."""
        return self.effect == DIED

    @property
    def manner(self) -> tuple[str, str]:
        """How the rule is broken: the effect, and the type of what was raised."""
        raised = self.found.splitlines()[0].partition(" raised ")[2]
        return self.effect, raised.partition(":")[0]

    @property
    def cause(self) -> str:
        """What failures of one cause have in common: what was raised, or the rule."""
        raised = self.found.splitlines()[0].partition(" raised ")[2]
        return _VALUES.sub("#", raised) if self.effect == RAISED and raised else self.rule_id

    @property
    def difference(self) -> str:
        """The cause, and what was found in the first line, without numbers, sizes and long lists."""
        first = self.found.splitlines()[0].rpartition(" raised ")[2]
        return f"{self.cause}: {_VALUES.sub('#', _FOLLOWING.sub('', first))}"

    def add_code(self, code: str) -> None:
        """Put a script to paste into the message."""
        self.code = code
        self._write_message()

    def add_line(self, line: str) -> None:
        """Put a line below the call into the message."""
        self.call = f"{self.call}\n  {line}"
        self._write_message()

    def refer_to(self, test: str) -> None:
        """Name the test whose message has the script of this cause, in the place of one of its own."""
        self.code = ""
        self.add_line(f"found as in {test}, whose message has a script")

    def let_go(self) -> ContractViolation:
        """Keep no layer or tensor alive: a test that waits for its end has the violation till then."""
        self.claim = None
        self.__cause__ = self.__context__ = None
        return self.with_traceback(None)

    def empty_frames(self) -> None:
        """Keep no layer alive, but the lines where it was raised, by which Hypothesis knows it."""
        self.claim = None
        for error in (self, self.__cause__, self.__context__):
            if error:
                traceback.clear_frames(error.__traceback__)

    def _write_message(self) -> None:
        rule = RULES[self.rule_id]
        self.args = (message(rule, self.found, self.call, self.code, self.device),)


def message(rule: Rule, found: str, call: str, code: str, device: str = "cpu") -> str:
    """The rule, what was found, the call, the machine, code to paste if there is any, and the source."""
    reproduce = f"   reproduce:\n{code}" if code else ""
    return (
        f"{rule.id}\n"
        f"  {rule.sentence}\n"
        f"  {found}\n"
        f"  {call}\n"
        f"  on {machine.as_line(machine.facts(device))}\n"
        f"  torch {torch.__version__}{reproduce}\n"
        f"  see {rule.source}"
    )


def violated(
    rule_id: str,
    case: Drawn,
    found: str,
    claim: Claim | None = None,
    *,
    call: bool = True,
    cause: Exception | None = None,
    effect: str = WRONG,
) -> NoReturn:
    """Raise the violation of a case; without memory there is no telling, and ``cause`` is raised."""
    __tracebackhide__ = True
    described = case.describe(call=call)
    if cause:
        if devices.is_out_of_memory(cause):
            raise cause
        effect = DIED if devices.is_lost(cause) else RAISED
    raise ContractViolation(
        RULES[rule_id], found, described, claim=claim, effect=effect, device=case.device
    ) from cause
