"""The table of what must be refused: wrong calls and wrong constructions.

A wrong call is a line of Python that spoils one argument of a right call. The same lines are run and
printed for a reader to paste.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rnn_contracts.devices import dtypes
from rnn_contracts.drawing.attempt import Attempt
from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.wrong_packing import WRONG_PACKINGS, WrongPacking
from rnn_contracts.layer import ARGUMENTS, CELLS, LAYERS
from rnn_contracts.variations import DTYPES


@dataclass(frozen=True)
class WrongCall:
    """One way to break a call or a construction that the rule says is refused.

    ``name`` is the rest of the test's id. ``spoil`` is the line that changes ``input``, ``h_0`` or
    ``c_0`` of a right call, with ``{other}`` for another dtype and ``{time}`` for the axis of time.
    ``arguments`` are what the layer is called with, if not those of the right call. ``layout`` is that
    of the right call, and ``enforce_sorted`` speaks of a packed one. ``least_N`` is the least number of
    sequences at which the call is wrong. A construction has ``constructor``, the arguments as they are
    written, and ``takes``, the names of the arguments that its class must take.
    """

    rule: str
    name: str
    kinds: tuple[str, ...]
    spoil: str = ""
    arguments: str = ""
    layout: str = ""
    enforce_sorted: bool | None = None
    constructor: str = ""
    takes: tuple[str, ...] = ()
    least_N: int = 0

    def attempt(self, case: Case) -> Attempt:
        """The right call of the case, and what is to be refused."""
        if self.constructor:
            return Attempt(case, "", "", "", f"{case.callee}({self.constructor})")
        other = next(
            it for it in ("float64", *DTYPES) if it in dtypes(case.device) and it != case.dtype
        )
        time = int(case.layout == "batch first")
        spoil = self.spoil.format(other=f"torch.{other}", time=time)
        right, wrong = case.call_arguments, self.arguments or case.call_arguments
        setup, given = "\n".join(case.setup()), tuple(name for name, _ in case.tensors_as_code())
        return Attempt(case, setup, f"layer({right})", spoil, f"layer({wrong})", given)


# --- Wrong calls ---------------------------------------------------------------------------------

_STATES = (("h_0", LAYERS), ("c_0", ("LSTM",)))
_CELL_STATES = (("h_0", CELLS), ("c_0", ("LSTMCell",)))
# By the name of the layout in the id of a test: the layout, and whether lengths must be sorted.
_LAYOUTS = {
    "batched": ("batched", None),
    "unbatched": ("unbatched", None),
    "packed": ("packed", True),
    "packed_unsorted": ("packed", False),
}


def _input(
    rule: str,
    name: str,
    spoil: str,
    layouts: str = "batched unbatched packed",
    kinds: tuple[str, ...] = LAYERS,
) -> Iterator[WrongCall]:
    """The wrong input ``spoil``, in several layouts; ``{x}`` is the right one, or the packed data."""
    for layout in layouts.split():
        packed = layout == "packed"
        spoiled = spoil.replace("{x}", "input.data" if packed else "input")
        line = f"input = input._replace(data={spoiled})" if packed else f"input = {spoiled}"
        yield WrongCall(rule, f"{name}-{layout}", kinds, line, layout=layout)


def _cell_input(
    rule: str, name: str, spoil: str, layouts: str = "batched unbatched"
) -> Iterator[WrongCall]:
    """The wrong input of a cell."""
    return _input(rule, name, spoil, layouts, CELLS)


def _state(
    rule: str, name: str, spoil: str, layouts: str, states: Any = _STATES, *, least_N: int = 0
) -> Iterator[WrongCall]:
    """The wrong h_0, and the wrong c_0; ``{x}`` is the right one."""
    for (state, kinds), key in itertools.product(states, layouts.split()):
        layout, enforce_sorted = _LAYOUTS[key]
        line = f"{state} = {spoil.replace('{x}', state)}"
        yield WrongCall(
            rule,
            f"{state}-{name}-{key}",
            kinds,
            line,
            layout=layout,
            enforce_sorted=enforce_sorted,
            least_N=least_N,
        )


def _structure(name: str, kinds: tuple[str, ...], arguments: str) -> Iterator[WrongCall]:
    """The state in another structure."""
    layouts = ["batched", "unbatched"]
    if kinds[0] in LAYERS:
        layouts.append("packed")
    for layout in layouts:
        yield WrongCall(
            "state-structure-refused", f"{name}-{layout}", kinds, arguments=arguments, layout=layout
        )


_ALL = "batched unbatched packed packed_unsorted"
_BATCHES = "batched packed packed_unsorted"
_EITHER = "batched unbatched"
_CALLS = (
    *_input("input-rank-refused", "one_axis", "{x}[..., 0, 0]", "batched"),
    *_input("input-rank-refused", "one_axis", "{x}[..., 0]", "unbatched packed"),
    *_input("input-rank-refused", "four_axes", "{x}[None]", "batched"),
    *_input("input-rank-refused", "four_axes", "{x}[None, None]", "unbatched packed"),
    *_input("input-rank-refused", "five_axes", "{x}[None, None]", "batched"),
    *_cell_input("input-rank-refused", "no_axis", "{x}[..., 0]", "unbatched"),
    *_cell_input("input-rank-refused", "three_axes", "{x}[None]", "batched"),
    *_cell_input("input-rank-refused", "four_axes", "{x}[None, None]", "batched"),
    *_input("input-width-refused", "too_wide", "torch.cat([{x}, {x}], -1)"),
    *_input("input-width-refused", "too_narrow", "{x}[..., 1:]"),
    *_cell_input("input-width-refused", "too_wide", "torch.cat([{x}, {x}], -1)"),
    *_cell_input("input-width-refused", "too_narrow", "{x}[..., 1:]"),
    *_input("input-dtype-refused", "other_float", "{x}.to({other})"),
    *_input("input-dtype-refused", "integer", "{x}.long()"),
    *_cell_input("input-dtype-refused", "other_float", "{x}.to({other})"),
    *_cell_input("input-dtype-refused", "integer", "{x}.long()"),
    *_input("empty-sequence-refused", "no_step", "{x}.narrow({time}, 0, 0)", _EITHER),
    WrongCall(
        "empty-sequence-refused",
        "no_step_in_one-packed",
        LAYERS,
        "padded, lengths = nn.utils.rnn.pad_packed_sequence(input); lengths[-1] = 0",
        "nn.utils.rnn.pack_padded_sequence(padded, lengths)",
        layout="packed",
        enforce_sorted=True,
    ),
    *_state("state-batch-refused", "too_many", "torch.cat([{x}, {x}[:, :1]], 1)", _BATCHES),
    *_state("state-batch-refused", "too_few", "{x}[:, 1:]", _BATCHES),
    *_state(
        "state-batch-refused", "too_many", "torch.cat([{x}, {x}[:1]])", "batched", _CELL_STATES
    ),
    *_state("state-batch-refused", "too_few", "{x}[1:]", "batched", _CELL_STATES),
    *_state("state-batch-refused", "one_for_all", "{x}[:, :1]", _BATCHES, least_N=2),
    *_state("state-batch-refused", "one_for_all", "{x}[:1]", "batched", _CELL_STATES, least_N=2),
    *_state("state-layers-refused", "too_many", "torch.cat([{x}, {x}[:1]])", _ALL),
    *_state("state-layers-refused", "too_few", "{x}[1:]", _ALL),
    *_state("state-width-refused", "too_wide", "torch.cat([{x}, {x}], -1)", _ALL),
    *_state("state-width-refused", "too_narrow", "{x}[..., 1:]", _ALL),
    *_state("state-width-refused", "too_wide", "torch.cat([{x}, {x}], -1)", _EITHER, _CELL_STATES),
    *_state("state-width-refused", "too_narrow", "{x}[..., 1:]", _EITHER, _CELL_STATES),
    *_state("state-rank-refused", "without_batch", "{x}[:, 0]", _BATCHES),
    *_state("state-rank-refused", "with_batch", "{x}[:, None]", "unbatched"),
    *_state("state-rank-refused", "one_more_axis", "{x}[None]", _BATCHES),
    *_state("state-rank-refused", "without_batch", "{x}[0]", "batched", _CELL_STATES),
    *_state("state-rank-refused", "with_batch", "{x}[None]", "unbatched", _CELL_STATES),
    *_state("state-rank-refused", "square", "{x}.expand(len({x}), -1)", "unbatched", _CELL_STATES),
    *_state("state-rank-refused", "one_more_axis", "{x}[None]", "batched", _CELL_STATES),
    *_state("state-dtype-refused", "other_float", "{x}.to({other})", _ALL),
    *_state("state-dtype-refused", "integer", "{x}.long()", _ALL),
    *_state("state-dtype-refused", "other_float", "{x}.to({other})", _EITHER, _CELL_STATES),
    *_state("state-dtype-refused", "integer", "{x}.long()", _EITHER, _CELL_STATES),
    *_structure("two_tensors", ("RNN", "GRU"), "input, (h_0, h_0)"),
    *_structure("tuple_of_one", ("RNN", "GRU"), "input, (h_0,)"),
    *_structure("one_tensor", ("LSTM",), "input, h_0"),
    *_structure("tuple_of_one", ("LSTM",), "input, (h_0,)"),
    *_structure("three_tensors", ("LSTM",), "input, (h_0, c_0, c_0)"),
    *_structure("half_missing", ("LSTM",), "input, (h_0, None)"),
    *_structure("two_tensors", ("RNNCell", "GRUCell"), "input, (h_0, h_0)"),
    *_structure("one_tensor", ("LSTMCell",), "input, h_0"),
    *_structure("tuple_of_one", ("LSTMCell",), "input, (h_0,)"),
    *_structure("three_tensors", ("LSTMCell",), "input, (h_0, c_0, c_0)"),
)


# --- Wrong constructions -------------------------------------------------------------------------

_VALUES: dict[str, tuple[str, tuple[object, ...]]] = {
    "input_size": ("size-refused", (0, -1, 1.5, "3")),
    "hidden_size": ("size-refused", (0, -1, 1.5, "3")),
    "num_layers": ("size-refused", (0, -1, 1.5, "3")),
    "bias": ("flag-refused", (1, None)),
    "batch_first": ("flag-refused", (1, None)),
    "bidirectional": ("flag-refused", (1, None)),
    "nonlinearity": ("nonlinearity-refused", ("gelu", "Tanh")),
    "dropout": ("dropout-refused", (-0.1, 1.1, "0.5", True)),
}


def _constructions() -> Iterator[WrongCall]:
    for kind, defaults in ARGUMENTS.items():
        order: dict[str, object] = {"input_size": 3, "hidden_size": 4, **defaults}
        if kind == "GRU":
            # It has this argument too, which its documentation does not name.
            order["proj_size"] = 0
        values = dict(_VALUES)
        if kind in LAYERS:
            # A proj_size of 3 fits an LSTM, and every other class refuses it.
            too_large = (-1, 4, 5) if kind == "LSTM" else (3,)
            values["proj_size"] = ("projection-refused", too_large)
        for argument, (rule, bad) in values.items():
            for value in bad if argument in order or argument == "proj_size" else ():
                yield from _construction(rule, kind, order, argument, value)


def _construction(
    rule: str, kind: str, order: dict[str, object], argument: str, value: object
) -> Iterator[WrongCall]:
    given = ["3", "4"]
    if argument in ("input_size", "hidden_size"):
        given[argument == "hidden_size"] = repr(value)
        by_keyword = f"input_size={given[0]}, hidden_size={given[1]}"
        by_position = ", ".join(given)
    else:
        by_keyword = f"3, 4, {argument}={value!r}"
        names = list(order)
        before = names[2 : names.index(argument)] if argument in names else []
        by_position = ", ".join([*given, *(repr(order[name]) for name in before), repr(value)])
    name = f"{argument}={value}"
    yield WrongCall(rule, f"{name}-keyword", (kind,), constructor=by_keyword, takes=(argument,))
    if argument in order:
        takes = tuple(order)[2 : list(order).index(argument) + 1]
        yield WrongCall(rule, f"{name}-position", (kind,), constructor=by_position, takes=takes)


WRONG_CALLS: tuple[WrongCall | WrongPacking, ...] = (
    *_CALLS,
    *_constructions(),
    *WRONG_PACKINGS,
)
