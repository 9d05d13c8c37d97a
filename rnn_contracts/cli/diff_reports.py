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
        description="Compare two reports that `pytest --junitxml FILE` wrote, or two devices.",
        epilog="Exit code: 0 if nothing regressed, 1 if something did, 2 if the reports cannot be "
        "compared.",
    )
    parser.add_argument("old", metavar="OLD.xml", help="the report on the old torch")
    parser.add_argument(
        "new",
        metavar="NEW.xml",
        nargs="?",
        help="the report on the new torch; without it --devices compares two devices of OLD.xml",
    )
    parser.add_argument(
        "--devices",
        nargs=2,
        metavar=("OLD", "NEW"),
        help="compare the tests on one device with those on another, such as: cpu cuda:0",
    )
    parser.add_argument("--format", choices=formats.FORMATS, default="text", help="default: text")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> tuple[str, int]:
    """Return the difference, and the exit code."""
    if not (options.new or options.devices):
        raise ValueError("diff: expected two reports, or one and --devices OLD NEW")
    try:
        old = report.read(Path(options.old))
        new = report.read(Path(options.new)) if options.new else old
    except ImportError:
        raise ValueError("diff needs defusedxml: python -m pip install defusedxml") from None
    if options.devices:
        old, new = old.on_device(options.devices[0]), new.on_device(options.devices[1])
    difference = diff.compare(old, new)
    return formats.FORMATS[options.format](difference), difference.exit_code
