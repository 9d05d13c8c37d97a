"""The command ``rnn-contracts changes OLD NEW``."""

from __future__ import annotations

import argparse
from typing import Any

from rnn_contracts.citing import describe_changes, recorded_runs
from rnn_contracts.cli.output import on_terminal


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "changes",
        help="tell what changed between two releases of torch",
        description="Tell what regressed and what was fixed between two releases of torch on which the "
        "suite was run, by rule, and what was not run. `rnn-contracts diff` compares runs of your own.",
        epilog="A known failure is a test that fails as deviations.toml says. A rule regressed if the "
        "new release has a defect that the old one has not. The release of a change is the first that "
        "was run with it.",
    )
    parser.add_argument("old", metavar="OLD", help="the release that you have, such as 2.6")
    parser.add_argument(
        "new", metavar="NEW", nargs="?", help="the release to upgrade to (default: the newest)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> tuple[str, int]:
    """Return the changes, and the exit code."""
    new = options.new or recorded_runs.of_package().releases[-1]
    return on_terminal(describe_changes.in_words(options.old, new)), 0
