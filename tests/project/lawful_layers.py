"""Layers that differ from torch's in what no rule speaks of: none of them may be rejected."""

from __future__ import annotations

import copy
import itertools
import time
from typing import Any

import torch
from broken_layers.alter import Alter, altered_call
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence


def map_tensors(change: Any, value: Any) -> Any:
    """Change every floating-point tensor in a result, whatever its structure."""
    if isinstance(value, PackedSequence):
        return value._replace(data=change(value.data))
    if isinstance(value, tuple):
        return tuple(map_tensors(change, part) for part in value)
    return value if value is None else change(value)


def strided(tensor: Tensor) -> Tensor:
    """The same numbers, in every second place of memory."""
    return torch.stack([tensor, tensor], -1)[..., 0]


def results_not_contiguous(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    return map_tensors(strided, forward(input, hx))


_calls = itertools.count()


def slow(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    """One call in 500 takes longer than the 200 ms that Hypothesis allows unless told otherwise."""
    if next(_calls) % 500 == 0:
        time.sleep(0.25)
    return forward(input, hx)


def computed_in_float64(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    plain = copy.copy(layer)
    plain.__class__ = type(layer).__mro__[1]
    weights = {name: weight.double() for name, weight in layer.named_parameters()}
    arguments = (map_tensors(Tensor.double, input), map_tensors(Tensor.double, hx))
    result = torch.func.functional_call(plain, weights, arguments)
    return map_tensors(lambda tensor: tensor.to(next(layer.parameters()).dtype), result)


LAWFUL: dict[str, Alter] = {
    change.__name__: altered_call(change)
    for change in (results_not_contiguous, slow, computed_in_float64)
}
