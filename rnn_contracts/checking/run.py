"""What one run of the suite owns beside its tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from rnn_contracts.checking.calls import Observation
from rnn_contracts.checking.recorder import Recorder
from rnn_contracts.checking.sandbox import Sandboxes
from rnn_contracts.checking.violation import ContractViolation
from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.choices import DrawnChoices
from rnn_contracts.drawing.drawn import Drawn


class Notes(Protocol):
    """Writes down what is about to be called, for who finds the process dead."""

    def write(self, rule_id: str, case: Drawn) -> None:
        """Note that this call is made for a check of that rule."""

    def end(self, rule_id: str, case: Drawn, found: str) -> None:
        """Note how the call ended what can be done in this process, and end it if another goes on."""


class NoNotes:
    """Writes nothing: nobody would read it."""

    def write(self, rule_id: str, case: Drawn) -> None:
        """Write nothing."""

    def end(self, rule_id: str, case: Drawn, found: str) -> None:
        """Go on: there is no other process."""


@dataclass
class ObservedCalls:
    """The calls that the tests of one place have made: they draw the same cases."""

    place: object = None
    calls: dict[Case, Observation] = field(default_factory=dict)

    def begin(self, place: object) -> None:
        """Forget the calls, unless they are those of this place; None is never the same place."""
        if place is None or place != self.place:
            self.calls.clear()
        self.place = place


@dataclass
class Run:
    """What the checks of one run share: a recorder, child processes, choices, calls, and notes.

    ``shown`` names the test that shows a difference of a kind of layer.

    ``lost`` says how an accelerator was lost, on which nothing can be computed any more.

    ``threads`` is the number of threads that torch may use. It is one by default, since on small layers
    more threads cost more than they give, and xdist uses the cores.
    """

    threads: int = 1
    recorder: Recorder = field(default_factory=Recorder)
    sandboxes: Sandboxes = field(default_factory=Sandboxes)
    choices: DrawnChoices = field(default_factory=DrawnChoices)
    observed: ObservedCalls = field(default_factory=ObservedCalls)
    notes: Notes = field(default_factory=NoNotes)
    lost: str = ""
    shown: dict[tuple[str, str], str] = field(default_factory=dict)

    def shown_in(self, kind: str, violation: ContractViolation) -> str:
        """The name of the test whose message has a script of the same difference, or ""."""
        return self.shown.get((kind, violation.difference), "")
