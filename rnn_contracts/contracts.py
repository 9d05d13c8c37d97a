"""The contract: what shape comes out of a recurrent layer.

Three parts, in the order in which they are read: the arguments of a layer (``Layer``), the rules
(``RULES``), and three functions that answer questions (``expected_shapes``, ``parameter_shapes``,
``rule``). Standard library only; nothing here knows torch.

A shape is a string of axes, ``"D*num_layers N H_out"``. The same string is evaluated, printed in
a failure, rendered in the documentation and cited. The axes are those of torch's documentation:

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
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields
from types import MappingProxyType

# As in __init__.py.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

__all__ = ["CELLS", "LAYERS", "RULES", "Layer", "Rule", "expected_shapes", "parameter_shapes"]

LAYERS = ("RNN", "GRU", "LSTM")
CELLS = ("RNNCell", "GRUCell", "LSTMCell")
TENSORS = ("input", "h_0", "c_0", "output", "h_n", "c_n", "h_1", "c_1")
RETURNS = {
    "RNN": "output, h_n",
    "GRU": "output, h_n",
    "LSTM": "output, (h_n, c_n)",
    "RNNCell": "h_1",
    "GRUCell": "h_1",
    "LSTMCell": "h_1, c_1",
}


# --- The layer -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Layer:
    """The arguments of a recurrent layer, named as torch names them.

    ``kind`` is the class name in ``torch.nn``: RNN, GRU, LSTM, RNNCell, GRUCell or LSTMCell.
    ``ValueError`` names the argument that makes no layer.
    """

    kind: str
    input_size: int
    hidden_size: int
    _: KW_ONLY
    num_layers: int = 1
    nonlinearity: str = "tanh"
    bias: bool = True
    batch_first: bool = False
    dropout: float = 0.0
    bidirectional: bool = False
    proj_size: int = 0

    def __post_init__(self) -> None:
        _require(self.kind in LAYERS + CELLS, "kind", f"one of {LAYERS + CELLS}", self.kind)
        for argument in fields(self):
            value = getattr(self, argument.name)
            taken = _takes(self.kind, argument.name) or value == argument.default
            _require(taken, argument.name, f"nothing, nn.{self.kind} has no such argument", value)
        for name in ("input_size", "hidden_size", "num_layers"):
            value = getattr(self, name)
            _require(_is_size(value, least=1), name, "an int of at least 1", value)
        for name in ("bias", "batch_first", "bidirectional"):
            value = getattr(self, name)
            _require(isinstance(value, bool), name, "True or False", value)
        known = self.nonlinearity in ("tanh", "relu")
        _require(known, "nonlinearity", "'tanh' or 'relu'", self.nonlinearity)
        probability = (
            isinstance(self.dropout, (int, float))
            and not isinstance(self.dropout, bool)
            and 0 <= self.dropout <= 1
        )
        _require(probability, "dropout", "a probability from 0 to 1", self.dropout)
        fits = _is_size(self.proj_size, least=0) and self.proj_size < self.hidden_size
        _require(fits, "proj_size", "an int from 0 to hidden_size - 1", self.proj_size)

    @classmethod
    def of(cls, layer: object) -> Layer:
        """The arguments that a ``torch.nn`` layer, or a subclass of one, was made with."""
        if isinstance(layer, Layer):
            return layer
        kinds = [
            base.__name__
            for base in type(layer).__mro__
            if base.__name__ in LAYERS + CELLS and base.__module__ == "torch.nn.modules.rnn"
        ]
        _require(bool(kinds), "layer", f"a Layer or one of torch.nn's {LAYERS + CELLS}", layer)
        taken = [argument.name for argument in fields(cls) if _takes(kinds[0], argument.name)]
        return cls(kinds[0], **{name: getattr(layer, name) for name in taken if name != "kind"})

    @property
    def arguments(self) -> dict[str, object]:
        """The arguments other than the two sizes that differ from torch's defaults."""
        options = {argument.name: argument.default for argument in fields(self)[3:]}
        return {
            k: getattr(self, k) for k, default in options.items() if getattr(self, k) != default
        }

    def __str__(self) -> str:
        options = "".join(f", {name}={value!r}" for name, value in self.arguments.items())
        return f"nn.{self.kind}({self.input_size}, {self.hidden_size}{options})"

    @property
    def axes(self) -> dict[str, int]:
        """The sizes of the axes that the layer alone determines."""
        return {
            "D": 2 if self.bidirectional else 1,
            "num_layers": self.num_layers,
            "H_in": self.input_size,
            "H_cell": self.hidden_size,
            "H_out": self.proj_size or self.hidden_size,
            "gates": {"RNN": 1, "GRU": 3, "LSTM": 4}[self.kind.removesuffix("Cell")],
        }


def _takes(kind: str, argument: str) -> bool:
    if argument == "nonlinearity":
        return kind in ("RNN", "RNNCell")
    if argument == "proj_size":
        return kind == "LSTM"
    return kind in LAYERS or argument in ("kind", "input_size", "hidden_size", "bias")


