"""The layers refuse what cuDNN refuses; without cuDNN, or for a batch of none, they are as before."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from simulated_device.tensor import SimulatedTensor

DOUBLE_BACKWARD = (
    "the derivative for '_cudnn_rnn_backward' is not implemented. Double backwards is not supported "
    "for CuDNN RNNs due to limitations in the CuDNN API. To run double backwards, please disable the "
    "CuDNN backend temporarily while running the forward pass of your RNN."
)


def limit_layers() -> None:
    """Put limited functions into the place of those that ``torch.nn`` calls."""
    for name in ("lstm", "gru", "rnn_tanh", "rnn_relu"):
        setattr(torch._VF, name, _limited(getattr(torch._VF, name)))


def _limited(function: Any) -> Any:
    def call(*args: Any) -> Any:
        input = args[0]
        # (data, batch_sizes, state, weights, ...) or (input, state, weights, ...)
        place = 2 if isinstance(args[3], (list, tuple)) else 1
        state, weights = args[place : place + 2]
        training = args[place + 5]
        states = tuple(state) if isinstance(state, (list, tuple)) else (state,)
        by_cudnn = type(input) is SimulatedTensor and input.numel() and torch.backends.cudnn.enabled
        if not by_cudnn or not all(isinstance(it, Tensor) for it in states):
            return function(*args)
        _check_states(input, states)

        def layer(input: Tensor, *tensors: Tensor) -> Any:
            parts, flat = tensors[: len(states)], list(tensors[len(states) :])
            given = parts if isinstance(state, (list, tuple)) else parts[0]
            return function(input, *args[1:place], given, flat, *args[place + 2 :])

        tensors = (input, *states, *weights)
        if not (torch.is_grad_enabled() and any(it.requires_grad for it in tensors)):
            return layer(*tensors)
        apply: Any = _Layer.apply
        return apply(layer, training, *tensors)

    return call


def _check_states(input: Tensor, states: tuple[Tensor, ...]) -> None:
    for name, tensor in zip(("hx", "cx"), states, strict=False):
        if tensor.dtype != input.dtype:
            raise RuntimeError(
                "Input and hidden tensors are not the same dtype, found input tensor with dtype "
                f"{input.dtype} and hidden tensor with dtype {tensor.dtype}"
            )
        if not tensor.is_contiguous():
            raise RuntimeError(f"rnn: {name} is not contiguous")


class _Layer(Function):
    """A layer whose backward pass is one operation, and runs in training mode alone."""

    @staticmethod
    def forward(ctx: Any, layer: Any, training: bool, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.training = training
        ctx.save_for_backward(*tensors)
        with torch.enable_grad():
            ctx.leaves = [it.detach().requires_grad_() for it in tensors]
            ctx.results = layer(*ctx.leaves)
        return tuple(it.detach() for it in ctx.results)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        if not ctx.training:
            raise RuntimeError("cudnn RNN backward can only be called in training mode")
        apply: Any = _Backward.apply
        return (None, None, *apply(ctx.results, ctx.leaves, *grads, *ctx.saved_tensors))


class _Backward(Function):
    """The backward pass, which cannot be differentiated with respect to anything that it reads."""

    @staticmethod
    def forward(ctx: Any, results: Any, leaves: Any, *tensors: Tensor) -> tuple[Tensor, ...]:
        grads = tensors[: len(results)]
        options = {"retain_graph": True, "allow_unused": True}
        found = torch.autograd.grad(results, leaves, grads, **options)
        return tuple(
            torch.zeros_like(leaf) if it is None else it
            for leaf, it in zip(leaves, found, strict=True)
        )

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        raise NotImplementedError(DOUBLE_BACKWARD)
