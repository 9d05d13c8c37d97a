"""What came of one run of a test."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

import pytest

from rnn_contracts.checking.violation import ContractViolation
from rnn_contracts.deviations import Deviation
from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.sequences import Sequences
from rnn_contracts.rule_tests.known_failures import KnownFailures

_SHRINKING = 10
"""Seconds for which Hypothesis may shrink a failure. Its own limit is 300, too long for a slow layer."""


@dataclass
class Tally:
    """What came of one run of a test."""

    examples: int = 0
    comparisons: int = 0
    passed_over: int = 0
    unsupported: set[str] = field(default_factory=set)
    refusals: set[str] = field(default_factory=set)
    errors: dict[str, str] = field(default_factory=dict)
    """The first message of each wording, by the wording."""
    avoided: dict[str, Deviation] = field(default_factory=dict)
    known: ContractViolation | None = None
    """A violation that is known, and is raised at the end of the test."""
    difference: ContractViolation | None = None
    """A violation by a subject of a rule that torch does not document."""
    raised: dict[Case | Sequences, ContractViolation] = field(default_factory=dict)
    """The violations that were raised, by their cases."""
    shrinks_until: float = math.inf
    seeds: set[int] = field(default_factory=set)
    repeated: ContractViolation | None = None
    """A violation of which another test has the simplest call and a script."""
    lost: ContractViolation | None = None
    """The violation by which the device was lost: all that follows on it raises."""
    out_of_memory: str = ""
    """What was raised where the device had no memory left: nothing is known then."""

    def note_raised(self, case: Case | Sequences, violation: ContractViolation) -> None:
        """Note that the case fails, which Hypothesis begins to shrink."""
        if not self.raised:
            self.shrinks_until = time.monotonic() + _SHRINKING
        for earlier in self.raised.values():
            earlier.empty_frames()
        self.raised[case] = violation

    def is_shrunk(self, case: Case | Sequences) -> bool:
        """Whether the time to shrink is over; a case that failed then fails again without a call."""
        __tracebackhide__ = True
        if time.monotonic() <= self.shrinks_until:
            return False
        if case in self.raised:
            raise self.raised[case]
        return True

    def fail_if_out_of_memory(self, rule_id: str, device: str) -> None:
        """Fail the test: what ran before the memory was used up may have been right or wrong."""
        if self.out_of_memory:
            found = f"there is no memory left on {device}, so that nothing is known of it"
            pytest.fail(f"{rule_id}: {found}: {self.out_of_memory}", pytrace=False)

    def fail_if_nothing_was_checked(
        self, rule_id: str, known: KnownFailures, *, pinned: bool
    ) -> None:
        """Fail, skip or expect to fail a test that had nothing to check."""
        __tracebackhide__ = True
        if not self.examples:
            if self.unsupported:
                pytest.skip(f"not supported: {', '.join(sorted(self.unsupported))}")
            met = known.entry_of(self.known) if self.known else None
            if met or self.avoided:
                pytest.xfail("; ".join([str(met)] if met else self.avoided))
        if not self.comparisons and not pinned:
            pytest.fail(f"{rule_id}: the test passed and checked nothing", pytrace=False)
