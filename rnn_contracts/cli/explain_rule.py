"""The command ``rnn-contracts explain RULE``."""

from __future__ import annotations

import argparse
from typing import Any

from rnn_contracts.citing.explanation import explain
from rnn_contracts.cli.output import on_terminal


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "explain",
        help="tell all that is known of a rule",
        description="Tell all that is known of a rule: its shapes or condition, torch's own words and "
        "where they stand, the issues of people who were caught by it, the releases that break it, the "
        "runs in which it was seen to hold, and how it is checked. Of a refusal it tells the exceptions "
        "that torch raises.",
        epilog="Each test of a refusal tries one kind of wrong call on one class. A range of releases "
        "stands for those in it that were run.",
    )
    parser.add_argument(
        "rule",
        metavar="RULE",
        help="the id, such as final-hidden-shape; or a helper of packing, such as pad_sequence",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> tuple[str, int]:
    """Return the description, and the exit code."""
    return on_terminal(explain(options.rule)), 0
