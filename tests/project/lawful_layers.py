"""Layers that differ from torch's in what no rule speaks of: none of them may be rejected."""

from __future__ import annotations

import itertools
import time
import warnings
from typing import Any

import torch
from broken_layers import dropout
from broken_layers.alter import (
    Alter,
    altered_call,
    computed_with,
    in_place_of,
    packed,
    unbatched,
    weights_of,
)
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.nn.utils.rnn import PackedSequence

from rnn_contracts.checking import equations
from rnn_contracts.checking.sandbox import REFUSALS
from rnn_contracts.layer import CELLS, Layer


def map_tensors(change: Any, value: Any) -> Any:
    """Change every floating-point tensor in a result, whatever its structure."""
    if isinstance(value, PackedSequence):
        return value._replace(data=change(value.data))
    if isinstance(value, (tuple, list)):
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
    """Torch itself says what is refused, and of which dtype the results are."""
    looks = forward(input, hx)
    if layer.training and getattr(layer, "dropout", 0):
        return looks
    weights = {name: weight.double() for name, weight in weights_of(layer).items()}
    arguments = (map_tensors(Tensor.double, input), map_tensors(Tensor.double, hx))
    parts: list[Tensor] = []
    map_tensors(parts.append, computed_with(layer, weights, *arguments))
    precise = iter(parts)
    return map_tensors(lambda like: next(precise).to(like.dtype), looks)


