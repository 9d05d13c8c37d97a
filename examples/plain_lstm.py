"""An LSTM in plain Python, as one is written to be read, changed or traced.

It takes the arguments of ``nn.LSTM`` but for ``proj_size``, and no packed input.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, linear
from torch.nn.utils.rnn import PackedSequence

State = tuple[Tensor, Tensor]


class PlainLSTM(nn.Module):
    """Every layer and direction is a loop over the steps."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, dropout
        self.bidirectional = bidirectional
        for layer in range(num_layers):
            width = input_size if layer == 0 else hidden_size * (1 + bidirectional)
            for suffix in self.suffixes(layer):
                rows = 4 * hidden_size
                shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, width)}
                shapes["weight_hh"] = (rows, hidden_size)
                if bias:
                    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
                for name, shape in shapes.items():
                    values = torch.empty(shape, device=device, dtype=dtype)
                    bound = 1 / math.sqrt(hidden_size)
                    parameter = nn.Parameter(values.uniform_(-bound, bound))
                    self.register_parameter(name + suffix, parameter)

    def suffixes(self, layer: int) -> list[str]:
        """What the names of a layer's parameters end with, by direction."""
        return [f"_l{layer}", f"_l{layer}_reverse"][: 1 + self.bidirectional]

    def forward(self, input: Any, state: State | None = None) -> tuple[Tensor, State]:
        """As ``nn.LSTM``."""
        if isinstance(input, PackedSequence):
            raise NotImplementedError("packed input")
        unbatched = input.dim() == 2
        if unbatched:
            input = input.unsqueeze(1)
            state = state and (state[0].unsqueeze(1), state[1].unsqueeze(1))
        elif self.batch_first:
            input = input.transpose(0, 1)
        if state is None:
            rows = self.num_layers * (1 + self.bidirectional)
            zeros = input.new_zeros(rows, input.shape[1], self.hidden_size)
            state = (zeros, zeros)
        finals: list[State] = []
        for layer in range(self.num_layers):
            if layer > 0:
                input = dropout(input, self.dropout, self.training)
            outputs = []
            for suffix in self.suffixes(layer):
                row = len(finals)
                output, final = self.run(input, (state[0][row], state[1][row]), suffix)
                outputs.append(output)
                finals.append(final)
            input = torch.cat(outputs, -1)
        h_n, c_n = (torch.stack(parts) for parts in zip(*finals, strict=True))
        if unbatched:
            return input.squeeze(1), (h_n.squeeze(1), c_n.squeeze(1))
        return input.transpose(0, 1) if self.batch_first else input, (h_n, c_n)

    def run(self, input: Tensor, state: State, suffix: str) -> tuple[Tensor, State]:
        """One layer in one direction: input (L, N, H_in), states (N, H)."""
        weight_ih, weight_hh = (getattr(self, f"weight_{part}{suffix}") for part in ("ih", "hh"))
        bias_ih, bias_hh = (getattr(self, f"bias_{part}{suffix}", None) for part in ("ih", "hh"))
        h, c = state
        backward = suffix.endswith("_reverse")
        outputs = []
        for x in reversed(input) if backward else input:
            gates = linear(x, weight_ih, bias_ih) + linear(h, weight_hh, bias_hh)
            i, f, g, o = gates.chunk(4, -1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs[::-1] if backward else outputs), (h, c)