def _is_size(value: object, *, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _require(condition: bool, name: str, accepted: str, got: object) -> None:
    if not condition:
        raise ValueError(f"{name}: expected {accepted}, got {got!r}")


# --- The rules -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """One rule, to be checked and to be cited.

    id          a slug, permanent and never reused
    kind        shape, parameter, law or refusal
    says        the rule in one sentence of at most 100 characters
    layers      the classes of ``torch.nn`` it speaks of
    tensors     the tensors, or the parameters without their suffix, whose shape it states
    shapes      their symbolic shape in each layout
    condition   what holds, where a shape does not say it all
    quote       torch's own words, verbatim but for line breaks, by class; empty where it has none
    source      where torch says so
    pitfalls    pytorch/pytorch issues of people who were caught by it
    since       the torch release from which it is promised
    values      whether it speaks of values, which the meta device does not have
    """

    id: str
    kind: Literal["shape", "parameter", "law", "refusal"]
    says: str
    _: KW_ONLY
    source: str
    layers: tuple[str, ...] = LAYERS
    tensors: tuple[str, ...] = ()
    shapes: Mapping[str, str] = field(default_factory=dict)
    condition: str = ""
    quote: Mapping[str, str] = field(default_factory=dict)
    pitfalls: tuple[str, ...] = ()
    since: str = "2.0"
    values: bool = False

    def promised(self, release: str) -> bool:
        """Whether the rule is promised of that torch release, build or nightly."""
        return _release(release) >= _release(self.since)


def _release(version: str) -> list[int]:
    """Major and minor number."""
    return [int(number) for number in version.split(".")[:2]]


def _layouts(sequence_first: str, batch_first: str, unbatched: str, packed: str) -> dict[str, str]:
    return {
        "sequence first": sequence_first,
        "batch first": batch_first,
        "unbatched": unbatched,
        "packed": packed,
    }


def _same(quote: str, classes: tuple[str, ...] = LAYERS) -> dict[str, str]:
    return dict.fromkeys(classes, quote)


_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.{}.html"
_PYTORCH = "https://github.com/pytorch/pytorch"

# fmt: off
_SHAPES = (
    Rule(
        "input-shape", "shape",
        "input is (L, N, H_in), with batch_first (N, L, H_in), unbatched (L, H_in)",
        tensors=("input",),
        shapes=_layouts("L N H_in", "N L H_in", "L H_in", "sum(lengths) H_in"),
        quote=_same(
            r"**input**: tensor of shape :math:`(L, H_{in})` for unbatched input, "
            r":math:`(L, N, H_{in})` when ``batch_first=False`` or "
            r":math:`(N, L, H_{in})` when ``batch_first=True``"),
        source=_DOCS.format("RNN"),
        pitfalls=("#39311",),
    ),
    Rule(
        "output-shape", "shape",
        "output is (L, N, D*H_out), with batch_first (N, L, D*H_out), unbatched (L, D*H_out)",
        tensors=("output",),
        shapes=_layouts("L N D*H_out", "N L D*H_out", "L D*H_out", "sum(lengths) D*H_out"),
        quote=_same(
            r"**output**: tensor of shape :math:`(L, D * H_{out})` for unbatched input, "
            r":math:`(L, N, D * H_{out})` when ``batch_first=False`` or "
            r":math:`(N, L, D * H_{out})` when ``batch_first=True``"),
        source=_DOCS.format("RNN"),
        pitfalls=("#3587", "#80306"),
    ),
    Rule(
        "initial-hidden-shape", "shape",
        "h_0 is (D*num_layers, N, H_out), whatever batch_first says",
        tensors=("h_0",),
        shapes=_layouts("D*num_layers N H_out", "D*num_layers N H_out", "D*num_layers H_out",
                        "D*num_layers N H_out"),
        quote={
            "RNN": r"**hx**: tensor of shape :math:`(D * \text{num\_layers}, H_{out})` for unbatched "
                   r"input or :math:`(D * \text{num\_layers}, N, H_{out})`",
            "GRU": r"**h_0**: tensor of shape :math:`(D * \text{num\_layers}, H_{out})` or "
                   r":math:`(D * \text{num\_layers}, N, H_{out})`",
            "LSTM": r"**h_0**: tensor of shape :math:`(D * \text{num\_layers}, H_{out})` for "
                    r"unbatched input or :math:`(D * \text{num\_layers}, N, H_{out})`",
        },
        source=_DOCS.format("RNN"),
        pitfalls=("#518", "#519", "#7890", "#15260"),
    ),
    Rule(
        "final-hidden-shape", "shape",
        "h_n is (D*num_layers, N, H_out), whatever batch_first says",
        tensors=("h_n",),
        shapes=_layouts("D*num_layers N H_out", "D*num_layers N H_out", "D*num_layers H_out",
                        "D*num_layers N H_out"),
        quote={
            "RNN": r"**h_n**: tensor of shape :math:`(D * \text{num\_layers}, H_{out})` for unbatched "
                   r"input or :math:`(D * \text{num\_layers}, N, H_{out})`",
            "GRU": r"**h_n**: tensor of shape :math:`(D * \text{num\_layers}, H_{out})` or "
                   r":math:`(D * \text{num\_layers}, N, H_{out})`",
            "LSTM": r"**h_n**: tensor of shape :math:`(D * \text{num\_layers}, H_{out})` for "
                    r"unbatched input or :math:`(D * \text{num\_layers}, N, H_{out})`",
        },
        source=_DOCS.format("RNN"),
        pitfalls=("#4145", "#19675", "#34036", "#144116"),
    ),
    Rule(
        "initial-cell-shape", "shape",
        "c_0 is (D*num_layers, N, H_cell): a projection does not narrow it",
        layers=("LSTM",), tensors=("c_0",),
        shapes=_layouts("D*num_layers N H_cell", "D*num_layers N H_cell", "D*num_layers H_cell",
                        "D*num_layers N H_cell"),
        quote={"LSTM": r"**c_0**: tensor of shape :math:`(D * \text{num\_layers}, H_{cell})` for "
                       r"unbatched input or :math:`(D * \text{num\_layers}, N, H_{cell})`"},
        source=_DOCS.format("LSTM"),
    ),
    Rule(
        "final-cell-shape", "shape",
        "c_n is (D*num_layers, N, H_cell): a projection does not narrow it",
        layers=("LSTM",), tensors=("c_n",),
        shapes=_layouts("D*num_layers N H_cell", "D*num_layers N H_cell", "D*num_layers H_cell",
                        "D*num_layers N H_cell"),
        quote={"LSTM": r"**c_n**: tensor of shape :math:`(D * \text{num\_layers}, H_{cell})` for "
                       r"unbatched input or :math:`(D * \text{num\_layers}, N, H_{cell})`"},
        source=_DOCS.format("LSTM"),
    ),
    Rule(
        "state-structure", "shape",
        "A call returns (output, h_n) for RNN and GRU, (output, (h_n, c_n)) for LSTM",
        condition="RNN, GRU: output, h_n = layer(input); LSTM: output, (h_n, c_n) = layer(input)",
        quote={"RNN": "Outputs: output, h_n", "GRU": "Outputs: output, h_n",
               "LSTM": "Outputs: output, (h_n, c_n)"},
        source=_DOCS.format("LSTM"),
    ),
    Rule(
        "packed-output", "shape",
        "A PackedSequence in gives a PackedSequence out, with the same batch_sizes and indices",
        tensors=("output",), shapes={"packed": "sum(lengths) D*H_out"},
        condition="output.batch_sizes, .sorted_indices and .unsorted_indices equal those of input",
        quote=_same(
            "If a :class:`torch.nn.utils.rnn.PackedSequence` has been given as the input, the output "
            "will also be a packed sequence."),
        source=_DOCS.format("RNN"),
        pitfalls=("#95118",),
    ),
    Rule(
        "batch-first-ignored-unbatched", "shape",
        "An unbatched input is (L, H_in), and its results likewise, whatever batch_first says",
        tensors=("output", "h_n", "c_n"),
        condition="unbatched: every tensor has the shape that it has with batch_first=False",
        quote=_same("``batch_first`` argument is ignored for unbatched inputs."),
        source=_DOCS.format("RNN"),
    ),
    Rule(
        "empty-batch-allowed", "shape",
        "A batch of no sequences, N = 0, is an input like any other",
        tensors=("output", "h_n", "c_n"),
        condition="N = 0: the call is accepted and every tensor has its shape, with N = 0",
        source=f"{_PYTORCH}/pull/71696",
    ),
    Rule(
        "rnn-cell-input-shape", "shape",
        "The input of an RNNCell, GRUCell or LSTMCell is (N, H_in), unbatched (H_in)",
        layers=CELLS, tensors=("input",),
        shapes={"batched": "N H_in", "unbatched": "H_in"},
        quote={
            **_same(r"input: :math:`(N, H_{in})` or :math:`(H_{in})` tensor containing input features",
                    ("RNNCell", "GRUCell")),
            "LSTMCell": "**input** of shape `(batch, input_size)` or `(input_size)`"},
        source=_DOCS.format("RNNCell"),
    ),
    Rule(
        "rnn-cell-initial-hidden-shape", "shape",
        "The initial hidden state of a cell is (N, H_out), unbatched (H_out)",
        layers=CELLS, tensors=("h_0",),
        shapes={"batched": "N H_out", "unbatched": "H_out"},
        quote={
            **_same(r"hidden: :math:`(N, H_{out})` or :math:`(H_{out})` tensor containing the initial "
                    r"hidden state", ("RNNCell", "GRUCell")),
            "LSTMCell": "**h_0** of shape `(batch, hidden_size)` or `(hidden_size)`"},
        source=_DOCS.format("RNNCell"),
    ),
    Rule(
        "rnn-cell-next-hidden-shape", "shape",
        "The next hidden state of a cell is (N, H_out), unbatched (H_out)",
        layers=CELLS, tensors=("h_1",),
        shapes={"batched": "N H_out", "unbatched": "H_out"},
        quote={
            **_same(r"output: :math:`(N, H_{out})` or :math:`(H_{out})` tensor containing the next "
                    r"hidden state", ("RNNCell", "GRUCell")),
            "LSTMCell": "**h_1** of shape `(batch, hidden_size)` or `(hidden_size)`"},
        source=_DOCS.format("RNNCell"),
    ),
    Rule(
        "rnn-cell-initial-cell-shape", "shape",
        "The initial cell state of an LSTMCell is (N, H_cell), unbatched (H_cell)",
        layers=("LSTMCell",), tensors=("c_0",),
        shapes={"batched": "N H_cell", "unbatched": "H_cell"},
        quote={"LSTMCell": "**c_0** of shape `(batch, hidden_size)` or `(hidden_size)`"},
        source=_DOCS.format("LSTMCell"),
    ),
    Rule(
        "rnn-cell-next-cell-shape", "shape",
        "The next cell state of an LSTMCell is (N, H_cell), unbatched (H_cell)",
        layers=("LSTMCell",), tensors=("c_1",),
        shapes={"batched": "N H_cell", "unbatched": "H_cell"},
        quote={"LSTMCell": "**c_1** of shape `(batch, hidden_size)` or `(hidden_size)`"},
        source=_DOCS.format("LSTMCell"),
    ),
    Rule(
        "rnn-cell-state-structure", "shape",
        "A cell returns one tensor h_1, an LSTMCell the tuple (h_1, c_1)",
        layers=CELLS,
        condition="RNNCell, GRUCell: h_1 = cell(input); LSTMCell: h_1, c_1 = cell(input)",
        quote={"RNNCell": "Outputs: h'", "GRUCell": "Outputs: h'", "LSTMCell": "Outputs: (h_1, c_1)"},
        source=_DOCS.format("LSTMCell"),
    ),
)

_PARAMETERS = (
    Rule(
        "constructor-accepts", "parameter",
        "Every combination of the documented arguments makes a layer",
        layers=LAYERS + CELLS,
        condition="the constructor returns; proj_size only for LSTM, nonlinearity only for RNN",
        quote={
            "RNN": "input_size,hidden_size,num_layers=1,nonlinearity='tanh',bias=True,"
                   "batch_first=False,dropout=0.0,bidirectional=False",
            "GRU": "input_size,hidden_size,num_layers=1,bias=True,batch_first=False,dropout=0.0,"
                   "bidirectional=False",
            "LSTM": "input_size,hidden_size,num_layers=1,bias=True,batch_first=False,dropout=0.0,"
                    "bidirectional=False,proj_size=0"},
        source=_DOCS.format("LSTM"),
    ),
    Rule(
        "parameter-names", "parameter",
        "The parameters are those that the documentation lists, and no others",
        layers=LAYERS + CELLS,
        condition="weight_ih_l[k], weight_hh_l[k]; bias_ih_l[k], bias_hh_l[k] if bias; weight_hr_l[k] "
                  "if proj_size > 0; each again with _reverse if bidirectional; cells: without _l[k]",
        quote={
            "LSTM": "weight_hr_l[k]_reverse: Analogous to `weight_hr_l[k]` for the reverse direction. "
                    "Only present when ``bidirectional=True`` and ``proj_size > 0`` was specified.",
            **_same("bias: If ``False``, then the layer does not use bias weights `b_ih` and `b_hh`.",
                    ("RNN", "GRU", *CELLS))},
        source=_DOCS.format("LSTM"),
    ),
    Rule(
        "weight-ih-shape", "parameter",
        "weight_ih_l[k] is (gates*H_cell, H_in) in layer 0, (gates*H_cell, D*H_out) above it",
        layers=LAYERS + CELLS, tensors=("weight_ih",),
        shapes={"k = 0": "gates*H_cell H_in", "k > 0": "gates*H_cell D*H_out"},
        quote={
            "RNN": "of shape `(hidden_size, input_size)` for `k = 0`. Otherwise, the shape is "
                   "`(hidden_size, num_directions * hidden_size)`",
            "GRU": "of shape `(3*hidden_size, input_size)` for `k = 0`. Otherwise, the shape is "
                   "`(3*hidden_size, num_directions * hidden_size)`",
            "LSTM": "of shape `(4*hidden_size, input_size)` for `k = 0`. Otherwise, the shape is "
                    "`(4*hidden_size, num_directions * hidden_size)`. If ``proj_size > 0`` was "
                    "specified, the shape will be `(4*hidden_size, num_directions * proj_size)` "
                    "for `k > 0`",
            "RNNCell": "of shape `(hidden_size, input_size)`",
            "GRUCell": "of shape `(3*hidden_size, input_size)`",
            "LSTMCell": "of shape `(4*hidden_size, input_size)`"},
        source=_DOCS.format("LSTM"),
    ),
    Rule(
        "weight-hh-shape", "parameter",
        "weight_hh_l[k] is (gates*H_cell, H_out)",
        layers=LAYERS + CELLS, tensors=("weight_hh",),
        shapes=dict.fromkeys(("k = 0", "k > 0"), "gates*H_cell H_out"),
        quote={
            "RNN": "of shape `(hidden_size, hidden_size)`",
            "GRU": "of shape `(3*hidden_size, hidden_size)`",
            "LSTM": "of shape `(4*hidden_size, hidden_size)`. If ``proj_size > 0`` was specified, "
                    "the shape will be `(4*hidden_size, proj_size)`.",
            "RNNCell": "of shape `(hidden_size, hidden_size)`",
            "GRUCell": "of shape `(3*hidden_size, hidden_size)`",
            "LSTMCell": "of shape `(4*hidden_size, hidden_size)`"},
        source=_DOCS.format("LSTM"),
    ),
    Rule(
        "bias-shape", "parameter",
        "bias_ih_l[k] and bias_hh_l[k] are (gates*H_cell)",
        layers=LAYERS + CELLS, tensors=("bias_ih", "bias_hh"),
        shapes=dict.fromkeys(("k = 0", "k > 0"), "gates*H_cell"),
        quote={
            "RNN": "of shape `(hidden_size)`", "RNNCell": "of shape `(hidden_size)`",
            "GRU": "of shape `(3*hidden_size)`", "GRUCell": "of shape `(3*hidden_size)`",
            "LSTM": "of shape `(4*hidden_size)`", "LSTMCell": "of shape `(4*hidden_size)`"},
        source=_DOCS.format("LSTM"),
        pitfalls=("#1721",),
    ),
    Rule(
        "weight-hr-shape", "parameter",
        "weight_hr_l[k], there only with proj_size > 0, is (H_out, H_cell)",
        layers=("LSTM",), tensors=("weight_hr",),
        shapes=dict.fromkeys(("k = 0", "k > 0"), "H_out H_cell"),
        quote={"LSTM": "of shape `(proj_size, hidden_size)`. Only present when ``proj_size > 0`` was "
                       "specified."},
        source=_DOCS.format("LSTM"),
    ),
    Rule(
        "parameters-initialised", "parameter",
        "Every parameter starts within 1/sqrt(hidden_size) of zero, and is not constant",
        layers=LAYERS + CELLS, values=True,
        condition="-1/sqrt(H_cell) <= parameter <= 1/sqrt(H_cell)",
        quote=_same(
            r"All the weights and biases are initialized from :math:`\mathcal{U}(-\sqrt{k}, \sqrt{k})` "
            r"where :math:`k = \frac{1}{\text{hidden\_size}}`", LAYERS + CELLS),
        source=_DOCS.format("LSTM"),
    ),
    Rule(
        "parameters-train", "parameter",
        "Every parameter requires a gradient",
        layers=LAYERS + CELLS,
        condition="parameter.requires_grad",
        quote=_same("the learnable input-hidden weights", LAYERS + CELLS),
        source=_DOCS.format("LSTM"),
    ),
    Rule(
        "device-and-dtype-honoured", "parameter",
        "Every parameter is on the device and of the dtype that the constructor was given",
        layers=LAYERS + CELLS,
        condition="parameter.device == device and parameter.dtype == dtype",
        quote=_same("device=None,dtype=None"),
        source=_DOCS.format("LSTM"),
    ),
)

_SAME = "https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html"
_MODULE = "https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html"

# Of tensors in one layout: input (L, N, H_in), output (L, N, D*H_out), states (D*num_layers, N, H).
_LAWS = (
    Rule(
        "final-hidden-is-last-output", "law",
        "h_n of the last layer is output at the last step, of the backward direction at the first",
        condition="h_n[-D] == output[length - 1, :, :H_out]; h_n[-1] == output[0, :, H_out:] if D = 2",
        quote={
            "RNN": "containing the final hidden state for each element in the batch.",
            "GRU": "containing the final hidden state for the input sequence.",
            "LSTM": "`h_n` will contain a concatenation of the final forward and reverse hidden states"},
        source=_DOCS.format("LSTM"), pitfalls=("#3587",), values=True,
    ),
    Rule(
        "directions-concatenate", "law",
        "The forward direction is the first half of output, the backward direction the second",
        condition="with the backward weights of the last layer at zero, output[..., H_out:] == 0 and "
                  "output[..., :H_out] is unchanged",
        quote={"LSTM": "`output` will contain a concatenation of the forward and reverse hidden states "
                       "at each time step in the sequence."},
        source=_DOCS.format("LSTM"), pitfalls=("#3587",), values=True,
    ),
    Rule(
        "hidden-layout", "law",
        "States are ordered by layer first, by direction within it: (num_layers, D, N, H)",
        condition="h_n.view(num_layers, D, N, H_out)[k, d] is the final state of layer k, direction d",
        source=f"{_PYTORCH}/issues/99421", pitfalls=("#99421", "#10741"), values=True,
    ),
    Rule(
        "initial-state-defaults-to-zero", "law",
        "Without an initial state a call is one with states of zeros",
        layers=LAYERS + CELLS,
        condition="layer(input) == layer(input, zeros)",
        quote={"RNN": "Defaults to zeros if not provided.", "GRU": "Defaults to zeros if not provided.",
               "LSTM": "Defaults to zeros if (h_0, c_0) is not provided.",
               "GRUCell": "Defaults to zero if not provided.",
               "RNNCell": "Defaults to zero if not provided.",
               "LSTMCell": "If `(h_0, c_0)` is not provided, both **h_0** and **c_0** default to zero."},
        source=_SAME, values=True,
    ),
    Rule(
        "initial-state-reaches-every-layer-and-direction", "law",
        "Each part of an initial state acts on its layer and direction, and on no layer below",
        layers=LAYERS + CELLS,
        condition="changing h_0[k*D + d] or c_0[k*D + d] changes h_n[k*D + d], and no h_n[:k*D]",
        source=f"{_PYTORCH}/pull/95137", pitfalls=("#95137",), values=True,
    ),
    Rule(
        "batch-first-is-a-transposition", "law",
        "batch_first transposes input and output and changes nothing else",
        condition="batch_first: output.transpose(0, 1) and states are those of batch_first=False",
        quote=_same("Note that this does not apply to hidden or cell states."),
        source=_SAME, pitfalls=("#80306", "#4145"), values=True,
    ),
    Rule(
        "unbatched-is-a-batch-of-one", "law",
        "An unbatched input gives what it gives as a batch of one",
        layers=LAYERS + CELLS,
        condition="layer(input) == layer(input.unsqueeze(N axis)).squeeze(N axis)",
        source=_SAME, values=True,
    ),
    Rule(
        "rows-are-independent", "law",
        "No sequence of a batch influences another",
        layers=LAYERS + CELLS,
        condition="with NaN in every other row of input and state, a row's results are unchanged",
        source=_SAME, pitfalls=("#90421", "#180744", "#177834"), values=True,
    ),
    Rule(
        "steps-are-causal", "law",
        "In the forward direction no step influences one before it",
        condition="with NaN in input[t:], output[:t] is unchanged",
        source=_SAME, values=True,
    ),
    Rule(
        "sequence-splits", "law",
        "A sequence cut in two, the state carried over the cut, gives what it gives whole",
        condition="layer(input[t:], state of layer(input[:t])) continues output and ends in h_n",
        source=_SAME, values=True,
    ),
    Rule(
        "layers-compose", "law",
        "A stack is its layers one after the other, each fed with the output of the one below",
        condition="output and h_n of num_layers layers are those of single layers in a chain",
        quote=_same("stacking two"),
        source=_SAME, values=True,
    ),
    Rule(
        "directions-decompose", "law",
        "The backward direction is a forward one that reads the sequence from its end",
        condition="output[..., H_out:] of a layer is flip(layer_backward(flip(input)))",
        source=_SAME, pitfalls=("#94754",), values=True,
    ),
    Rule(
        "recurrence", "law",
        "Every step is the documented equation of RNN (tanh, relu), GRU or LSTM",
        layers=LAYERS + CELLS,
        condition="RNN: h' = tanh(W_ih x + b_ih + W_hh h + b_hh); GRU, LSTM: rnn_contracts/reference.py",
        quote={
            "RNN": r"h_t = \tanh(x_t W_{ih}^T + b_{ih} + h_{t-1}W_{hh}^T + b_{hh})",
            "GRU": r"h_t = (1 - z_t) \odot n_t + z_t \odot h_{(t-1)}",
            "LSTM": r"c_t = f_t \odot c_{t-1} + i_t \odot g_t",
            "RNNCell": r"h' = \tanh(W_{ih} x + b_{ih} + W_{hh} h + b_{hh})",
            "LSTMCell": r"c' = f \odot c + i \odot g"},
        source=_DOCS.format("LSTM"), pitfalls=("#94754",), values=True,
    ),
    Rule(
        "packed-is-per-sequence", "law",
        "Each sequence of a packed input gives what it gives alone, in the order of the caller",
        condition="row n of output and states == layer(input[:lengths[n], n], state[:, n])",
        source=_SAME, pitfalls=("#95118",), values=True,
    ),
    Rule(
        "dropout-between-layers-in-training-only", "law",
        "Dropout falls on what a layer passes to the next, in training, and on nothing else",
        condition="eval: as dropout=0; training with dropout=1: every layer but the first reads zeros",
        quote=_same("introduces a `Dropout` layer on the outputs of each"),
        source=_SAME, pitfalls=("#5985", "#190056"), values=True,
    ),
    Rule(
        "gradients-agree", "law",
        "Gradients through output and states reach input, initial state and every parameter",
        layers=LAYERS + CELLS,
        condition="the gradients are those of the step equations",
        source="https://docs.pytorch.org/docs/stable/notes/autograd.html",
        pitfalls=("#179308", "#190056"), values=True,
    ),
    Rule(
        "second-derivatives-exist", "law",
        "A gradient can be differentiated again",
        condition="the second derivatives are those of the step equations",
        source=f"{_PYTORCH}/issues/99413", pitfalls=("#99413",), values=True,
    ),
    Rule(
        "arguments-are-read-only", "law",
        "A call leaves input and initial state as they were",
        layers=LAYERS + CELLS,
        condition="input and state are bit for bit the same after the call",
        source=_MODULE, values=True,
    ),
    Rule(
        "calls-are-independent", "law",
        "A layer keeps no memory from one call to the next",
        layers=LAYERS + CELLS,
        condition="the same call again, with another between them, gives the same results",
        source=_MODULE, values=True,
    ),
    Rule(
        "parameters-unchanged-by-a-call", "law",
        "A call leaves the parameters as they were: names, shapes and numbers",
        layers=LAYERS + CELLS,
        condition="state_dict() is bit for bit the same after the call",
        source=_MODULE, pitfalls=("#1721",), values=True,
    ),
    Rule(
        "dtype-and-device-follow", "law",
        "Results have the dtype and the device of the parameters",
        layers=LAYERS + CELLS,
        condition="result.dtype == parameter.dtype and result.device == parameter.device",
        source=_SAME,
    ),
    Rule(
        "autocast-dtype", "law",
        "Under autocast to bfloat16 on the CPU, RNN and LSTM give bfloat16, GRU gives float32",
        layers=LAYERS + CELLS,
        condition="observed, with float32 parameters: bfloat16 from RNN, LSTM and RNNCell, but float32 "
                  "from an LSTM packed with unequal lengths and in c_n of a projected one; float32 "
                  "from the others",
        source="https://docs.pytorch.org/docs/stable/amp.html", values=True,
    ),
    Rule(
        "modes-agree", "law",
        "train and eval, grad, no_grad and inference_mode give the same results but for dropout",
        layers=LAYERS + CELLS,
        condition="dropout=0: the results are the same in every mode",
        source=_MODULE, values=True,
    ),
    Rule(
        "memory-layout-is-irrelevant", "law",
        "Strides of input and initial state do not matter",
        layers=LAYERS + CELLS,
        condition="layer(strided) == layer(strided.contiguous())",
        source="https://docs.pytorch.org/docs/stable/tensor_view.html", values=True,
    ),
    Rule(
        "functional-call-uses-its-weights", "law",
        "torch.func.functional_call computes with the weights that it is given",
        layers=LAYERS + CELLS,
        condition="functional_call(layer, weights, input) == a layer of those weights(input)",
        source="https://docs.pytorch.org/docs/stable/generated/torch.func.functional_call.html",
        pitfalls=("#90500",), values=True,
    ),
    Rule(
        "copies-agree", "law",
        "deepcopy, pickle and state_dict give layers of the same results",
        layers=LAYERS + CELLS,
        condition="copy(layer)(input) == layer(input); the names of state_dict are those of parameters",
        source=_MODULE, values=True,
    ),
    Rule(
        "meta-agrees", "law",
        "The meta device and FakeTensor give the shapes and dtypes of the real call",
        layers=LAYERS + CELLS,
        condition="shape and dtype of every result agree",
        source="https://docs.pytorch.org/docs/stable/meta.html", pitfalls=("#179308",), values=True,
    ),
    Rule(
        "compile-agrees", "law",
        "torch.compile changes no shape and no number",
        layers=LAYERS + CELLS,
        condition="torch.compile(layer, backend='aot_eager')(input) == layer(input)",
        source="https://docs.pytorch.org/docs/stable/generated/torch.compile.html",
        pitfalls=("#158007",), since="2.6", values=True,
    ),
    Rule(
        "export-agrees", "law",
        "torch.export, with a fixed or a dynamic batch, changes no shape and no number",
        layers=LAYERS + CELLS,
        condition="export(layer, input).module()(input) == layer(input), for every N if N is dynamic",
        source="https://docs.pytorch.org/docs/stable/export.html", pitfalls=("#126339",), since="2.6",
        values=True,
    ),
)

_REFUSALS = (
    Rule(
        "input-rank-refused", "refusal",
        "An input of one or four axes is refused, or for a cell of none or three",
        layers=LAYERS + CELLS, condition="input of 1 or 4 axes, packed data of 1 or 4; cells: 0 or 3",
        source=_SAME,
    ),
    Rule(
        "input-width-refused", "refusal",
        "An input whose last axis is not input_size is refused",
        layers=LAYERS + CELLS, condition="input.shape[-1] != input_size",
        source=_SAME, pitfalls=("#114874", "#195803"),
    ),
    Rule(
        "input-dtype-refused", "refusal",
        "An input of another dtype than the parameters is refused",
        layers=LAYERS + CELLS, condition="input.dtype != parameter.dtype",
        source=_SAME, pitfalls=("#195803",),
    ),
    Rule(
        "empty-sequence-refused", "refusal",
        "A sequence of no steps is refused",
        condition="L = 0, batched or not",
        source=_SAME,
    ),
    Rule(
        "state-batch-refused", "refusal",
        "An initial state for another number of sequences is refused",
        layers=LAYERS + CELLS, condition="h_0 or c_0 has N + 1 or N - 1 sequences",
        source=_SAME, pitfalls=("#7890", "#15260", "#195803"),
    ),
    Rule(
        "state-layers-refused", "refusal",
        "An initial state for another number of layers or directions is refused",
        condition="h_0 or c_0 has D*num_layers + 1 or - 1 rows",
        source=_SAME, pitfalls=("#518", "#519"),
    ),
    Rule(
        "state-width-refused", "refusal",
        "An initial state of another width is refused",
        layers=LAYERS + CELLS, condition="h_0 is not H_out wide, or c_0 not H_cell",
        source=_SAME,
    ),
    Rule(
        "state-rank-refused", "refusal",
        "A state without a batch axis for a batch, or with one for none, is refused",
        layers=LAYERS + CELLS, condition="h_0 or c_0 has an axis too many or too few for the input",
        source=_SAME, pitfalls=("#175978",),
    ),
    Rule(
        "state-dtype-refused", "refusal",
        "An initial state of another dtype than the parameters is refused",
        layers=LAYERS + CELLS, condition="h_0.dtype or c_0.dtype != parameter.dtype",
        source=_SAME,
    ),
    Rule(
        "state-structure-refused", "refusal",
        "A tuple for the state of RNN or GRU, or anything but (h_0, c_0) for LSTM, is refused",
        layers=LAYERS + CELLS, condition="hx is not one tensor, or for LSTM not a tuple of two",
        source=_DOCS.format("LSTM"), pitfalls=("#193823",),
    ),
    Rule(
        "size-refused", "refusal",
        "A size that is not a positive int is refused by the constructor",
        layers=LAYERS + CELLS, condition="input_size, hidden_size or num_layers is 0, -1, 1.5 or '3'",
        source=_SAME,
    ),
    Rule(
        "flag-refused", "refusal",
        "A flag that is not a bool is refused by the constructor",
        layers=LAYERS + CELLS, condition="bias, batch_first or bidirectional is 1 or None",
        source=_SAME, pitfalls=("#136954", "#39311"),
    ),
    Rule(
        "nonlinearity-refused", "refusal",
        "A nonlinearity other than 'tanh' and 'relu' is refused by the constructor",
        layers=("RNN", "RNNCell"), condition="nonlinearity is 'gelu' or 'Tanh'",
        source=_SAME,
    ),
    Rule(
        "dropout-refused", "refusal",
        "A dropout that is not a number from 0 to 1 is refused by the constructor",
        condition="dropout is -0.1, 1.1, '0.5' or True",
        source=_SAME,
    ),
    Rule(
        "projection-refused", "refusal",
        "proj_size is refused by RNN and GRU, and below 0 or from hidden_size on by LSTM",
        condition="RNN, GRU: proj_size=3; LSTM: proj_size is -1, hidden_size or hidden_size + 1",
        source=_DOCS.format("LSTM"),
    ),
    Rule(
        "dropout-of-one-layer-warned", "refusal",
        "Dropout in a single layer, where it does nothing, gives a warning, and in a stack none",
        condition="num_layers=1, dropout=0.5: UserWarning; num_layers > 1: none",
        quote=_same("introduces a `Dropout` layer on the outputs of each"),
        source=_SAME, pitfalls=("#5985",),
    ),
)
# fmt: on

RULES: Mapping[str, Rule] = MappingProxyType(
    {rule.id: rule for rule in _SHAPES + _PARAMETERS + _LAWS + _REFUSALS}
)

ACCEPTING = frozenset(
    {"constructor-accepts", "empty-batch-allowed"}
    | {rule.id for rule in _SHAPES if {"input", "h_0", "c_0"} & {*rule.tensors}}
)
"""The rules that are broken by raising: whoever breaks them cannot be checked any further."""


# --- The questions -------------------------------------------------------------------------------


def rule(id: str) -> Rule:
    """The rule of that id; ``ValueError`` with the nearest ids if there is none."""
    if id not in RULES:
        import difflib

        nearest = difflib.get_close_matches(str(id).lower(), RULES, n=3)
        known = f"`rnn-contracts list` names all {len(RULES)}"
        accepted = f"did you mean {' or '.join(nearest)}?" if nearest else known
        raise ValueError(f"no rule {id!r}; {accepted}")
    return RULES[id]


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
    return {
        tensor: evaluate(shape_rule(layer, tensor).shapes[layout], axes)
        for tensor in tensors(layer)
    }


def parameter_shapes(layer: object) -> dict[str, tuple[int, ...]]:
    """The name and shape of every parameter, in torch's order; ``layer`` as above.

    >>> parameter_shapes(Layer("GRUCell", 5, 8, bias=False))
    {'weight_ih': (24, 5), 'weight_hh': (24, 8)}
    """
    layer = Layer.of(layer)
    stems = {stem: rule for rule in _PARAMETERS for stem in rule.tensors}
    if not layer.bias:
        del stems["bias_ih"], stems["bias_hh"]
    if not layer.proj_size:
        del stems["weight_hr"]
    directions = ("", "_reverse")[: layer.axes["D"]]
    return {
        stem if layer.kind in CELLS else f"{stem}_l{k}{direction}": evaluate(
            rule.shapes["k > 0" if k else "k = 0"], layer.axes
        )
        for k in range(layer.num_layers)
        for direction in directions
        for stem, rule in stems.items()
    }


def evaluate(shape: str, axes: Mapping[str, int]) -> tuple[int, ...]:
    """The numbers of a symbolic shape: ``evaluate("D*num_layers N", {...})``."""
    return tuple(math.prod(axes[name] for name in axis.split("*")) for axis in shape.split())


def shape_rule(layer: Layer, tensor: str) -> Rule:
    """The rule that states the shape of that tensor for that layer: ``shape_rule(layer, "h_n")``."""
    return next(rule for rule in _SHAPES if _states(rule, layer, tensor))


def tensors(layer: Layer) -> tuple[str, ...]:
    """The tensors that go into a call of the layer and come out of it."""
    return tuple(name for name in TENSORS if any(_states(rule, layer, name) for rule in _SHAPES))


def _states(rule: Rule, layer: Layer, tensor: str) -> bool:
    return bool(rule.shapes) and layer.kind in rule.layers and tensor in rule.tensors


def layouts(layer: Layer) -> tuple[str, ...]:
    """The layouts in which the layer takes its input."""
    other = "sequence first" if layer.batch_first else "batch first"
    return tuple(layout for layout in shape_rule(layer, "input").shapes if layout != other)


def call_axes(
    layer: Layer, input_shape: Sequence[int], lengths: Sequence[int] | None = None
) -> tuple[str, dict[str, int]]:
    """The layout of a call and the sizes of its axes; see ``expected_shapes``."""
    shape = _ints("input_shape", input_shape)
    lengths = lengths if lengths is None else _ints("lengths", lengths)
    layout = _layout_of(layer, shape, lengths)
    return layout, _axes(layer, layout, shape, lengths)


def _ints(name: str, value: Sequence[int]) -> tuple[int, ...]:
    """The sizes as ints, also those of a torch.Size, an array or a tensor."""
    try:
        return tuple(map(operator.index, value))
    except TypeError:
        raise ValueError(f"{name}: expected a sequence of ints, got {value!r}") from None


def _layout_of(layer: Layer, input_shape: tuple[int, ...], lengths: object) -> str:
    shapes = shape_rule(layer, "input").shapes
    ranks = {len(shapes[layout].split()): layout for layout in layouts(layer) if layout != "packed"}
    if lengths is not None:
        _require(
            layer.kind in LAYERS,
            "lengths",
            f"None, since nn.{layer.kind} takes no sequence",
            lengths,
        )
        ranks = {2: "packed"}
    accepted = " or ".join(f"{rank} axes ({layout})" for rank, layout in sorted(ranks.items()))
    _require(len(input_shape) in ranks, "input_shape", accepted, input_shape)
    return ranks[len(input_shape)]


def _axes(
    layer: Layer, layout: str, input_shape: tuple[int, ...], lengths: Sequence[int] | None
) -> dict[str, int]:
    sizes = dict(zip(shape_rule(layer, "input").shapes[layout].split(), input_shape, strict=True))
    for name, size in sizes.items():
        least = 0 if name == "N" else 1
        _require(
            _is_size(size, least=least), "input_shape", f"{name} of at least {least}", input_shape
        )
    matches = sizes["H_in"] == layer.input_size
    _require(matches, "input_shape", f"a last axis of input_size = {layer.input_size}", input_shape)
    if lengths is not None:
        whole = all(_is_size(length, least=1) for length in lengths)
        _require(whole, "lengths", "an int of at least 1 for each sequence", lengths)
        fits = sum(lengths) == input_shape[0]
        _require(fits, "lengths", f"a sum of {input_shape[0]}, the rows of the input", lengths)
        sizes["N"] = len(lengths)
    return layer.axes | sizes
