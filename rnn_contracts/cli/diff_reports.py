"""The command ``rnn-contracts diff OLD.xml NEW.xml``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rnn_contracts.results import diff, formats, report


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "diff",
        help="compare two reports: what regressed with an upgrade of torch, and what was fixed",
        description="Compare two reports that `pytest --junitxml FILE` wrote.",
        epilog="Exit code: 0 if nothing broke, 1 if something did, 2 if the reports are of no use.",
    )
    parser.add_argument("old", metavar="OLD.xml", help="the report on the old torch")
    parser.add_argument("new", metavar="NEW.xml", help="the report on the new torch")
    parser.add_argument("--format", choices=formats.FORMATS, default="text", help="default: text")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> tuple[str, int]:
    """Return the difference, and the exit code."""
    try:
        old, new = report.read(Path(options.old)), report.read(Path(options.new))
    except ImportError:
        raise ValueError("diff needs defusedxml: pip install 'rnn-contracts[suite]'") from None
    difference = diff.compare(old, new)
    return formats.FORMATS[options.format](difference), difference.exit_code