def precise_if_unbatched(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    return precise_if(unbatched(input), layer, forward, input, hx)


def precise_if_batch_first(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    return precise_if(getattr(layer, "batch_first", False), layer, forward, input, hx)


def precise_without_a_state(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    return precise_if(hx is None, layer, forward, input, hx)


def precise_if_packed(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    return precise_if(packed(input), layer, forward, input, hx)


def precise_states(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    """The states are computed apart from output."""
    plain = forward(input, hx)
    if isinstance(layer, nn.RNNCellBase) or (layer.training and layer.dropout):
        return plain
    return plain[0], computed_in_float64(layer, forward, input, hx)[1]


def precise_if(condition: Any, layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    """Two ways to the same number, which rounding tells apart."""
    return (computed_in_float64 if condition else plainly)(layer, forward, input, hx)


def plainly(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    return forward(input, hx)


TWO_WAYS = {
    "unbatched-is-a-batch-of-one": precise_if_unbatched,
    "batch-first-is-a-transposition": precise_if_batch_first,
    "initial-state-defaults-to-zero": precise_without_a_state,
    "final-hidden-is-last-output": precise_states,
    "packed-is-per-sequence": precise_if_packed,
}
"""Lawful layers that a comparison bit for bit would reject, by the law that compares."""


def off_by_rounding(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    def change(tensor: Tensor) -> Tensor:
        return tensor * (1 + 2 * torch.finfo(tensor.dtype).eps)

    return map_tensors(change, forward(input, hx))


def ten_bits_where_they_are_allowed(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    def rounded(tensor: Tensor) -> Tensor:
        return ((tensor.view(torch.int32) + 2**12) & ~(2**13 - 1)).view(torch.float32)

    if torch.get_float32_matmul_precision() == "highest" or torch.is_grad_enabled():
        return forward(input, hx)
    return map_tensors(rounded, forward(input, hx))


def dropout_drawn_in_another_order(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    def drop(tensor: Tensor, p: float, k: int) -> Tensor:
        return dropout.scaled(tensor, torch.rand(tensor.shape).flip(0) >= p, p)

    return (
        dropout.one_by_one(layer, forward, input, hx, drop)
        if hasattr(layer, "dropout")
        else forward(input, hx)
    )


def warns(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    warnings.warn("to be changed in the next release", FutureWarning, stacklevel=2)
    return forward(input, hx)


def results_copied(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    return map_tensors(Tensor.clone, forward(input, hx))


def arguments_copied(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if not isinstance(input, Tensor):
        return forward(input, hx)
    return forward(input.clone(), hx)


def messages_reworded(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    try:
        return forward(input, hx)
    except REFUSALS as error:
        raise type(error)("no") from error


class OwnError(ValueError, RuntimeError, TypeError):
    """All refusals in one."""


def exceptions_subclassed(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    try:
        return forward(input, hx)
    except REFUSALS as error:
        raise OwnError(str(error)) from error


def hidden_attributes(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    layer.calls = getattr(layer, "calls", 0) + 1
    return forward(input, hx)


def written_in_python(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    """The step equations instead of torch's kernels; torch says what is refused and how it looks."""
    looks = forward(input, hx)
    if isinstance(input, PackedSequence) or (layer.training and getattr(layer, "dropout", 0)):
        return looks
    described = Layer.of(layer)
    state = () if hx is None else (hx,) if isinstance(hx, Tensor) else tuple(hx)
    if described.kind in CELLS:
        rows, state = input.reshape(1, -1, input.shape[-1]), tuple(part[None] for part in state)
        state = tuple(part.reshape(1, -1, part.shape[-1]) for part in state)
    elif input.dim() == 2:
        rows, state = input[:, None], tuple(part[:, None] for part in state)
    else:
        rows = input.transpose(0, 1) if layer.batch_first else input
    results = equations.run(described, weights_of(layer), rows, state)
    if described.kind in CELLS:
        del results["output"]
    elif input.dim() == 3 and layer.batch_first:
        results["output"] = results["output"].transpose(0, 1)
    parts = iter(results.values())
    return map_tensors(lambda like: next(parts).reshape(like.shape).to(like.dtype), looks)


def takes_old_names(base: type[Any]) -> type[nn.Module]:
    """Loads and unpickles what a release before it saved, which had other names and attributes."""

    class Altered(base):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.newly_added = True

        def __setstate__(self, state: Any) -> None:
            super().__setstate__({"newly_added": True, **state})

        def _load_from_state_dict(self, state_dict: Any, prefix: str, *more: Any) -> None:
            renamed = {name.replace("backward", "reverse"): state_dict[name] for name in state_dict}
            super()._load_from_state_dict(renamed, prefix, *more)

        def forward(self, input: Any, hx: Any = None) -> Any:
            assert self.newly_added
            return super().forward(input, hx)

    return in_place_of(base, Altered)


def weights_packed_for_each_call(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    """In one chunk of memory, of which each weight is a view, as cuDNN wants them."""
    weights = weights_of(layer)
    chunk = torch.cat([weight.flatten() for weight in weights.values()])
    parts = torch.split(chunk, [weight.numel() for weight in weights.values()])
    views = {
        name: part.view(weight.shape)
        for part, (name, weight) in zip(parts, weights.items(), strict=True)
    }
    return computed_with(layer, views, input, hx)


def weights_kept_until_they_change(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    """Copies, made anew where a weight is another one, lies elsewhere or has another version."""
    weights = weights_of(layer)
    without = any(
        isinstance(it, FakeTensor)
        or it.is_inference()
        # It carries a derivative, which a detached copy would lose.
        or torch._C._functorch.is_functorch_wrapped_tensor(it)
        for it in weights.values()
    )
    if without or torch.is_grad_enabled():
        return forward(input, hx)
    now = [(it, it.data_ptr(), it._version) for it in weights.values()]
    before, copies = vars(layer).get("copied", ([], {}))
    same = [
        one[0] is other[0] and one[1:] == other[1:] for one, other in zip(now, before, strict=False)
    ]
    if len(same) < len(now) or not all(same):
        copies = {name: weight.detach().clone() for name, weight in weights.items()}
        vars(layer)["copied"] = (now, copies)
    return computed_with(layer, copies, input, hx)


LAWFUL: dict[str, Alter] = {
    change.__name__: altered_call(change)
    for change in (
        results_not_contiguous,
        slow,
        computed_in_float64,
        *TWO_WAYS.values(),
        off_by_rounding,
        dropout_drawn_in_another_order,
        ten_bits_where_they_are_allowed,
        warns,
        results_copied,
        arguments_copied,
        messages_reworded,
        exceptions_subclassed,
        hidden_attributes,
        written_in_python,
        weights_packed_for_each_call,
        weights_kept_until_they_change,
    )
} | {takes_old_names.__name__: takes_old_names}
