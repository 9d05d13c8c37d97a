"""The command line: ``rnn-contracts COMMAND``. Each command has a module of its own."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

from rnn_contracts import __version__
from rnn_contracts.cli import (
    changes_between,
    check_torch,
    cite_rule,
    diff_reports,
    explain_rule,
    list_rules,
    report_failure,
    shapes_of_call,
    why_error,
)
from rnn_contracts.cli.output import fail, written

COMMANDS = (
    list_rules,
    explain_rule,
    shapes_of_call,
    why_error,
    cite_rule,
    changes_between,
    diff_reports,
    check_torch,
    report_failure,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 2 for wrong usage, and pytest's own for ``check``."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if sys.stdout is None:
        return fail("cannot write: the output is closed")
    if arguments and arguments[0] == "check":
        # argparse would refuse the options of pytest.
        return check_torch.run(arguments[1:])
    if arguments and arguments[0] == "report":
        return report_failure.run(arguments[1:])
    try:
        options = make_parser().parse_args(arguments)
    except SystemExit:
        # argparse has written its help, and does not look whether it could.
        if failure := written(""):
            return failure
        raise
    try:
        text, exit_code = options.run(options)
    except ValueError as error:
        return fail(str(error))
    return written(text) or int(exit_code)


class Parser(argparse.ArgumentParser):
    """Says how sizes are written, where they are taken for arguments of the command."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message, and exit."""
        if re.fullmatch(r"unrecognized arguments: [\d ]+", message):
            message += "; sizes are written with commas and no spaces, such as 2,4,5"
        super().error(message)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser with all commands."""
    parser = Parser(
        prog="rnn-contracts",
        description="The shape contract of PyTorch's recurrent layers: read it, cite it, and hold a "
        "torch or a layer of your own against it.",
        epilog="`rnn-contracts COMMAND --help` tells more. list, explain, shapes, why, cite and changes "
        "need neither torch nor a network. Exit code: 2 where a command is used wrongly.",
    )
    parser.add_argument("--version", action="version", version=f"rnn-contracts {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", prog=parser.prog)
    for command in COMMANDS:
        command.add_parser(commands)
    return parser
