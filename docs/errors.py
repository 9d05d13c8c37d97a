"""Make the page "I got this error", and tell on the page of a rule which messages are about it."""

from __future__ import annotations

import json

from markup import bullets, fenced

from rnn_contracts import Rule
from rnn_contracts.citing import recorded_messages
from rnn_contracts.citing.describe_error import NOT_RECORDED, answered, raised_by
from rnn_contracts.citing.escaping import in_markdown
from rnn_contracts.messages import MESSAGES, Message
from rnn_contracts.messages.of_constructors import OF_CONSTRUCTORS
from rnn_contracts.messages.of_inputs import OF_INPUTS
from rnn_contracts.messages.of_packing import OF_PACKING
from rnn_contracts.messages.of_states import OF_STATES
from rnn_contracts.messages.of_surroundings import OF_SURROUNDINGS

GROUPS = {
    "About the state": OF_STATES,
    "About the input": OF_INPUTS,
    "About packing and padding": OF_PACKING,
    "About the arguments of a constructor": OF_CONSTRUCTORS,
    "About what stands around a layer": OF_SURROUNDINGS,
}

LONGEST = 80
"""Characters of a message in a heading and in a link."""

ABOUT = """\
---
myst:
  html_meta:
    keywords: error, exception, message, traceback, RuntimeError, ValueError, size mismatch, hidden state
---
# I got this error

What torch raises, or warns of, when a recurrent layer, a cell or a helper of packing is called wrongly:
what it means, what usually causes it, and the lines that mend it. Look for the words of your message
with the search of this site or of your browser; the sizes in it do not matter. In a terminal this reads
a message or a whole traceback, without torch and without a network:

```console
$ rnn-contracts why "RuntimeError: Expected hidden[0] size (2, 4, 8), got [4, 2, 8]"
$ python train.py 2>&1 | rnn-contracts why
```

In the lines that mend, `layer` and `cell` are yours, `x` is the input, and `state`, `h_0` and `h_n` are
states. *Recorded* names the classes and helpers of which the suite has seen a message, and the releases
of torch that were run. A message that depends on sizes, dtypes or the device may come of others too.
What raises no message and is wrong all the same has [a page of its own](silent-mistakes.md)."""


def page() -> str:
    """Return the page with every message."""
    recorded = recorded_messages.of_package()
    by_entry = answered(recorded)
    parts = [ABOUT]
    for title, messages in GROUPS.items():
        parts.append(f"## {title}")
        for message in messages:
            seen = [it for same in by_entry.get(message.id, {}).values() for it in same]
            lines = [
                line if len(seen) == 1 else f"{code(it.example)} {line}"
                for it in seen
                for line in raised_by([it], recorded)
            ]
            parts += entry(message, lines or [NOT_RECORDED])
    return "\n\n".join(parts) + "\n"


def entry(message: Message, recorded: list[str]) -> list[str]:
    """Return the part of the page about one message."""
    rules = ", ".join(f"{{rnn-rule}}`{rule}`" for rule in message.rules)
    return [
        f"({message.id})=\n### {in_markdown(shortened(message))}",
        fenced("none", message.example),
        in_markdown(message.means),
        "Usual causes:",
        bullets(map(in_markdown, message.causes)),
        "What mends it:",
        fenced("python", message.mend),
        *([f"Rules: {rules}"] if rules else []),
        "Recorded:",
        bullets(recorded),
    ]


def of_rule(rule: Rule) -> list[str]:
    """Return the part of a rule's page that links the messages about it."""
    links = [
        f"[{in_markdown(shortened(message))}](../errors.md#{message.id})"
        for message in MESSAGES
        if rule.id in message.rules
    ]
    return ["## Messages of torch", bullets(links)] if links else []


def patterns() -> str:
    """Return as JSON what finds a message in a text, for the search."""
    data = [(message.pattern, message.id, shortened(message)) for message in MESSAGES]
    return json.dumps(data).replace("<", r"\u003c")


def shortened(message: Message) -> str:
    """The first words of a message, without the type of the exception."""
    text = message.example.partition(": ")[2]
    return text if len(text) <= LONGEST else text[:LONGEST].rpartition(" ")[0]


def code(text: str) -> str:
    """Text as code in a line; it may have backticks of its own."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"
