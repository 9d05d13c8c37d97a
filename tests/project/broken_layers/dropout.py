"""Layers that break a rule of dropout: torch's layers one by one, with another dropout between them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils.rnn import PackedSequence

from broken_layers.alter import breaks_call, packed, unbatched

Drop = Callable[..., Tensor]
"""What is passed on of the output of a layer; it takes the tensor, the rate and the layer's number."""


def one_by_one(layer: Any, forward: Any, input: Any, hx: Any, drop: Drop) -> Any:
    """A stack whose layers are called one by one; any other layer as torch calls it."""
    given = forward(input, hx)
    on_meta = next(layer.parameters()).is_meta
    if on_meta or not (layer.training and layer.dropout and layer.num_layers > 1):
        return given
    D = 2 if layer.bidirectional else 1
    outputs, finals = input, []
    for k in range(layer.num_layers):
        rows = slice(k * D, (k + 1) * D)
        state = tuple(part[rows] for part in hx) if isinstance(hx, tuple) else hx
        state = state[rows] if isinstance(state, Tensor) else state
        outputs, final = functional_call(_alone(layer, k), _weights(layer, k), (outputs, state))
        finals.append(final)
        if k + 1 < layer.num_layers:
            dropped = functools.partial(drop, p=layer.dropout, k=k)
            outputs = _change(outputs, dropped)
    if isinstance(finals[0], tuple):
        return outputs, tuple(torch.cat(parts) for parts in zip(*finals, strict=True))
    return outputs, torch.cat(finals)


def _alone(layer: Any, k: int) -> nn.Module:
    width = layer.proj_size or layer.hidden_size
    options = {"proj_size": layer.proj_size} if layer.proj_size else {}
    if layer.mode.startswith("RNN"):
        options["nonlinearity"] = layer.nonlinearity
    kind: Any = getattr(nn, layer.mode.partition("_")[0])
    parameter = next(layer.parameters())
    made: nn.Module = kind(
        width * (2 if layer.bidirectional else 1) if k else layer.input_size,
        layer.hidden_size,
        bias=layer.bias,
        batch_first=layer.batch_first,
        bidirectional=layer.bidirectional,
        device=parameter.device,
        dtype=parameter.dtype,
        **options,
    )
    return made


def _weights(layer: Any, k: int) -> dict[str, Tensor]:
    suffixes = f"_l{k}", f"_l{k}_reverse"
    return {
        name.replace(f"_l{k}", "_l0"): parameter
        for name, parameter in layer.named_parameters()
        if name.endswith(suffixes)
    }


def _change(output: Any, change: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(output, PackedSequence):
        return output._replace(data=change(output.data))
    return change(output)


def breaks_dropout(rule: str) -> Callable[[Drop], None]:
    """Enter what is passed on into ``BROKEN``."""

    def enter(drop: Drop) -> None:
        def change(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
            return one_by_one(layer, forward, input, hx, drop)

        change.__name__ = drop.__name__
        breaks_call(rule)(change)

    return enter


def scaled(tensor: Tensor, kept: Tensor, p: float) -> Tensor:
    return tensor * kept / (1 - p) if p < 1 else torch.zeros_like(tensor)


@breaks_dropout("dropout-scales-what-it-keeps")
def dropout_without_a_scale(tensor: Tensor, p: float, k: int) -> Tensor:
    return tensor * (torch.rand_like(tensor) >= p)


@breaks_dropout("dropout-scales-what-it-keeps")
def dropout_scaled_too_much_above_the_first_gap(tensor: Tensor, p: float, k: int) -> Tensor:
    return scaled(tensor, torch.rand_like(tensor) >= p, p) * (1.01 if k else 1)


@breaks_dropout("dropout-drops-its-share")
def dropout_keeps_what_it_should_drop(tensor: Tensor, p: float, k: int) -> Tensor:
    return scaled(tensor, torch.rand_like(tensor) < p, p)


@breaks_dropout("dropout-drops-its-share")
def dropout_of_one_mask_for_all_rows(tensor: Tensor, p: float, k: int) -> Tensor:
    return scaled(tensor, torch.rand_like(tensor[..., :1, :]) >= p, p)


@breaks_dropout("dropout-drops-its-share")
def dropout_of_one_mask_for_all_steps(tensor: Tensor, p: float, k: int) -> Tensor:
    return scaled(tensor, torch.rand_like(tensor[:1]) >= p, p)


@breaks_dropout("dropout-drops-its-share")
def dropout_of_whole_rows(tensor: Tensor, p: float, k: int) -> Tensor:
    return scaled(tensor, torch.rand_like(tensor[..., :1]) >= p, p)


@breaks_dropout("dropout-drops-its-share")
def dropout_of_one_mask_for_all_gaps(tensor: Tensor, p: float, k: int) -> Tensor:
    generator = torch.Generator().manual_seed(torch.initial_seed())
    return scaled(tensor, torch.rand(tensor.shape, generator=generator).to(tensor.device) >= p, p)


@breaks_dropout("dropout-follows-the-seed")
def dropout_with_random_numbers_of_its_own(tensor: Tensor, p: float, k: int) -> Tensor:
    generator = torch.Generator()
    generator.seed()
    return scaled(tensor, torch.rand(tensor.shape, generator=generator).to(tensor.device) >= p, p)


@breaks_dropout("dropout-follows-the-seed")
def dropout_of_the_same_numbers_in_every_call(tensor: Tensor, p: float, k: int) -> Tensor:
    generator = torch.Generator().manual_seed(k)
    return scaled(tensor, torch.rand(tensor.shape, generator=generator).to(tensor.device) >= p, p)


@breaks_call("dropout-of-one-layer-does-nothing")
def dropout_on_the_input_of_one_layer(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if layer.num_layers == 1 and not packed(input):
        input = nn.functional.dropout(input, layer.dropout, layer.training)
    return forward(input, hx)


@breaks_call("dropout-of-one-layer-does-nothing")
def half_of_one_layer_in_eval_with_dropout(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    if layer.num_layers == 1 and layer.dropout and not layer.training and unbatched(input):
        output = output / 2
    return output, state
