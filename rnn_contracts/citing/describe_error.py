"""Tell what a message of torch means: ``rnn-contracts why``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import NamedTuple

from rnn_contracts.citing import recorded_messages
from rnn_contracts.citing.citations import SITE
from rnn_contracts.citing.describe_runs import spans
from rnn_contracts.citing.recorded_messages import RecordedMessage, RecordedMessages
from rnn_contracts.citing.recorded_runs import age
from rnn_contracts.citing.tables import columns
from rnn_contracts.messages import MESSAGES, Message, wording
from rnn_contracts.rules import RULES

NOT_RECORDED = "by no call of the recorded runs, in these words"

_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_SIZES = re.compile(r"size \((\d[\d, ]*)\), got [\[(](\d[\d, ]*)[\])]")
_AXES = ("D*num_layers", "N", "H")


class Found(NamedTuple):
    """A message that stands in a text, and its words there."""

    message: Message
    words: str

    @property
    def wording(self) -> str:
        """The words, without sizes and dtypes."""
        return wording(self.words)


def why(text: str) -> str:
    """Return what the last message in a text means, as ``rnn-contracts why`` prints it.

    The text is a message or a whole traceback. ``ValueError`` says in one line that no recurrent layer
    raises it.
    """
    found = find(text)
    if found is None:
        raise ValueError(_unknown(text))
    message = found.message
    facts = {
        "means": [message.means],
        "here": sizes(found.words),
        "causes": message.causes,
        "mend": message.mend.splitlines(),
        "rules": columns(
            [(RULES[rule].says, f"rnn-contracts explain {rule}") for rule in message.rules]
        )
        if message.rules
        else [],
        "raised": where(found),
        "page": [f"{SITE}errors.html#{message.id}"],
    }
    rows = [
        ("" if number else name, line)
        for name, lines in facts.items()
        for number, line in enumerate(lines)
    ]
    return "\n".join([message.id, found.words, "", *columns(rows)])


def find(text: str) -> Found | None:
    """The last message in the text that is known, by the first entry that fits it."""
    text = _plain(text)
    last: tuple[int, Found] | None = None
    for message in MESSAGES:
        for match in re.finditer(message.pattern, text):
            if last is None or match.end() > last[0]:
                last = match.end(), Found(message, match[0])
    return last and last[1]


def sizes(words: str) -> list[str]:
    """What is wrong with the sizes that a message about a state names.

    >>> sizes("Expected hidden[0] size (2, 4, 8), got [4, 2, 8]")
    ['(D*num_layers, N, H) must be (2, 4, 8) and is (4, 2, 8): N and D*num_layers are exchanged']
    """
    named = _SIZES.search(words)
    if not named:
        return []
    due, got = (tuple(int(size) for size in re.findall(r"\d+", part)) for part in named.groups())
    if len(due) != len(_AXES):
        return []
    if len(got) != len(due):
        wrong = f"it has {len(got)} axes"
    elif got == (due[1], due[0], due[2]) and got != due:
        wrong = "N and D*num_layers are exchanged"
    else:
        axes = zip(_AXES, due, got, strict=True)
        wrong = ", ".join(f"{axis} is {b} and not {a}" for axis, a, b in axes if a != b)
    return [f"({', '.join(_AXES)}) must be {due} and is {got}: {wrong}"]


def where(found: Found) -> list[str]:
    """On which releases which classes and helpers raised it in the recorded runs."""
    try:
        recorded = recorded_messages.of_package()
    except ValueError as error:
        return [str(error)]
    same = answered(recorded).get(found.message.id, {}).get(found.wording, [])
    return raised_by(same, recorded) or [NOT_RECORDED]


def answered(recorded: RecordedMessages) -> dict[str, dict[str, list[RecordedMessage]]]:
    """Recorded messages by the entry that answers them, then by the words that it knows."""
    entries: dict[str, dict[str, list[RecordedMessage]]] = {}
    for message in recorded.messages:
        if found := find(message.example):
            of_entry = entries.setdefault(found.message.id, {})
            of_entry.setdefault(found.wording, []).append(message)
    return entries


def raised_by(messages: Iterable[RecordedMessage], recorded: RecordedMessages) -> list[str]:
    """A line for the classes that raise one of the messages on the same releases."""
    releases: dict[str, set[str]] = {}
    for message in messages:
        for classes in message.raised.values():
            for name, on in classes.items():
                releases.setdefault(name, set()).update(on)
    together: dict[tuple[str, ...], list[str]] = {}
    for name, some in sorted(releases.items()):
        together.setdefault(tuple(sorted(some, key=age)), []).append(name)
    return [
        f"by {', '.join(names)} on torch {spans(on, recorded)}" for on, names in together.items()
    ]


def _plain(text: str) -> str:
    """The text without colours, and with single spaces for all white space."""
    return " ".join(_COLOUR.sub("", text).split())


def _unknown(text: str) -> str:
    """Say of a text in which no message is known what it is, and which message is near."""
    lines = [plain for line in text.splitlines() if (plain := _plain(line))]
    if not lines:
        return f"no message: expected what torch raised, such as {MESSAGES[0].example!r}"
    known = {wording(message.example): message.example for message in MESSAGES}
    near = difflib.get_close_matches(wording(lines[-1]), known, 1)
    nearest = f"; the nearest is {known[near[0]]!r}" if near else ""
    return f"no recurrent layer is known to raise {lines[-1]!r}{nearest}"
