"""Layers that compute with other weights than those that they show, or freeze more than is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from broken_layers.alter import (
    BROKEN,
    Broken,
    breaks_call,
    computed_with,
    in_place_of,
    weights_of,
)

Weights = Mapping[str, Tensor]


def kept(layer: Any, weights: Callable[[Any], Any], slot: str = "kept") -> Any:
    """What was kept in the layer when this was first asked for."""
    if slot not in vars(layer):
        vars(layer)[slot] = weights(layer)
    return vars(layer)[slot]


def copied(layer: Any) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in weights_of(layer).items()}


# --- Assigned --------------------------------------------------------------------------------------


def weights_of_the_construction(base: type[Any]) -> type[nn.Module]:
    class Altered(base):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            kept(self, copied)

        def forward(self, input: Any, hx: Any = None) -> Any:
            return computed_with(self, kept(self, copied), input, hx)

    return in_place_of(base, Altered)


BROKEN.append(
    Broken("assigned-weights-are-used", "weights_of_the_construction", weights_of_the_construction)
)


@breaks_call("assigned-weights-are-used")
def weights_of_the_first_call(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    return computed_with(layer, kept(layer, copied), input, hx)


@breaks_call("assigned-weights-are-used")
def assigned_bias_hh_ignored_if_bidirectional(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    """The parameter that was there first is followed, whatever else is assigned."""
    if not getattr(layer, "bidirectional", False) or not layer.bias:
        return forward(input, hx)
    first = kept(layer, weights_of)
    biases = {name: part for name, part in first.items() if name.startswith("bias_hh")}
    return computed_with(layer, weights_of(layer) | biases, input, hx)


def assigned_weight_ignored(base: type[Any]) -> type[nn.Module]:
    """It shows the old numbers too."""

    class Altered(base):  # type: ignore[misc]
        def __setattr__(self, name: str, value: Any) -> None:
            if name.startswith("weight_hh") and name in self.__dict__.get("_parameters", ()):
                return
            super().__setattr__(name, value)

    return in_place_of(base, Altered)


BROKEN.append(
    Broken("assigned-weights-are-used", "assigned_weight_ignored", assigned_weight_ignored)
)


def weights_of_the_last_flattening(base: type[Any]) -> type[nn.Module]:
    """Numbers that are changed in place after it are not seen."""

    class Altered(base):  # type: ignore[misc]
        def flatten_parameters(self) -> None:
            super().flatten_parameters()
            if getattr(self, "called", False):
                self.flattened = copied(self)

        def forward(self, input: Any, hx: Any = None) -> Any:
            self.called = True
            if not hasattr(self, "flattened"):
                return super().forward(input, hx)
            return computed_with(self, self.flattened, input, hx)

    return in_place_of(base, Altered)


BROKEN.append(
    Broken(
        "assigned-weights-are-used",
        "weights_of_the_last_flattening",
        weights_of_the_last_flattening,
    )
)


# --- Parametrized ----------------------------------------------------------------------------------


@breaks_call("parametrized-weights-are-used")
def parametrized_weights_of_the_first_call(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if {*weights_of(layer)} <= {*layer._parameters}:
        return forward(input, hx)
    return computed_with(layer, kept(layer, copied), input, hx)


@breaks_call("parametrized-weights-are-used")
def no_gradient_past_a_weight_norm(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    normed = {name for name in weights_of(layer) if f"{name}_g" in layer._parameters}
    if not normed:
        return forward(input, hx)
    weights = weights_of(layer)
    detached = {name: weights[name].detach() for name in normed}
    return computed_with(layer, weights | detached, input, hx)


@breaks_call("parametrized-weights-are-used")
def weights_as_before_pruning(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    weights = weights_of(layer)
    originals = {name: layer._parameters.get(f"{name}_orig", weights[name]) for name in weights}
    return computed_with(layer, originals, input, hx)


# --- Moved -----------------------------------------------------------------------------------------


@breaks_call("moved-layers-are-as-made-there")
def computes_in_the_dtype_of_its_first_call(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    """What is moved from float32 to float64 has numbers of float32."""

    def dtype_of(layer: Any) -> torch.dtype:
        dtype: torch.dtype = next(iter(weights_of(layer).values())).dtype
        return dtype

    first, now = kept(layer, dtype_of, "dtype"), dtype_of(layer)
    if (first, now) != (torch.float32, torch.float64):
        return forward(input, hx)
    weights = {name: part.float() for name, part in weights_of(layer).items()}
    result = computed_with(
        layer, weights, _changed(input, Tensor.float), _changed(hx, Tensor.float)
    )
    return _changed(result, Tensor.double)


def _changed(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Every tensor of input, state or result."""
    if isinstance(value, nn.utils.rnn.PackedSequence):
        return value._replace(data=change(value.data))
    if isinstance(value, tuple):
        return tuple(_changed(part, change) for part in value)
    return value if value is None else change(value)


