"""Write what a command has to say."""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
import textwrap
from typing import TextIO

LONGEST = 1000
"""Characters of a message, which may quote what somebody typed."""


def write(text: str) -> None:
    """Print the text; ``OSError`` if it cannot be written."""
    try:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # Windows writes a file in an encoding that lacks most letters. A name in a report may
            # have such a letter, and must not stop the command.
            sys.stdout.reconfigure(errors="backslashreplace")
        print(text, end="\n" if text else "", flush=True)
    except OSError:
        _drop(sys.stdout)
        raise


def fail(why: str) -> int:
    """Print why the command cannot be run, in one line, and return its exit code."""
    printable = "".join(it if it.isprintable() else repr(it)[1:-1] for it in why)
    shown = printable if len(printable) <= LONGEST else f"{printable[:LONGEST]}..."
    # Without an error stream there is only the exit code; print would take the output instead.
    if sys.stderr is not None:
        try:
            print(f"rnn-contracts: {shown}", file=sys.stderr, flush=True)
        except OSError:
            _drop(sys.stderr)
    return 2


def written(text: str) -> int:
    """Write the text, and return 0, or the exit code if it cannot be written."""
    try:
        write(text)
    except BrokenPipeError:
        # The reader, such as `head -1`, has read enough. That is no error.
        pass
    except OSError as error:
        return fail(f"cannot write: {error.strerror}")
    return 0


def _drop(stream: TextIO) -> None:
    """Python flushes again when it exits, and would report the error a second time."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def on_terminal(text: str) -> str:
    """Fit the text to the terminal, if the output is one: fold long lines, and make a column bold.

    What is piped keeps its lines, so that ``grep`` finds all of an item.
    """
    if not (sys.stdout and sys.stdout.isatty()):
        return text
    width = shutil.get_terminal_size().columns
    return bold_first_column("\n".join(folded(line, width) for line in text.split("\n")))


def folded(line: str, width: int) -> str:
    """Fold a long line below the last column that begins in its left half.

    A column that begins in the right half gets a line of its own. What is to be copied stays whole.

    >>> print(folded("output-shape  shape  output is (L, N, D*H_out), with batch_first", 50))
    output-shape  shape  output is (L, N, D*H_out),
                         with batch_first
    """
    if len(line) <= width:
        return line
    gaps = [*re.finditer(r"(?<=\S) {2,}|^ +", line)]
    start = max((gap.end() for gap in gaps if gap.end() <= width // 2), default=0)
    indent = " " * (start or 2)
    if " " not in line[start:] or _TO_COPY.match(line, start):
        return line
    for gap in gaps:
        if gap.end() > width // 2:
            rest = indent + line[gap.end() :]
            return f"{folded(line[: gap.start()], width)}\n{folded(rest, width)}"
    return textwrap.fill(
        line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


_TO_COPY = re.compile(r"rnn-contracts |#|\(?\w+(, \(?\w+\)*)* = ")
"""How it begins: a command, a comment in Python, or an assignment."""


def bold_first_column(text: str) -> str:
    """Make the first column bold if the output is a terminal that has no objection to colour."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if plain or not (sys.stdout and sys.stdout.isatty()):
        return text
    # The first column ends at two spaces or at the end of the line. It has one word or two.
    column = re.compile(r"^\S+( \S+)?(?=  )|^\S+$", re.MULTILINE)
    return column.sub("\033[1m\\g<0>\033[0m", text)
