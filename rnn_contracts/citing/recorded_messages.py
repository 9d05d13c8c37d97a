"""The recorded messages: what torch raised of wrong calls in recorded runs, and on which releases.

They are data, ``rnn_contracts/recorded_messages.json``. ``docs/recorded_messages.py`` makes that file
out of the reports of real runs. It has

releases    the releases of torch that were run
messages    each wording, with # in the place of sizes and dtypes

and of a wording

example     a message as torch wrote it, its first line
raised      by rule and by class or helper the releases that raised it, or ``"every release"``
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rnn_contracts.citing import json_file
from rnn_contracts.citing.json_file import as_list, as_mapping, in_lines
from rnn_contracts.messages import wording

FILE = Path(__file__).parents[1] / "recorded_messages.json"
EVERY_RELEASE = "every release"

Raised = Mapping[str, Mapping[str, tuple[str, ...]]]
"""The releases by rule, then by class or helper."""


@dataclass(frozen=True)
class RecordedMessage:
    """A message, and where it was raised; ``example`` is its first line."""

    example: str
    raised: Raised

    @property
    def wording(self) -> str:
        """The message with ``#`` in the place of sizes and dtypes."""
        return wording(self.example)


@dataclass(frozen=True)
class RecordedMessages:
    """All recorded messages; ``releases`` are those of torch that were run, from the oldest on."""

    releases: tuple[str, ...] = ()
    messages: tuple[RecordedMessage, ...] = ()


@functools.cache
def of_package() -> RecordedMessages:
    """The messages that come with the package; ``ValueError`` says in one line why there are none."""
    return read(FILE)


def read(path: Path) -> RecordedMessages:
    """The messages in a file; ``ValueError`` says in one line why there are none."""
    return json_file.read(path, from_text)


def from_text(text: str) -> RecordedMessages:
    """The messages in the text of a file; ``ValueError`` if it is not like that."""
    data = as_mapping(json.loads(text))
    every = tuple(map(json_file.as_text, as_list(data.get("releases"))))
    messages = []
    for value in as_mapping(data.get("messages")).values():
        entry = as_mapping(value)
        raised = {
            rule: {name: _releases(on, every) for name, on in as_mapping(classes).items()}
            for rule, classes in as_mapping(entry.get("raised")).items()
        }
        messages.append(RecordedMessage(json_file.as_text(entry.get("example")), raised))
    return RecordedMessages(every, tuple(messages))


def as_text(recorded: RecordedMessages) -> str:
    """The text of a file: sorted, and broken into lines that a diff can show."""
    messages = {
        message.wording: {
            "example": message.example,
            "raised": {
                rule: {
                    name: EVERY_RELEASE if {*on} == {*recorded.releases} else [*on]
                    for name, on in sorted(classes.items())
                }
                for rule, classes in sorted(message.raised.items())
            },
        }
        for message in sorted(recorded.messages, key=lambda it: it.wording)
    }
    return in_lines({"releases": [*recorded.releases], "messages": messages}) + "\n"


def _releases(value: object, every: tuple[str, ...]) -> tuple[str, ...]:
    if value == EVERY_RELEASE:
        return every
    releases = tuple(map(json_file.as_text, as_list(value)))
    if not releases or not {*releases} <= {*every}:
        raise ValueError("a message names releases that are not among them")
    return releases
