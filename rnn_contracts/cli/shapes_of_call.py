"""The command ``rnn-contracts shapes KIND INPUT_SIZE HIDDEN_SIZE --input SIZES``."""

from __future__ import annotations

import argparse
import re
from typing import Any

from rnn_contracts.citing.describe_call import shapes
from rnn_contracts.cli.output import on_terminal
from rnn_contracts.layer import CELLS, LAYERS, Layer


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "shapes",
        help="tell the shape of every tensor of one call",
        description="Tell the shape of every tensor that goes into and comes out of one call: in "
        "axes, in numbers, and by which rule.",
        epilog="Example: rnn-contracts shapes LSTM 5 8 --num-layers 10 --batch-first --input 2,4,5",
    )
    parser.set_defaults(run=run)
    # argparse takes "-1,4,5" for an option. This makes it a value, so that the contract refuses it
    # and says what it accepts. The attribute is private; without it only the message is worse.
    parser._negative_number_matcher = re.compile(r"-\d")
    add = parser.add_argument
    add("kind", type=kind, choices=LAYERS + CELLS, metavar="KIND", help=", ".join(LAYERS + CELLS))
    add("input_size", type=int, metavar="INPUT_SIZE", help="features of the input: H_in")
    add("hidden_size", type=int, metavar="HIDDEN_SIZE", help="features of the state: H_cell")
    add("--num-layers", type=int, default=1, metavar="K", help="layers in the stack; default: 1")
    add("--batch-first", action="store_true", help="the input is (N, L, H_in)")
    add("--bidirectional", action="store_true", help="two directions: D = 2")
    projection = "what an LSTM projects h to: H_out; default: 0, nothing"
    add("--proj-size", type=int, default=0, metavar="P", help=projection)
    shape = "the shape of the input, such as 2,4,5; of a packed input that of its data"
    add("--input", type=sizes, required=True, metavar="SIZES", help=shape)
    lengths = "the lengths of a packed input, such as 4,2"
    add("--lengths", type=sizes, metavar="SIZES", help=lengths)


def kind(text: str) -> str:
    """Read ``lstm`` as ``LSTM``."""
    return {name.lower(): name for name in LAYERS + CELLS}.get(text.lower(), text)


def sizes(text: str) -> tuple[int, ...]:
    """Read ``2,4,5``, and what Python prints, such as ``(2, 4, 5)`` and ``torch.Size([2, 4, 5])``."""
    inner = re.sub(r"^(torch\.Size)?[(\[]+|,?[)\]]+$", "", text)
    try:
        return tuple(int(size) for size in inner.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected ints such as 2,4,5, got {text!r}") from None


def run(options: argparse.Namespace) -> tuple[str, int]:
    """Return the table, and the exit code."""
    arguments = {**vars(options)}
    call = {"input_shape": arguments.pop("input"), "lengths": arguments.pop("lengths")}
    del arguments["run"]
    return on_terminal(str(shapes(Layer(**arguments), **call))), 0
