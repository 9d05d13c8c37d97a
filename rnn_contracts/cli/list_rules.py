"""The command ``rnn-contracts list``."""

from __future__ import annotations

import argparse
from typing import Any

from rnn_contracts.citing.lists import LISTS
from rnn_contracts.cli.output import on_terminal
from rnn_contracts.rules import FAMILIES, RULES


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "list",
        help="list the rules",
        description="List the rules: id, family and sentence.",
        epilog="Ids are permanent and never reused. In json each rule has all its fields; markdown and "
        "rst are tables to paste, with links.",
    )
    parser.add_argument("--family", choices=FAMILIES, help="the rules of this family only")
    parser.add_argument(
        "--format", choices=LISTS, default="text", help="default: text, one rule a line"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> tuple[str, int]:
    """Return the list, and the exit code."""
    rules = [rule for rule in RULES.values() if options.family in (None, rule.family)]
    text = LISTS[options.format](rules)
    return on_terminal(text) if options.format == "text" else text, 0
