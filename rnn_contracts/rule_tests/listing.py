"""Which tests a statement becomes: one for each point of the grid, or each wrong call, and device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rnn_contracts.checking.subjects import Subject
from rnn_contracts.devices import has_numbers
from rnn_contracts.drawing.strategies import Draw
from rnn_contracts.drawing.wrong_calls import WRONG_CALLS
from rnn_contracts.rule_tests.rule_test import RuleTest
from rnn_contracts.rule_tests.statement import Statement
from rnn_contracts.rules import RULES, Rule
from rnn_contracts.rules.domain import Domain, values_of
from rnn_contracts.variations import GRID, GRID_OF_HELPERS, GridPoint

Subjects = Mapping[str, Subject]
_DEFAULTS = {"bias": True, "nonlinearity": "tanh", "dropout": 0.0, "dtype": "float32"}


def tests_of(statement: Statement, devices: Sequence[str], subjects: Subjects) -> list[RuleTest]:
    """The tests of torch, or of the subjects alone."""
    if statement.rule is None:
        return list(_of_wrong_calls(statement, devices, subjects))
    return list(_of_the_grid(statement, statement.rule, devices, subjects))


def devices_of(rule: Rule, devices: Sequence[str]) -> list[str]:
    """The devices of which the rule speaks."""
    types = values_of(rule.domain, "device")
    return [
        device
        for device in devices
        if has_numbers(device) or not rule.values
        if not types or device.partition(":")[0] in types
    ]


def lies_in(point: GridPoint, domain: Domain) -> bool:
    """Whether the rule of the domain speaks of layers at this point of the grid."""
    conditions = [(name, values_of(domain, name)) for name in vars(point) if name in domain]
    return all(getattr(point, name) in allowed for name, allowed in conditions)


def _of_the_grid(
    statement: Statement, rule: Rule, devices: Sequence[str], subjects: Subjects
) -> Iterator[RuleTest]:
    for device in devices_of(rule, devices):
        for point in GRID + GRID_OF_HELPERS:
            spoken_of = point.kind in rule.kinds and lies_in(point, rule.domain)
            if spoken_of and _is_checked(point.kind, subjects):
                subject = subjects.get(point.kind)
                yield RuleTest(
                    rule,
                    statement,
                    point.kind,
                    str(point).partition("-")[2],
                    device,
                    point=point,
                    drawn=_without_what_it_lacks(statement.drawn, subject),
                    slow=rule.slow,
                    # Look at one layer forward and at two of two directions before all others.
                    first_look=point.num_layers == 1 + point.bidirectional,
                    needs=(*statement.needs, *_needs(point, device)),
                    subject=subject,
                )


def _of_wrong_calls(
    statement: Statement, devices: Sequence[str], subjects: Subjects
) -> Iterator[RuleTest]:
    for wrong in WRONG_CALLS:
        # A construction knows no device.
        for device in devices[:1] if wrong.constructor else devices:
            for kind in wrong.kinds:
                if _is_checked(kind, subjects):
                    yield RuleTest(
                        RULES[wrong.rule],
                        statement,
                        kind,
                        wrong.name,
                        device,
                        wrong=wrong,
                        # Calls on meta are refused as on the CPU but for dtypes, and take ten times
                        # as long.
                        slow=device == "meta" and not wrong.constructor,
                        first_look=wrong is _FIRST[wrong.rule],
                        needs=wrong.takes if wrong.constructor else _needs(None, device),
                        subject=subjects.get(kind),
                    )


_FIRST = {wrong.rule: wrong for wrong in reversed(WRONG_CALLS)}


def _is_checked(kind: str, subjects: Subjects) -> bool:
    return kind in subjects or not subjects


def _needs(point: GridPoint | None, device: str) -> tuple[str, ...]:
    """The arguments that every layer at the point, on the device, is made with."""
    needed = {"device": device != "cpu"}
    if point:
        needed |= {"batch_first": point.batch_first, "num_layers": point.num_layers > 1}
        needed |= {"bidirectional": point.bidirectional, "proj_size": point.projection}
    return tuple(name for name, is_needed in needed.items() if is_needed)


def _without_what_it_lacks(drawn: Draw, subject: Subject | None) -> Draw:
    """Do not draw what the subject does not take."""
    if subject is None or subject.require_all:
        return drawn
    lacks = {name: value for name, value in _DEFAULTS.items() if name in subject.lacks}
    return drawn.only({**lacks, **drawn.given})
