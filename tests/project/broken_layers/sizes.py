"""Layers that break a rule at sizes that are drawn now and then, or in a call that hides it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from broken_layers.alter import (
    batch_size,
    breaks_call,
    change_hidden,
    packed,
    unbatched,
)
from broken_layers.laws import (
    Identity,
    change_first,
    change_state,
    num_layers,
)


def of_a_cell(layer: Any) -> bool:
    return not hasattr(layer, "num_layers")


def sequences(layer: Any, input: Any) -> int:
    if of_a_cell(layer):
        return len(input) if input.dim() == 2 else 1
    return batch_size(layer, input)


def zeroed(tensor: Tensor) -> Tensor:
    return torch.zeros_like(tensor)


@breaks_call("recurrence")
def zeros_above_a_hundred_sequences(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    return change_first(result, zeroed) if sequences(layer, input) > 100 else result


@breaks_call("recurrence")
def zeros_after_a_hundred_steps(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    if of_a_cell(layer) or packed(input):
        return result
    steps = input.shape[1 if layer.batch_first and not unbatched(input) else 0]
    return change_first(result, zeroed) if steps > 100 else result


@breaks_call("recurrence")
def zeros_above_a_width_of_128(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    return change_first(result, zeroed) if layer.hidden_size > 128 else result


@breaks_call("recurrence")
def zeros_above_an_input_width_of_100(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    return change_first(result, zeroed) if layer.input_size > 100 else result


@breaks_call("packed-output-shape")
def packed_output_cut_above_a_hundred_sequences(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    output, state = forward(input, hx)
    if packed(output) and sequences(layer, input) > 100:
        output = output._replace(data=output.data[:-1])
    return output, state


@breaks_call("final-hidden-shape")
def final_hidden_without_its_last_row_at_seven_layers(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    output, state = forward(input, hx)
    return output, change_hidden(state, lambda h_n: h_n[:-1] if num_layers(layer) == 7 else h_n)


@breaks_call("layers-compose")
def output_of_zeros_at_five_to_nine_layers(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    return (change_first((output,), zeroed)[0] if 4 < layer.num_layers < 10 else output), state


class IncomingDetached(Identity):
    """The identity, whose gradient does not depend on the one that comes in."""

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient.detach()


@breaks_call("second-derivatives-exist")
def incoming_gradient_taken_as_constant(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    """Seen under a loss alone that is not linear in the results."""
    return change_first(forward(input, hx), IncomingDetached.through)


@breaks_call("state-batch-refused")
def one_state_for_all_sequences(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    N, axis = sequences(layer, input), 0 if of_a_cell(layer) else 1
    of_a_batch = packed(input) or input.dim() == axis + 2

    def broadcast(part: Tensor) -> Tensor:
        one = of_a_batch and part.dim() == axis + 2 and part.shape[axis] == 1
        return part.expand(*part.shape[:axis], N, part.shape[-1]) if one else part

    return forward(input, change_state(hx, broadcast))
