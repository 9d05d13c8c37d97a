"""Layers that break a rule of transformations, and are as torch's where they are only called."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from broken_layers import dropout
from broken_layers.alter import (
    BROKEN,
    Broken,
    breaks_build,
    breaks_call,
    change_hidden,
    in_place_of,
    packed,
    unbatched,
)
from broken_layers.laws import change_first, first, is_bidirectional


def unbatched_call(input: Any) -> bool:
    """Whether a cell or a layer is given an input without a batch; inside of vmap as it is seen."""
    return not packed(input) and (input.dim() == 1 or unbatched(input))


def is_mapped(tensor: Any) -> bool:
    """Whether it stands for many tensors, inside of vmap."""
    return bool(torch._C._functorch.is_batchedtensor(tensor))


def is_differentiated(tensor: Any) -> bool:
    """Whether it is wrapped by torch.func.grad or torch.func.jvp."""
    return bool(torch._C._functorch.is_gradtrackingtensor(tensor))


def is_recomputed() -> bool:
    """Whether this is run by a backward pass."""
    return torch._C._current_graph_task_id() != -1


def is_compiling() -> bool:
    return bool(torch.compiler.is_compiling())


class WithoutForwardMode(torch.autograd.Function):
    """The same numbers."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        return tensor.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient


class HalfInForwardMode(torch.autograd.Function):
    """The same numbers, whose derivatives are halved in forward mode alone."""

    @staticmethod
    def forward(tensor: Tensor) -> Tensor:
        return tensor.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        return

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor) -> Tensor:
        return tangent / 2


# --- Differentiated and mapped -------------------------------------------------------------------