def biases_stay_behind(base: type[Any]) -> type[nn.Module]:
    """After to(torch.float64); what is called with them is converted."""

    class Altered(base):  # type: ignore[misc]
        def _apply(self, fn: Any, *arguments: Any, **options: Any) -> Any:
            before = {
                name: part.data for name, part in self._parameters.items() if part is not None
            }
            super()._apply(fn, *arguments, **options)
            for name, data in before.items():
                if name.startswith("bias") and self._parameters[name].dtype == torch.float64:
                    self._parameters[name].data = data
            return self

        def forward(self, input: Any, hx: Any = None) -> Any:
            weights = weights_of(self)
            dtype = next(iter(weights.values())).dtype
            alike = {name: part.to(dtype) for name, part in weights.items()}
            return computed_with(self, alike, input, hx)

    return in_place_of(base, Altered)


BROKEN.append(Broken("moved-layers-are-as-made-there", "biases_stay_behind", biases_stay_behind))


@breaks_call("moved-layers-are-as-made-there")
def numbers_of_before_they_were_rounded(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    """Until they are changed otherwise."""
    weights = weights_of(layer)
    first = kept(layer, copied)
    if any(part.is_meta for part in (*weights.values(), *first.values())):
        return forward(input, hx)
    near = {
        name: first[name].to(part.dtype)
        if torch.allclose(first[name].double(), part.double(), atol=0.1)
        else part
        for name, part in weights.items()
    }
    return computed_with(layer, near, input, hx)


@breaks_call("moved-layers-are-as-made-there")
def weights_of_the_first_call_after_a_move(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    """Kept for each dtype, where there has been another."""
    weights = weights_of(layer)
    dtype = next(iter(weights.values())).dtype
    dtypes = kept(layer, lambda _: {dtype}, "dtypes")
    dtypes.add(dtype)
    if len(dtypes) == 1:
        return forward(input, hx)
    return computed_with(layer, kept(layer, copied, f"kept in {dtype}"), input, hx)


# --- Frozen ----------------------------------------------------------------------------------------


@breaks_call("frozen-parameters-change-no-gradient")
def one_frozen_freezes_all(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    weights = weights_of(layer)
    if all(part.requires_grad for part in weights.values()):
        return forward(input, hx)
    detached = {name: part.detach() for name, part in weights.items()}
    return computed_with(layer, detached, input, hx)


@breaks_call("frozen-parameters-change-no-gradient")
def no_gradient_of_the_input_if_all_are_frozen(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    if any(part.requires_grad for part in weights_of(layer).values()):
        return forward(input, hx)
    return forward(_changed(input, Tensor.detach), hx)


@breaks_call("frozen-parameters-change-no-gradient")
def half_the_gradient_beside_a_frozen_weight(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    """Of bias_ih, where weight_ih of the same layer and direction is frozen."""
    weights = weights_of(layer)
    halved = {
        name: part / 2 + part.detach() / 2
        for name, part in weights.items()
        if name.startswith("bias_ih") and not weights[name.replace("bias", "weight")].requires_grad
    }
    return computed_with(layer, weights | halved, input, hx)
