"""What shape goes into and comes out of PyTorch's recurrent layers.

The three tables are the contract. Each row is a tensor, each column a way to lay out a batch, and each
entry a shape, written as axes: ``"L N D*H_out"``. Everything else in this package cites, checks, prints
or draws what stands here. Standard library only.

The axes are those of torch's documentation:

==============  ==============================================
N               batch size
L               sequence length
D               2 if bidirectional, otherwise 1
num_layers      recurrent layers in the stack
H_in            input_size
H_cell          hidden_size
H_out           proj_size if proj_size > 0, otherwise hidden_size
sum(lengths)    steps in a packed input, over all its sequences
gates           rows of weights per hidden feature: 1 RNN, 3 GRU, 4 LSTM
==============  ==============================================

Three things that people get wrong can be read off the tables:

* ``batch_first`` moves N in ``input`` and ``output``, and never in a state.
* ``output`` does not grow with ``num_layers``; the states do.
* Two directions widen ``output`` (``D*H_out``), but lengthen the states (``D*num_layers``).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence

from rnn_contracts.layer import CELLS, LAYERS, Layer, is_size, require

LAYOUTS = ("sequence first", "batch first", "unbatched", "packed")
STEP_LAYOUTS = ("batched", "unbatched")
DEPTHS = ("k = 0", "k > 0")

# fmt: off
_HIDDEN = ("D*num_layers N H_out",  "D*num_layers N H_out",  # regardless of batch_first
           "D*num_layers H_out",    "D*num_layers N H_out")
_CELL = ("D*num_layers N H_cell", "D*num_layers N H_cell",  # LSTM alone; regardless of proj_size too
         "D*num_layers H_cell",   "D*num_layers N H_cell")

LAYER_SHAPES = {
    #          sequence first   batch first      unbatched     packed (its data)
    "input":  ("L N H_in",      "N L H_in",      "L H_in",     "sum(lengths) H_in"),
    "h_0":    _HIDDEN,
    "c_0":    _CELL,
    "output": ("L N D*H_out",   "N L D*H_out",   "L D*H_out",  "sum(lengths) D*H_out"),
    "h_n":    _HIDDEN,
    "c_n":    _CELL,
}

STEP_SHAPES = {  # RNNCell, GRUCell and LSTMCell take one step
    #          batched       unbatched
    "input":  ("N H_in",     "H_in"),
    "h_0":    ("N H_out",    "H_out"),
    "c_0":    ("N H_cell",   "H_cell"),
    "h_1":    ("N H_out",    "H_out"),
    "c_1":    ("N H_cell",   "H_cell"),
}

PARAMETER_SHAPES = {
    #             k = 0: the first layer    k > 0: every other layer
    "weight_ih": ("gates*H_cell H_in",      "gates*H_cell D*H_out"),
    "weight_hh": ("gates*H_cell H_out",     "gates*H_cell H_out"),
    "bias_ih":   ("gates*H_cell",           "gates*H_cell"),
    "bias_hh":   ("gates*H_cell",           "gates*H_cell"),
    "weight_hr": ("H_out H_cell",           "H_out H_cell"),  # with proj_size alone
}
# fmt: on

TENSORS = tuple(dict.fromkeys([*LAYER_SHAPES, *STEP_SHAPES]))


def expected_shapes(
    layer: object, input_shape: Sequence[int], lengths: Sequence[int] | None = None
) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor that goes into and comes out of one call.

    ``layer`` is a ``Layer`` or a layer of ``torch.nn``. ``input_shape`` is the shape of its input;
    for a packed input that of ``PackedSequence.data``, with the ``lengths`` of its sequences.
    Keys: ``input``, ``h_0``, ``output`` and ``h_n``, for LSTM ``c_0`` and ``c_n`` too; cells answer
    with ``h_1`` and ``c_1``. ``ValueError`` names the argument that does not fit.

    >>> expected_shapes(Layer("LSTM", 5, 8, num_layers=10, batch_first=True), (2, 4, 5))["h_n"]
    (10, 2, 8)
    """
    layer = Layer.of(layer)
    layout, axes = call_axes(layer, input_shape, lengths)
    return {name: evaluate(symbolic(layer, name, layout), axes) for name in tensors(layer)}


