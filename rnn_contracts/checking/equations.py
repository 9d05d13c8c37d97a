"""The step equations of torch's documentation, written out: the oracle of the laws.

Plain differentiable tensor arithmetic, one step at a time, in whatever dtype it is given. Slow, and
meant to be read beside the "Outputs" of ``nn.RNN``, ``nn.GRU`` and ``nn.LSTM``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import linear

from rnn_contracts.checking.recorder import Recorder
from rnn_contracts.layer import CELLS, Layer


def run(
    layer: Layer,
    parameters: Mapping[str, Tensor],
    input: Tensor,
    state: Sequence[Tensor],
    lengths: Sequence[int] = (),
    recorder: Recorder | None = None,
) -> dict[str, Tensor]:
    """``output``, ``h_n`` and, for LSTM, ``c_n`` of a layer in eval mode.

    ``input`` is (L, N, H_in), ``output`` (L, N, D*H_out), states are (D*num_layers, N, H), whatever
    the layer's layout; ``state`` may be empty. Past the length of its sequence, ``output`` is zero.
    A cell is a layer of one direction that takes one step.
    """
    axes = layer.axes
    L, N, _ = input.shape
    ends = len({*lengths}) > 1
    if ends:
        alive = torch.arange(L)[:, None] < torch.tensor(lengths)
        alive = alive.to(input.device)[..., None]
    hidden, cell = [], []
    for k in range(layer.num_layers):
        outputs = []
        for d in range(axes["D"]):
            suffix = "" if layer.kind in CELLS else f"_l{k}{'_reverse' * d}"
            weights = {
                name.removesuffix(suffix): parameter
                for name, parameter in parameters.items()
                if name.endswith(suffix)
            }
            row = k * axes["D"] + d
            h = state[0][row] if state else input.new_zeros(N, axes["H_out"])
            c = state[1][row] if len(state) > 1 else input.new_zeros(N, axes["H_cell"])
            gates_in = linear(input, weights["weight_ih"], weights.get("bias_ih"))
            steps: list[Tensor] = [h] * L
            for t in reversed(range(L)) if d else range(L):
                gates_hidden = linear(h, weights["weight_hh"], weights.get("bias_hh"))
                h_t, c_t = _step(layer, gates_in[t], gates_hidden, h, c, recorder or Recorder())
                if "weight_hr" in weights:
                    h_t = linear(h_t, weights["weight_hr"])
                steps[t] = torch.where(alive[t], h_t, torch.zeros_like(h_t)) if ends else h_t
                h = torch.where(alive[t], h_t, h) if ends else h_t
                c = torch.where(alive[t], c_t, c) if ends else c_t
            outputs.append(torch.stack(steps))
            hidden.append(h)
            cell.append(c)
        input = torch.cat(outputs, -1) if len(outputs) > 1 else outputs[0]
    results = {"output": input, "h_n": torch.stack(hidden)}
    return results | ({"c_n": torch.stack(cell)} if layer.kind.startswith("LSTM") else {})


def _step(
    layer: Layer, gates_in: Tensor, gates_hidden: Tensor, h: Tensor, c: Tensor, recorder: Recorder
) -> tuple[Tensor, Tensor]:
    """The next hidden state, before a projection, and the next cell state."""
    if layer.kind.startswith("RNN"):
        activation = torch.tanh if layer.nonlinearity == "tanh" else torch.relu
        return activation(gates_in + gates_hidden), c
    if layer.kind.startswith("GRU"):
        return recorder.apply(gru_step, gates_in, gates_hidden, h), c
    stepped: tuple[Tensor, Tensor] = recorder.apply(lstm_step, gates_in, gates_hidden, c)
    return stepped


def gru_step(from_input, from_hidden, h):  # type: ignore[no-untyped-def]
    """One step of a GRU; a script shows these lines."""
    r_in, z_in, n_in = from_input.chunk(3, -1)
    r_hidden, z_hidden, n_hidden = from_hidden.chunk(3, -1)
    r = torch.sigmoid(r_in + r_hidden)
    z = torch.sigmoid(z_in + z_hidden)
    n = torch.tanh(n_in + r * n_hidden)
    return (1 - z) * n + z * h


def lstm_step(from_input, from_hidden, c):  # type: ignore[no-untyped-def]
    """One step of an LSTM, before a projection; a script shows these lines."""
    i, f, g, o = (from_input + from_hidden).chunk(4, -1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c