@breaks_call("forward-mode-agrees")
def without_forward_mode_when_bidirectional(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    if not is_bidirectional(layer):
        return result
    apply: Any = WithoutForwardMode.apply
    return change_first(result, apply)


@breaks_call("forward-mode-agrees")
def half_the_derivative_in_three_layers(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    if getattr(layer, "num_layers", 1) != 3:
        return result
    apply: Any = HalfInForwardMode.apply
    return change_first(result, apply)


@breaks_call("vmap-agrees")
def looks_at_a_number_of_the_state(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if isinstance(hx, Tensor) and float(hx.sum()) == float("inf"):
        raise ValueError("the state is not finite")
    return forward(input, hx)


@breaks_call("vmap-agrees")
def of_the_first_call_alone_if_unbatched(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if is_mapped(input) and unbatched_call(input):
        return change_first(forward(input, hx), torch.zeros_like)
    return forward(input, hx)


@breaks_call("vmap-of-grad-agrees")
def looks_at_its_input_in_three_layers(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if getattr(layer, "num_layers", 1) == 3 and not packed(input) and bool(input.isnan().any()):
        raise ValueError("the input is not a number")
    return forward(input, hx)


@breaks_call("vmap-of-grad-agrees")
def half_of_it_inside_of_grad_with_two_directions(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    result = forward(input, hx)
    inside = is_bidirectional(layer) and is_differentiated(first(result))
    return change_first(result, lambda tensor: tensor / 2) if inside else result


# --- Recomputed ----------------------------------------------------------------------------------


@breaks_call("checkpoint-agrees")
def half_of_it_when_recomputed_and_packed(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if packed(input) and is_recomputed():
        input = input._replace(data=input.data / 2)
    return forward(input, hx)


@breaks_call("checkpoint-agrees")
def recomputed_with_another_input(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    """It keeps what it was called with first, and adds it the next time."""
    if not packed(input) and torch.is_grad_enabled():
        before = layer.__dict__.get("before")
        layer.__dict__["before"] = input.detach()
        if before is not None and before.shape == input.shape:
            input = input + before
    return forward(input, hx)


@breaks_call("reentrant-checkpoint-agrees")
def half_of_it_without_gradients_in_three_layers(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    result = forward(input, hx)
    if torch.is_grad_enabled() or getattr(layer, "num_layers", 1) != 3:
        return result
    return change_first(result, lambda tensor: tensor / 2)


@breaks_call("reentrant-checkpoint-agrees")
def half_of_it_when_recomputed_and_unbatched(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if unbatched_call(input) and is_recomputed():
        input = input / 2
    return forward(input, hx)


# --- Compiled ------------------------------------------------------------------------------------


@breaks_call("compile-packed-agrees")
def packed_and_compiled_to_something_else(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    if is_compiling() and packed(input):
        state = change_hidden(state, lambda tensor: tensor + 1)
    return output, state


@breaks_call("compile-packed-agrees")
def packed_and_compiled_without_a_state_of_two_directions(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    dropped = is_compiling() and packed(input) and layer.bidirectional
    return forward(input, None if dropped else hx)


@breaks_call("compile-drops")
def nothing_dropped_when_compiled(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if is_compiling():
        return dropout.one_by_one(layer, forward, input, hx, lambda tensor, p, k: tensor)
    return forward(input, hx)


@breaks_call("compile-drops")
def packed_stack_of_three_compiled_to_something_else(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    output, state = forward(input, hx)
    if is_compiling() and packed(input) and layer.num_layers == 3:
        state = change_hidden(state, lambda tensor: tensor + 1)
    return output, state


@breaks_call("inductor-agrees")
def wrong_by_a_quarter_when_compiled(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    if is_compiling():
        result = change_first(result, lambda tensor: tensor + 0.25)
    return result


@breaks_call("inductor-agrees")
def compiled_without_the_state_of_a_cell(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    dropped = is_compiling() and "Cell" in type(layer).__name__
    return forward(input, None if dropped else hx)


# --- Exported ------------------------------------------------------------------------------------


@breaks_build("export-uses-its-parameters")
def exported_with_a_buffer_that_is_no_parameter(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    if is_bidirectional(layer):
        layer.register_buffer("steps", torch.zeros(1, device=next(layer.parameters()).device))


def exported_with_what_it_was_loaded_with(base: type[Any]) -> type[nn.Module]:
    """A constant in what is exported, which is right as long as the weights are those of the export."""

    class Altered(base):  # type: ignore[misc]
        def load_state_dict(self, *arguments: Any, **options: Any) -> Any:
            loaded = super().load_state_dict(*arguments, **options)
            self.__dict__["loaded"] = next(self.parameters()).detach().clone()
            return loaded

        def forward(self, input: Any, hx: Any = None) -> Any:
            result = super().forward(input, hx)
            if not is_compiling():
                return result
            apart = self.__dict__["loaded"].sum() - next(self.parameters()).sum()
            return change_first(result, lambda tensor: tensor + apart)

    return in_place_of(base, Altered)


BROKEN.append(
    Broken(
        "export-uses-its-parameters",
        "exported_with_what_it_was_loaded_with",
        exported_with_what_it_was_loaded_with,
    )
)


@breaks_call("exported-layer-moves")
def of_the_dtype_in_which_it_was_exported(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    tensor = first(result)
    if packed(tensor):
        return result
    eye = torch.eye(tensor.shape[-1], dtype=tensor.dtype, device=tensor.device)
    return change_first(result, lambda tensor: tensor @ eye)


@breaks_call("exported-layer-moves")
def on_the_device_of_the_export_in_three_layers(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    result = forward(input, hx)
    if getattr(layer, "num_layers", 1) != 3 or packed(input):
        return result
    zeros = torch.zeros(first(result).shape[-1], device=input.device, dtype=torch.float16)
    return change_first(result, lambda tensor: tensor + zeros)


@breaks_call("onnx-agrees")
def exported_as_onnx_to_something_else(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    if is_compiling():
        result = change_first(result, lambda tensor: tensor + 1)
    return result


@breaks_call("onnx-agrees")
def exported_as_onnx_without_the_state_of_a_cell(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    dropped = is_compiling() and "Cell" in type(layer).__name__
    return forward(input, None if dropped else hx)
