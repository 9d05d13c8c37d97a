"""Which check a test is given: of a layer, of several calls of it, or of the helpers of packing."""

from __future__ import annotations

from rnn_contracts.checking.check import Check
from rnn_contracts.checking.packing import Packing
from rnn_contracts.checking.run import Run
from rnn_contracts.checking.subjects import Subject
from rnn_contracts.checking.trial import Trial
from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.sequences import Sequences
from rnn_contracts.rules import Rule


def check_of(
    rule: Rule, drawn: Case | Sequences, run: Run, subject: Subject | None, *, trial: bool
) -> Check | Packing:
    """The check, or the trial, of what was drawn."""
    if isinstance(drawn, Sequences):
        return Packing(rule, drawn, run)
    return (Trial if trial else Check)(rule, drawn, run, subject)
