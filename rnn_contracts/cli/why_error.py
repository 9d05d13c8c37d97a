"""The command ``rnn-contracts why MESSAGE``."""

from __future__ import annotations

import argparse
import io
import sys
from typing import Any

from rnn_contracts.citing.describe_error import why
from rnn_contracts.cli.output import on_terminal

EXAMPLE = 'rnn-contracts why "RuntimeError: Expected hidden[0] size (2, 4, 8), got [4, 2, 8]"'


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "why",
        help="tell what an error of torch means, and the line that mends it",
        description="Tell what a message means that torch raised of a recurrent layer, a cell or a "
        "helper of packing: the usual causes, the line that mends it, the rules that were broken, and "
        "the releases on which it was recorded. Of a traceback the last message that is known counts.",
        epilog=f"Example: {EXAMPLE}. Or: python train.py 2>&1 | rnn-contracts why",
    )
    parser.add_argument(
        "message",
        nargs="*",
        metavar="MESSAGE",
        help="the message, or a whole traceback; - or nothing: it is read from standard input",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> tuple[str, int]:
    """Return the answer, and the exit code."""
    given = " ".join(options.message)
    return on_terminal(why(_piped() if given in ("", "-") else given)), 0


def _piped() -> str:
    if sys.stdin is None or sys.stdin.isatty():
        raise ValueError(f"no message: expected one, as in {EXAMPLE}")
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    return sys.stdin.read()
