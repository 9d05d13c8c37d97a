"""The command ``rnn-contracts cite RULE``."""

from __future__ import annotations

import argparse
from typing import Any

from rnn_contracts.citing.citations import CITATIONS, cite


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "cite",
        help="cite a rule in a text of your own",
        description="Print the sentence of a rule with a link to its page, ready to paste.",
        epilog="latex needs \\usepackage{hyperref}, bibtex that or \\usepackage{url}; its key is "
        "rnn-contracts-RULE.",
    )
    parser.add_argument("rule", metavar="RULE", help="the id, such as final-hidden-shape")
    parser.add_argument("--format", choices=CITATIONS, default="markdown", help="default: markdown")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> tuple[str, int]:
    """Return the citation, and the exit code."""
    return cite(options.rule, options.format), 0
