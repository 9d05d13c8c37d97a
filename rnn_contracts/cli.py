"""The command line: ``rnn-contracts check`` and ``rnn-contracts diff OLD.xml NEW.xml``."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rnn_contracts import compare
from rnn_contracts.paths import SUITE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 2 where it is used wrongly, and of ``check`` pytest's own."""
    arguments = sys.argv[1:] if arguments is None else arguments
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
    commands.add_parser(
        "check",
        add_help=False,
        usage="rnn-contracts check [--rnn-subject KIND=package.module:Name] [option of pytest ...]",
        help="check the installed torch, or a layer of your own, against the contract",
        description="Check torch, or with --rnn-subject a layer of your own, against the contract. "
        "It is pytest, run on the suite alone, whatever the configuration of the directory says.",
        epilog="All of pytest's options are taken: -n auto, -k, -m, -x, --junitxml, ... "
        "`rnn-contracts check --help` lists them, --rnn-* among them.",
    )
    if arguments[:1] == ["check"]:
        return _check(arguments[1:])
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


def _check(options: Sequence[str]) -> int:
    needed = ("torch", "pytest", "hypothesis", "packaging")
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        return _failed(f"check needs {', '.join(missing)}: pip install 'rnn-contracts[suite]'")
    # Here, so that the rules can be had without them.
    import pytest

    # As `python -m pytest` does: the layer to check may lie here.
    sys.path.insert(0, os.getcwd())
    configuration = [
        "-c",
        os.devnull,
        "--rootdir",
        str(SUITE.parents[1]),
        "--confcutdir",
        str(SUITE),
    ]
    cache = ["-o", f"cache_dir={Path.cwd() / '.pytest_cache'}"]
    plugin = ["-p", "rnn_contracts.plugin", "--import-mode=importlib"]
    # A test may be named as the run prints it.
    named = (Path(option.partition("::")[0]).resolve() for option in options)
    selected = [] if any(it.is_relative_to(SUITE) for it in named) else [str(SUITE)]
    return int(pytest.main([*configuration, *cache, *plugin, *options, *selected]))


def _failed(why: str) -> int:
    print(f"rnn-contracts: {why}", file=sys.stderr)
    return 2
