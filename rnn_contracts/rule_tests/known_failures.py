"""What is known of one test: which calls it leaves out, and as what pytest marks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from rnn_contracts.checking.violation import ContractViolation
from rnn_contracts.deviations import Deviation
from rnn_contracts.rules import RULES, Rule

Properties = Mapping[str, object]


@dataclass(frozen=True)
class KnownFailures:
    """The known deviations of one test, by what they mean for it.

    expected    any call of the test may break its rule, or every call breaks another rule
    elsewhere   the rule of the entry is broken, which this test may meet; such a call is left out
    avoided     calls that are not made, since they are known to break a rule: the entry, and what the
                calls are like
    pinned      those of the avoided that are about the rule of this test: each has a test of its own
    """

    expected: tuple[Deviation, ...] = ()
    elsewhere: tuple[Deviation, ...] = ()
    avoided: tuple[tuple[Deviation, Properties], ...] = ()
    pinned: tuple[Deviation, ...] = ()

    def of_its_rule(self, rule: Rule) -> list[Deviation]:
        """The entries that are about the rule of the test."""
        return [entry for entry in (*self.expected, *self.pinned) if entry.rule == rule.id]

    def entry_of(self, violation: ContractViolation) -> Deviation | None:
        """The entry by which the violation is known."""
        entries = () if violation.unlike_torch else (*self.expected, *self.elsewhere)
        return next((entry for entry in entries if entry.rule == violation.rule_id), None)


def sort(
    rule: Rule,
    given: Properties,
    entries: Sequence[Deviation],
    *,
    builds_only: bool,
    of_a_subject: bool,
) -> KnownFailures:
    """Sort the entries that concern a test of the rule, whose cases all have what is ``given``."""
    expected, elsewhere, avoided, pinned = [], [], [], []
    limits = [entry for entry in entries if entry.limit]
    for entry in entries:
        # Skip what this test can never draw, and what is said of calls that cannot be made at all.
        possible = all(given.get(name, value) == value for name, value in entry.when.items())
        covered = any(
            limit is not entry and limit.when.items() <= {**given, **entry.when}.items()
            for limit in limits
        )
        if entry.quote or not possible or covered:
            continue
        if entry.rule == rule.id:
            if entry.when:
                avoided.append((entry, entry.when))
                pinned.append(entry)
            else:
                expected.append(entry)
            continue
        when = entry.makes_uncheckable(rule)
        if builds_only and entry.rule != "constructor-accepts":
            when = None
        if when is None or not when:
            # Tests of refusals break their own rule alone.
            if not entry.when and RULES[entry.rule].family != "refusal":
                elsewhere.append(entry)
        elif when.items() <= given.items() and must_happen(entry, of_a_subject=of_a_subject):
            expected.append(entry)
        else:
            avoided.append((entry, when))
    return KnownFailures(tuple(expected), tuple(elsewhere), tuple(avoided), tuple(pinned))


def must_happen(entry: Deviation, *, of_a_subject: bool) -> bool:
    """Whether the deviation has to happen.

    A subject may do right what torch's own layer does wrong, and what was only read may not be so.
    """
    return not entry.unmeasured and (bool(entry.subject) or not of_a_subject)


def mark(known: KnownFailures, rule: Rule, *, of_a_subject: bool) -> pytest.MarkDecorator | None:
    """The mark by which pytest judges the test; None if nothing is known of its rule."""
    if not known.expected:
        return None

    def is_known(violation: BaseException) -> bool:
        if not isinstance(violation, ContractViolation):
            return False
        entry = known.entry_of(violation)
        return entry is not None and (entry.undefined or violation.died == entry.dies)

    first = known.expected[0]
    own = [entry for entry in known.expected if entry.rule == rule.id]
    return pytest.mark.xfail(
        raises=pytest.RaisesExc(ContractViolation, check=is_known),
        strict=any(
            must_happen(entry, of_a_subject=of_a_subject) and not entry.undefined for entry in own
        ),
        # Where every call breaks another rule, nothing can be checked of this one.
        run=own == [*known.expected],
        reason=f"{first.rule}: {first.reason} ({first.origin})",
    )
