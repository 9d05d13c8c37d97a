"""The command line: ``rnn-contracts diff OLD.xml NEW.xml``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rnn_contracts import compare


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 2 where it is used wrongly."""
    parser = argparse.ArgumentParser(
        prog="rnn-contracts", description="The shape contract of PyTorch's recurrent layers."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    diff = commands.add_parser(
        "diff",
        help="compare two reports: what an upgrade of torch broke and mended",
        description="Compare two reports that `pytest --junitxml FILE` wrote.",
        epilog="Exit code: 0 if nothing broke, 1 if something did, 2 if the reports are of no use.",
    )
    diff.add_argument("old", type=Path, metavar="OLD.xml", help="the report on the old torch")
    diff.add_argument("new", type=Path, metavar="NEW.xml", help="the report on the new torch")
    diff.add_argument("--format", choices=compare.FORMATS, default="text", help="default: text")
    options = parser.parse_args(arguments)
    try:
        old, new = compare.read(options.old), compare.read(options.new)
    except ImportError:
        return _failed("diff needs defusedxml: pip install 'rnn-contracts[suite]'")
    except ValueError as error:
        return _failed(str(error))
    difference = compare.compare(old, new)
    try:
        print(compare.FORMATS[options.format](difference), flush=True)
    except BrokenPipeError:
        # Who read it has read enough. Python would complain again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return difference.exit_code


def _failed(why: str) -> int:
    print(f"rnn-contracts: {why}", file=sys.stderr)
    return 2
