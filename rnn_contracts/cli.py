"""The command line, ``rnn-contracts COMMAND``: the rules to be read and cited, checked and compared."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence

from rnn_contracts import __version__, render
from rnn_contracts.contracts import CELLS, LAYERS, RULES, Layer, rule

# What only one command needs is imported there: `list` is to answer at once.

Command = Callable[[argparse.Namespace], tuple[str, int]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 2 where it is used wrongly, and of ``check`` pytest's own."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["check"]:
        return _check(arguments[1:])
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that knows ASCII alone shows the rest as Python writes it.
        sys.stdout.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(_with_negative_sizes(arguments))
    command: Command = options.command
    try:
        text, code = command(options)
    except ValueError as error:
        return _failed(str(error))
    try:
        print(text, flush=True)
    except OSError as error:
        # Python would complain again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # Who closed the pipe has read enough.
        if not isinstance(error, BrokenPipeError):
            return _failed(f"cannot write: {error.strerror}")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rnn-contracts",
        description="The shape contract of PyTorch's recurrent layers: read it, cite it, and hold a "
        "torch or a layer of your own against it.",
        epilog="`rnn-contracts COMMAND --help` tells more. list, explain, shapes and cite need neither "
        "torch nor a network. Exit code: 2 where a command is used wrongly.",
    )
    parser.add_argument("--version", action="version", version=f"rnn-contracts {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", prog=parser.prog)

    listed = commands.add_parser(
        "list",
        help="list the rules",
        description="List the rules: id, kind and sentence.",
        epilog="Ids are permanent and never reused. In json each rule has all its fields; markdown and "
        "rst are tables to paste, with links.",
    )
    kinds = list(dict.fromkeys(rule.kind for rule in RULES.values()))
    listed.add_argument("--kind", choices=kinds, help="the rules of this kind only")
    listed.add_argument(
        "--format", choices=render.LISTS, default="text", help="default: text, one rule a line"
    )
    listed.set_defaults(command=_list)

    explained = commands.add_parser(
        "explain",
        help="tell all that is known of a rule",
        description="Tell all that is known of a rule: its shapes or condition, torch's own words and "
        "where they stand, who was caught by it, the releases that break it, and how it is checked.",
    )
    explained.add_argument("rule", metavar="RULE", help="the id, such as final-hidden-shape")
    explained.set_defaults(command=_explain)

    _add_shapes(
        commands.add_parser(
            "shapes",
            help="tell the shape of every tensor of one call",
            description="Tell the shape of every tensor that goes into and comes out of one call: in "
            "axes, in numbers, and by which rule.",
            epilog="Example: rnn-contracts shapes LSTM 5 8 --num-layers 10 --batch-first --input 2,4,5",
        )
    )

    cited = commands.add_parser(
        "cite",
        help="cite a rule in a text of your own",
        description="Print the sentence of a rule with a link to its page, ready to paste.",
        epilog="latex needs \\usepackage{hyperref}, bibtex that or \\usepackage{url}; its key is "
        "rnn-contracts:RULE.",
    )
    cited.add_argument("rule", metavar="RULE", help="the id, such as final-hidden-shape")
    cited.add_argument(
        "--format", choices=render.CITATIONS, default="markdown", help="default: markdown"
    )
    cited.set_defaults(command=_cite)

    diff = commands.add_parser(
        "diff",
        help="compare two reports: what an upgrade of torch broke and mended",
        description="Compare two reports that `pytest --junitxml FILE` wrote.",
        epilog="Exit code: 0 if nothing broke, 1 if something did, 2 if the reports are of no use.",
    )
    diff.add_argument("old", metavar="OLD.xml", help="the report on the old torch")
    diff.add_argument("new", metavar="NEW.xml", help="the report on the new torch")
    diff.add_argument(
        "--format", choices=("text", "markdown", "json"), default="text", help="default: text"
    )
    diff.set_defaults(command=_diff)

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
    return parser


def _add_shapes(shapes: argparse.ArgumentParser) -> None:
    shapes.add_argument(
        "kind", choices=LAYERS + CELLS, metavar="KIND", help=", ".join(LAYERS + CELLS)
    )
    shapes.add_argument(
        "input_size", type=int, metavar="INPUT_SIZE", help="features of the input: H_in"
    )
    shapes.add_argument(
        "hidden_size", type=int, metavar="HIDDEN_SIZE", help="features of the state: H_cell"
    )
    shapes.add_argument(
        "--num-layers", type=int, default=1, metavar="K", help="layers in the stack; default: 1"
    )
    shapes.add_argument("--batch-first", action="store_true", help="the input is (N, L, H_in)")
    shapes.add_argument("--bidirectional", action="store_true", help="two directions: D = 2")
    shapes.add_argument(
        "--proj-size",
        type=int,
        default=0,
        metavar="P",
        help="what an LSTM projects h to: H_out; default: 0, nothing",
    )
    shapes.add_argument(
        "--input",
        type=_sizes,
        required=True,
        metavar="SIZES",
        help="the shape of the input, such as 2,4,5; of a packed one that of its data",
    )
    shapes.add_argument(
        "--lengths", type=_sizes, metavar="SIZES", help="the lengths of a packed input, such as 4,2"
    )
    shapes.set_defaults(command=_shapes)


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(size) for size in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected ints such as 2,4,5, got {text!r}") from None


def _with_negative_sizes(arguments: Sequence[str]) -> list[str]:
    """``--input=-1,4,5`` of ``--input -1,4,5``, which argparse takes for two options."""
    joined: list[str] = []
    for argument in arguments:
        if joined[-1:] in (["--input"], ["--lengths"]) and argument[:1] == "-" and "," in argument:
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _list(options: argparse.Namespace) -> tuple[str, int]:
    text = render.LISTS[options.format](
        rule for rule in RULES.values() if options.kind in (None, rule.kind)
    )
    return _bold_words(text) if options.format == "text" else text, 0


def _explain(options: argparse.Namespace) -> tuple[str, int]:
    return _bold_words(render.explained(rule(options.rule))), 0


def _shapes(options: argparse.Namespace) -> tuple[str, int]:
    from rnn_contracts.explanation import explain

    layer = Layer(
        options.kind,
        options.input_size,
        options.hidden_size,
        num_layers=options.num_layers,
        batch_first=options.batch_first,
        bidirectional=options.bidirectional,
        proj_size=options.proj_size,
    )
    return _bold_words(str(explain(layer, options.input, options.lengths))), 0


def _cite(options: argparse.Namespace) -> tuple[str, int]:
    return render.CITATIONS[options.format](rule(options.rule)), 0


def _diff(options: argparse.Namespace) -> tuple[str, int]:
    from pathlib import Path

    from rnn_contracts import compare

    try:
        old, new = compare.read(Path(options.old)), compare.read(Path(options.new))
    except ImportError:
        raise ValueError("diff needs defusedxml: pip install 'rnn-contracts[suite]'") from None
    difference = compare.compare(old, new)
    return compare.FORMATS[options.format](difference), difference.exit_code


def _bold_words(text: str) -> str:
    """On a terminal that wants colour, what stands in the first column is bold."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if plain or not (sys.stdout and sys.stdout.isatty()):
        return text
    import re

    column = re.compile(r"^\S+( \S+)?(?=  )|^\S+$", re.MULTILINE)
    return column.sub("\033[1m\\g<0>\033[0m", text)


def _check(options: Sequence[str]) -> int:
    import importlib.util
    from pathlib import Path

    from rnn_contracts.paths import SUITE

    needed = ("torch", "pytest", "hypothesis", "packaging")
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        return _failed(f"check needs {', '.join(missing)}: pip install 'rnn-contracts[suite]'")
    import pytest

    # As `python -m pytest` does: the layer to check may lie here.
    sys.path.insert(0, os.getcwd())
    configuration = [
        "-c",
        str(Path(__file__).with_name("check.ini")),
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