def parameter_shapes(layer: object) -> dict[str, tuple[int, ...]]:
    """The name and shape of every parameter, in torch's order; ``layer`` as above.

    >>> parameter_shapes(Layer("GRUCell", 5, 8, bias=False))
    {'weight_ih': (24, 5), 'weight_hh': (24, 8)}
    """
    layer = Layer.of(layer)
    absent = set() if layer.bias else {"bias_ih", "bias_hh"}
    if not layer.proj_size:
        absent.add("weight_hr")
    directions = ("", "_reverse") if layer.bidirectional else ("",)
    return {
        stem if layer.kind in CELLS else f"{stem}_l{k}{direction}": evaluate(
            shapes[min(k, 1)], layer.axes
        )
        for k in range(layer.num_layers)
        for direction in directions
        for stem, shapes in PARAMETER_SHAPES.items()
        if stem not in absent
    }


# --- How the tables are read ---------------------------------------------------------------------


def evaluate(shape: str, axes: Mapping[str, int]) -> tuple[int, ...]:
    """The numbers of a symbolic shape: ``(2, 16)`` of ``"N D*H_out"``, D = 2 and H_out = 8."""
    return tuple(math.prod(axes[name] for name in axis.split("*")) for axis in shape.split())


def formulas(kind: str, name: str) -> dict[str, str]:
    """The row of a tensor, or of a parameter without its suffix, by column."""
    if name in PARAMETER_SHAPES:
        return dict(zip(DEPTHS, PARAMETER_SHAPES[name], strict=True))
    if kind in CELLS:
        return dict(zip(STEP_LAYOUTS, STEP_SHAPES[name], strict=True))
    return dict(zip(LAYOUTS, LAYER_SHAPES[name], strict=True))


def symbolic(layer: Layer, tensor: str, layout: str) -> str:
    """The axes of a tensor of a call: ``symbolic(layer, "h_n", "packed")``."""
    return formulas(layer.kind, tensor)[layout]


def tensors(layer: Layer) -> tuple[str, ...]:
    """The tensors that go into a call of the layer and come out of it; ``c_*`` for LSTM alone."""
    table = STEP_SHAPES if layer.kind in CELLS else LAYER_SHAPES
    return tuple(name for name in table if "LSTM" in layer.kind or not name.startswith("c_"))


def layouts(layer: Layer) -> tuple[str, ...]:
    """The layouts in which the layer takes its input."""
    if layer.kind in CELLS:
        return STEP_LAYOUTS
    return ("batch first" if layer.batch_first else "sequence first", "unbatched", "packed")


def call_axes(
    layer: Layer, input_shape: Sequence[int], lengths: Sequence[int] | None = None
) -> tuple[str, dict[str, int]]:
    """The layout of a call and the sizes of its axes; see ``expected_shapes``."""
    shape = _ints("input_shape", input_shape)
    if lengths is not None:
        lengths = _ints("lengths", lengths)
        none = f"None, since nn.{layer.kind} takes no sequence"
        require(layer.kind in LAYERS, "lengths", none, lengths)
    columns = {"packed"} if lengths is not None else {*layouts(layer)} - {"packed"}
    ranks = {len(symbolic(layer, "input", layout).split()): layout for layout in columns}
    accepted = " or ".join(f"{rank} axes ({layout})" for rank, layout in sorted(ranks.items()))
    require(len(shape) in ranks, "input_shape", accepted, shape)
    layout = ranks[len(shape)]
    sizes = dict(zip(symbolic(layer, "input", layout).split(), shape, strict=True))
    for name, size in sizes.items():
        least = 0 if name == "N" else 1
        require(is_size(size, least=least), "input_shape", f"{name} of at least {least}", shape)
    last = f"a last axis of input_size = {layer.input_size}"
    require(sizes["H_in"] == layer.input_size, "input_shape", last, shape)
    if lengths is not None:
        whole = all(is_size(length, least=1) for length in lengths)
        require(whole, "lengths", "an int of at least 1 for each sequence", lengths)
        rows = f"a sum of {shape[0]}, the rows of the input"
        require(sum(lengths) == shape[0], "lengths", rows, lengths)
        sizes["N"] = len(lengths)
    return layout, layer.axes | sizes


def _ints(name: str, value: Sequence[int]) -> tuple[int, ...]:
    """The sizes as ints, also those of a torch.Size, an array or a tensor."""
    try:
        return tuple(map(operator.index, value))
    except TypeError:
        raise ValueError(f"{name}: expected a sequence of ints, got {value!r}") from None
