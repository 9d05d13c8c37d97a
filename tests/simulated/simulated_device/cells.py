"""The fused cells, which torch has no kernel for on the CPU: their steps, and the gradients of them.

``workspace`` is what the backward pass needs of the forward pass; only these functions read it.
"""

from __future__ import annotations

import torch
from torch import Tensor

Maybe = Tensor | None


def lstm_cell(
    igates: Tensor, hgates: Tensor, cx: Tensor, b_ih: Maybe = None, b_hh: Maybe = None
) -> tuple[Tensor, Tensor, Tensor]:
    """The next h and c, and the workspace."""
    _check(igates, hgates, b_ih, b_hh, 4, cx)
    gates = _wide(igates) + _wide(hgates)
    if b_ih is not None and b_hh is not None:
        gates = gates + _wide(b_ih) + _wide(b_hh)
    i, f, g, o = gates.chunk(4, 1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    cy = f * _wide(cx) + i * g
    results = o * cy.tanh(), cy, torch.cat([i, f, g, o], 1)
    hy, cy, workspace = (it.to(igates.dtype) for it in results)
    return hy, cy, workspace


def lstm_cell_backward(
    grad_hy: Maybe, grad_cy: Maybe, cx: Tensor, cy: Tensor, workspace: Tensor, has_bias: bool
) -> tuple[Maybe, Maybe, Maybe]:
    """The gradients of the gates, of cx, and of each bias; none if neither result has one."""
    if grad_hy is None and grad_cy is None:
        return None, None, None
    i, f, g, o = _wide(workspace).chunk(4, 1)
    t = _wide(cy).tanh()
    dh = torch.zeros_like(t) if grad_hy is None else _wide(grad_hy)
    dc = torch.zeros_like(t) if grad_cy is None else _wide(grad_cy)
    d = dh * o * (1 - t * t) + dc
    parts = (d * g * i * (1 - i), d * _wide(cx) * f * (1 - f), d * i * (1 - g * g))
    gates = torch.cat([*parts, dh * t * o * (1 - o)], 1).to(workspace.dtype)
    return gates, (d * f).to(cx.dtype), gates.sum(0) if has_bias else None


def gru_cell(
    igates: Tensor, hgates: Tensor, hx: Tensor, b_ih: Maybe = None, b_hh: Maybe = None
) -> tuple[Tensor, Tensor]:
    """The next h, and the workspace."""
    _check(igates, hgates, b_ih, b_hh, 3, hx)
    gates_i, gates_h, h = _wide(igates), _wide(hgates), _wide(hx)
    if b_ih is not None and b_hh is not None:
        gates_i, gates_h = gates_i + _wide(b_ih), gates_h + _wide(b_hh)
    r_i, z_i, n_i = gates_i.chunk(3, 1)
    r_h, z_h, n_h = gates_h.chunk(3, 1)
    r, z = (r_i + r_h).sigmoid(), (z_i + z_h).sigmoid()
    n = (n_i + r * n_h).tanh()
    hy = (1 - z) * n + z * h
    return hy.to(igates.dtype), torch.cat([r, z, n, h, n_h], 1).to(igates.dtype)


def gru_cell_backward(
    grad_hy: Tensor, workspace: Tensor, has_bias: bool
) -> tuple[Tensor, Tensor, Tensor, Maybe, Maybe]:
    """The gradients of both gates, of hx, and of both biases."""
    r, z, n, h, n_h = _wide(workspace).chunk(5, 1)
    dh = _wide(grad_hy)
    dn = dh * (1 - z) * (1 - n * n)
    dz = dh * (h - n) * z * (1 - z)
    dr = dn * n_h * r * (1 - r)
    gates_i = torch.cat([dr, dz, dn], 1).to(workspace.dtype)
    gates_h = torch.cat([dr, dz, dn * r], 1).to(workspace.dtype)
    bias = (gates_i.sum(0), gates_h.sum(0)) if has_bias else (None, None)
    return gates_i, gates_h, (dh * z).to(workspace.dtype), *bias


def gru_cell_without_numbers(
    igates: Tensor, hgates: Tensor, hx: Tensor, b_ih: Maybe = None, b_hh: Maybe = None
) -> tuple[Tensor, Tensor]:
    """The shapes, which torch does not know: it has a meta function for the cell of an LSTM alone."""
    _check(igates, hgates, b_ih, b_hh, 3, hx)
    N, H = hx.shape
    return torch.empty_like(hx, memory_format=torch.contiguous_format), hx.new_empty(N, 5 * H)


def _wide(tensor: Tensor) -> Tensor:
    """The tensor in the dtype of sums: kernels of GPUs round what has 16 bits at the end alone."""
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def _check(
    igates: Tensor, hgates: Tensor, b_ih: Maybe, b_hh: Maybe, gates: int, state: Tensor
) -> None:
    """Refuse what the kernels of CUDA refuse; broadcasting would accept it."""
    for name, tensor in (("input_gates", igates), ("hidden_gates", hgates), ("prev_hidden", state)):
        if tensor.dim() != 2:
            raise RuntimeError(f"Expected 2-dimensional tensor, but got {tensor.dim()} for {name}")
        if tensor.dtype != igates.dtype:
            expected = f"expected scalar type {igates.dtype} but found {tensor.dtype} for {name}"
            raise RuntimeError(expected)
    if igates.shape != hgates.shape:
        raise RuntimeError(f"Expected the size of hidden_gates to be {igates.shape}")
    for bias in filter(lambda it: it is not None, (b_ih, b_hh)):
        assert bias is not None
        if bias.shape != igates.shape[1:]:
            raise RuntimeError(f"Expected a bias of {igates.shape[1:]}, but got {bias.shape}")
    if state.numel() != igates.numel() // gates:
        raise RuntimeError(f"Expected prev_hidden to have {igates.numel() // gates} elements")
