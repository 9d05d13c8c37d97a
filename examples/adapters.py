"""Layers that differ from torch's in the usual ways, each with the adapter that lets it be checked.

An adapter is a class with the arguments and the call of torch's layer. It subclasses the layer, so that
the parameters are its own, and copies and state_dicts work as they do without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence


class TwoStates(nn.LSTM):
    """Takes ``h_0`` and ``c_0``, and returns ``h_n`` and ``c_n``, as arguments of their own."""

    def forward(  # type: ignore[override]
        self, input: Any, h_0: Tensor | None = None, c_0: Tensor | None = None
    ) -> tuple[Any, Tensor, Tensor]:
        state: Any = None if h_0 is None and c_0 is None else (h_0, c_0)
        output, (h_n, c_n) = super().forward(input, state)
        return output, h_n, c_n


class OneState(TwoStates):
    """Adapts the call."""

    def forward(self, input: Any, hx: Any = None) -> Any:  # type: ignore[override]
        if isinstance(hx, Tensor):
            raise TypeError("hx: expected (h_0, c_0), got one tensor")
        h_0, c_0 = (None, None) if hx is None else hx
        output, h_n, c_n = super().forward(input, h_0, c_0)
        return output, (h_n, c_n)


class NoLayerAxis(nn.Module):
    """A GRU of one layer, whose state is (N, hidden_size)."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.cell = nn.GRUCell(input_size, hidden_size)

    def forward(self, input: Tensor, h: Tensor | None = None) -> tuple[Tensor, Tensor]:
        outputs = []
        for step in input:
            h = self.cell(step, h)
            outputs.append(h)
        assert h is not None
        return torch.stack(outputs), h


class WithLayerAxis(NoLayerAxis):
    """Adapts the state, and says what the layer does not do and how its parameters are called."""

    documented_names: Mapping[str, str] = {
        f"cell.{name}": f"{name}_l0" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    }

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Tensor, Tensor]:
        if isinstance(input, PackedSequence) or input.dim() == 2:
            raise NotImplementedError("packed and unbatched input")
        if hx is not None and (hx.dim() != 3 or len(hx) != 1):
            raise ValueError(f"hx: expected (1, N, {self.cell.hidden_size}), got {tuple(hx.shape)}")
        output, h = super().forward(input, None if hx is None else hx[0])
        return output, h[None]


class OtherNames(nn.Module):
    """An Elman layer with other arguments and other names of its weights."""

    def __init__(self, in_features: int, units: int, activation: str = "tanh") -> None:
        super().__init__()
        bound = units**-0.5
        self.W = nn.Parameter(torch.empty(units, in_features).uniform_(-bound, bound))
        self.U = nn.Parameter(torch.empty(units, units).uniform_(-bound, bound))
        self.b = nn.Parameter(torch.empty(units).uniform_(-bound, bound))
        self.c = nn.Parameter(torch.empty(units).uniform_(-bound, bound))
        self.activation = activation

    def forward(self, input: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]:
        h = input.new_zeros(input.shape[1], len(self.b)) if hx is None else hx[0]
        outputs = []
        for step in input:
            h = getattr(torch, self.activation)(step @ self.W.T + self.b + h @ self.U.T + self.c)
            outputs.append(h)
        return torch.stack(outputs), h[None]


class TorchNames(OtherNames):
    """Adapts the arguments, and says which parameter is which."""

    documented_names: Mapping[str, str] = {
        "W": "weight_ih_l0",
        "U": "weight_hh_l0",
        "b": "bias_ih_l0",
        "c": "bias_hh_l0",
    }

    def __init__(self, input_size: int, hidden_size: int, nonlinearity: str = "tanh") -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"nonlinearity: expected 'tanh' or 'relu', got {nonlinearity!r}")
        super().__init__(input_size, hidden_size, nonlinearity)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]:
        if input.dim() != 3:
            raise ValueError(f"input: expected 3 axes, got {tuple(input.shape)}")
        if hx is not None and hx.shape != (1, input.shape[1], len(self.b)):
            raise ValueError(f"hx: expected (1, N, {len(self.b)}), got {tuple(hx.shape)}")
        return super().forward(input, hx)
