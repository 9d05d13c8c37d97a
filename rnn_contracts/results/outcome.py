"""What came of one test of a rule, and how a JUnit report has it as properties of the test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Properties = list[tuple[str, object]]

PASSED, FAILED, KNOWN, FIXED = "passed", "failed", "known failure", "fixed"
DIFFERS, NOT_SUPPORTED, NOT_CHECKED = "differs", "not supported", "not checked"
STATES = (PASSED, FAILED, KNOWN, FIXED, DIFFERS, NOT_SUPPORTED, NOT_CHECKED)

_LINKED = re.compile(r"(.*?)(?: \((https://[^\s()<>|]+)\))?", re.DOTALL)


@dataclass(frozen=True)
class Outcome:
    """What came of one test.

    state         one of ``STATES``; ``fixed`` is a known failure that no longer happens, and a subject
                  ``differs`` from torch in a rule that torch does not document
    broken        the rule that a violation names, which may be another than that of the test
    known         why the failure is known, each reason with the link to its upstream issue or ""
    refusals      the types of the exceptions by which wrong calls were refused
    unsupported   what the subject does not support, of which nothing was checked
    examples      cases that were checked
    message       the message of the violation, where the test did not fail of it
    errors        what wrong calls raised: the type and the message, one of each wording. Outcomes that
                  differ in them alone are the same: torch may word a refusal anew
    """

    state: str
    broken: str = ""
    known: Mapping[str, str] = field(default_factory=dict)
    refusals: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()
    examples: int = 0
    message: str = ""
    errors: tuple[str, ...] = field(default=(), compare=False)

    def as_properties(self) -> Properties:
        """The properties that a report has of it."""
        properties: Properties = [("outcome", self.state), ("examples", self.examples)]
        if self.broken:
            properties.append(("broken", self.broken))
        properties += [
            ("known failure", f"{reason} ({link})" if link else reason)
            for reason, link in self.known.items()
        ]
        properties += [("refusal", name) for name in self.refusals]
        properties += [("unsupported", what) for what in self.unsupported]
        if self.message:
            properties.append(("message", self.message))
        properties += [("error", text) for text in self.errors]
        return properties

    def merged_with(self, other: Outcome) -> Outcome:
        """The outcome of two parts of one test: the worse state, and all that is known."""
        worst_first = (FAILED, NOT_CHECKED, KNOWN, DIFFERS, FIXED, PASSED, NOT_SUPPORTED)
        return Outcome(
            min(self.state, other.state, key=worst_first.index),
            self.broken or other.broken,
            {**self.known, **other.known},
            tuple(sorted({*self.refusals, *other.refusals})),
            tuple(sorted({*self.unsupported, *other.unsupported})),
            self.examples + other.examples,
            self.message or other.message,
            tuple(sorted({*self.errors, *other.errors})),
        )


def from_properties(properties: Iterable[tuple[str, object]]) -> Outcome:
    """The outcome in the properties of a test; a test that tells of none was not checked."""
    values: dict[str, list[str]] = {}
    for name, value in properties:
        values.setdefault(name, []).append(str(value))
    states = values.get("outcome", [])
    examples = values.get("examples", ["0"])[-1]
    return Outcome(
        state=states[-1] if len(states) == 1 and states[-1] in STATES else NOT_CHECKED,
        broken=values.get("broken", [""])[-1],
        known=dict(_parted(text) for text in values.get("known failure", [])),
        refusals=tuple(values.get("refusal", [])),
        unsupported=tuple(values.get("unsupported", [])),
        examples=int(examples) if re.fullmatch(r"\d{1,18}", examples) else 0,
        message=values.get("message", [""])[-1],
        errors=tuple(values.get("error", [])),
    )


def _parted(text: str) -> tuple[str, str]:
    """The reason and its link."""
    found = _LINKED.fullmatch(text)
    assert found is not None
    return found[1], found[2] or ""
