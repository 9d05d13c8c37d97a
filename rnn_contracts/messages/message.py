"""One message of torch, explained; and a message without what differs from call to call."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Message:
    """What torch raises, or warns of, and what to do about it.

    id        permanent, as the id of a rule is
    pattern   a regular expression of Python and of JavaScript alike, which is searched in a text whose
              white space is single spaces
    example   the message as torch writes it, the type of the exception first
    means     what it says, in one or two sentences
    causes    what brings it about, the likeliest first
    mend      the lines that mend it, of a ``layer`` or ``cell``, its input ``x`` and its state
    rules     the rules that the call breaks
    """

    id: str
    pattern: str
    example: str
    means: str
    causes: tuple[str, ...]
    mend: str
    rules: tuple[str, ...]


_DTYPE = (
    r"\btorch\.\w+|\bc10::\w+|\blong int\b|\b(?:Double|Float|Half|BFloat16|Long|double|float)\b"
)
_SIZE = r"(?<![\w.])-?\d+(?:\.\d+)?(?![\d.])"


def first_line(error: str) -> str:
    """The first line of a message, or its beginning: some of torch's lists all that it can do."""
    return error.partition("\n")[0][:300]


def wording(error: str) -> str:
    """The first line of a message, with ``#`` in the place of sizes and dtypes.

    >>> wording("RuntimeError: Expected hidden[0] size (2, 4, 8), got [4, 2, 8]")
    'RuntimeError: Expected hidden[#] size (#), got [#]'
    >>> wording("RuntimeError: mat1 and mat2 shapes cannot be multiplied (6x10 and 5x8)")
    'RuntimeError: mat1 and mat2 shapes cannot be multiplied (# and #)'
    """
    text = re.sub(r"\bhidden[01]\b", "hidden#", first_line(error))
    text = re.sub(r"\b\d+x\d+\b", "#", re.sub(_DTYPE, "#", text))
    return re.sub(r"#(?:, #)+", "#", re.sub(_SIZE, "#", text))
