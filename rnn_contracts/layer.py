"""The arguments of a recurrent layer, validated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, fields
from typing import Any

LAYERS = ("RNN", "GRU", "LSTM")
CELLS = ("RNNCell", "GRUCell", "LSTMCell")
RETURNS = {
    "RNN": "output, h_n",
    "GRU": "output, h_n",
    "LSTM": "output, (h_n, c_n)",
    "RNNCell": "h_1",
    "GRUCell": "h_1",
    "LSTMCell": "h_1, c_1",
}
GATES = {"RNN": ("h",), "GRU": ("r", "z", "n"), "LSTM": ("i", "f", "g", "o")}
"""The order in which the rows of weights and biases stand, hidden_size rows for each letter."""

_OF_LAYERS = {"bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}
ARGUMENTS: Mapping[str, Mapping[str, object]] = {
    "RNN": {"num_layers": 1, "nonlinearity": "tanh", **_OF_LAYERS},
    "GRU": {"num_layers": 1, **_OF_LAYERS},
    "LSTM": {"num_layers": 1, **_OF_LAYERS, "proj_size": 0},
    "RNNCell": {"bias": True, "nonlinearity": "tanh"},
    "GRUCell": {"bias": True},
    "LSTMCell": {"bias": True},
}
"""The arguments after input_size and hidden_size in the documented order, with their defaults."""


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
        require(self.kind in LAYERS + CELLS, "kind", f"one of {LAYERS + CELLS}", self.kind)
        for argument in fields(self):
            value = getattr(self, argument.name)
            taken = _takes(self.kind, argument.name) or value == argument.default
            require(taken, argument.name, f"nothing, nn.{self.kind} has no such argument", value)
        for name in ("input_size", "hidden_size", "num_layers"):
            value = getattr(self, name)
            require(is_size(value, least=1), name, "an int of at least 1", value)
        for name in ("bias", "batch_first", "bidirectional"):
            value = getattr(self, name)
            require(isinstance(value, bool), name, "True or False", value)
        known = self.nonlinearity in ("tanh", "relu")
        require(known, "nonlinearity", "'tanh' or 'relu'", self.nonlinearity)
        probability = (
            isinstance(self.dropout, (int, float))
            and not isinstance(self.dropout, bool)
            and 0 <= self.dropout <= 1
        )
        require(probability, "dropout", "a probability from 0 to 1", self.dropout)
        fits = is_size(self.proj_size, least=0) and self.proj_size < self.hidden_size
        require(fits, "proj_size", "an int from 0 to hidden_size - 1", self.proj_size)

    @classmethod
    def of(cls, layer: object) -> Layer:
        """The arguments that a ``torch.nn`` layer, or a subclass of one, was made with.

        A subclass of ``nn.RNNBase`` alone is the kind that its ``mode`` names.
        """
        if isinstance(layer, Layer):
            return layer
        kind, nonlinearity = _kind_and_nonlinearity(layer)
        require(bool(kind), "layer", f"a Layer or one of torch.nn's {LAYERS + CELLS}", layer)
        options: dict[str, Any] = {"nonlinearity": nonlinearity} if nonlinearity else {}
        for argument in fields(cls)[1:]:
            if _takes(kind, argument.name) and argument.name not in options:
                options[argument.name] = getattr(layer, argument.name)
        return cls(kind, **options)

    @property
    def arguments(self) -> dict[str, object]:
        """The arguments other than the two sizes that differ from torch's defaults."""
        options = {argument.name: argument.default for argument in fields(self)[3:]}
        given = {name: getattr(self, name) for name in options}
        return {name: value for name, value in given.items() if value != options[name]}

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
            "gates": len(GATES[self.kind.removesuffix("Cell")]),
        }


def _kind_and_nonlinearity(layer: object) -> tuple[str, str]:
    """Of a layer of ``torch.nn``; the nonlinearity is empty if the layer has it as an attribute."""
    bases = [base for base in type(layer).__mro__ if base.__module__ == "torch.nn.modules.rnn"]
    for base in bases:
        if base.__name__ in LAYERS + CELLS:
            return base.__name__, ""
    mode = str(getattr(layer, "mode", "")) if bases else ""
    kind, _, nonlinearity = mode.partition("_")
    return (kind, nonlinearity.lower()) if kind in LAYERS else ("", "")


def _takes(kind: str, argument: str) -> bool:
    if argument == "nonlinearity":
        return kind in ("RNN", "RNNCell")
    if argument == "proj_size":
        return kind == "LSTM"
    return kind in LAYERS or argument in ("kind", "input_size", "hidden_size", "bias")


def is_size(value: object, *, least: int) -> bool:
    """Whether it is an int, no bool, of at least that size."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def require(condition: bool, name: str, accepted: str, got: object) -> None:
    """Raise ``ValueError`` that names the argument, unless the condition holds."""
    if not condition:
        raise ValueError(f"{name}: expected {accepted}, got {got!r}")
