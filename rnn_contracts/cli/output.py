"""Write what a command has to say."""

from __future__ import annotations

import io
import os
import re
import sys


def write(text: str) -> None:
    """Print the text; ``OSError`` if it cannot be written."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Windows writes a file in an encoding that lacks most letters. A name in a report may have
        # such a letter, and must not stop the command.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        print(text, flush=True)
    except OSError:
        # Python flushes again when it exits, and would report the error a second time.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def fail(why: str) -> int:
    """Print why the command cannot be run, and return its exit code."""
    print(f"rnn-contracts: {why}", file=sys.stderr)
    return 2


def bold_first_column(text: str) -> str:
    """Make the first column bold if the output is a terminal that has no objection to colour."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if plain or not (sys.stdout and sys.stdout.isatty()):
        return text
    # The first column ends at two spaces or at the end of the line. It has one word or two.
    column = re.compile(r"^\S+( \S+)?(?=  )|^\S+$", re.MULTILINE)
    return column.sub("\033[1m\\g<0>\033[0m", text)
