"""Layers of the right shapes and the wrong contents."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.autograd.function import once_differentiable
from torch.nn.utils.rnn import PackedSequence

from broken_layers.alter import (
    BROKEN,
    Broken,
    altered_call,
    batch_size,
    breaks_call,
    change_hidden,
    change_output,
    in_place_of,
    packed,
    unbatched,
)


def first(result: Any) -> Any:
    """The tensor that says most: output of a layer, h_1 of a cell."""
    return result[0] if isinstance(result, tuple) else result


def change_first(result: Any, change: Any) -> Any:
    """Change ``output``, packed or not, or the h_1 of a cell."""
    if not isinstance(result, tuple):
        return change(result)
    return (change_output(result[0], change), *result[1:])


def change_state(state: Any, change: Any) -> Any:
    """Change every tensor of a state."""
    if state is None:
        return None
    return tuple(map(change, state)) if isinstance(state, tuple) else change(state)


def change_input(input: Any, change: Any) -> Any:
    return input._replace(data=change(input.data)) if packed(input) else change(input)


def time_axis(layer: Any, input: Any) -> int:
    return 1 if layer.batch_first and not unbatched(input) else 0


def width(layer: Any) -> int:
    return int(layer.proj_size or layer.hidden_size)


def is_bidirectional(layer: Any) -> bool:
    return bool(getattr(layer, "bidirectional", False))


def num_layers(layer: Any) -> int:
    return int(getattr(layer, "num_layers", 1))


@breaks_call("final-hidden-is-last-output")
def final_hidden_of_another_step(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    return output, change_hidden(state, lambda h_n: 0.9 * h_n)


@breaks_call("final-hidden-is-last-output")
def backward_final_hidden_from_the_wrong_end(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    if layer.bidirectional and not packed(input):
        last = output.select(time_axis(layer, input), -1)[..., width(layer) :]
        state = change_hidden(state, lambda h_n: torch.cat([h_n[:-1], last[None]]))
    return output, state


@breaks_call("directions-concatenate")
def halves_of_output_swapped(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    return change_output(output, lambda tensor: tensor.roll(width(layer), -1)), state


@breaks_call("directions-concatenate")
def halves_of_output_interleaved_when_deep(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    if layer.bidirectional and layer.num_layers == 10:
        halves = (2, width(layer))
        output = change_output(
            output,
            lambda tensor: tensor.view(*tensor.shape[:-1], *halves).transpose(-1, -2).flatten(-2),
        )
    return output, state


@breaks_call("hidden-layout")
def final_hidden_ordered_by_direction(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    if layer.bidirectional:
        by_layer = (layer.num_layers, 2)
        state = change_hidden(
            state, lambda h_n: h_n.reshape(*by_layer, *h_n.shape[1:]).transpose(0, 1).flatten(0, 1)
        )
    return output, state


@breaks_call("hidden-layout")
def final_states_from_the_top_layer_down_without_bias(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    output, state = forward(input, hx)
    return output, state if layer.bias else change_state(state, lambda part: part.flip(0))


@breaks_call("initial-state-defaults-to-zero")
def initial_state_defaults_to_ones(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    return forward(input, change_state(hx, lambda part: torch.where(part == 0, 1.0, part)))


@breaks_call("initial-state-defaults-to-zero")
def initial_state_defaults_to_noise_without_bias(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    result = forward(input, hx)
    if hx is None and not layer.bias:
        result = change_first(result, lambda tensor: tensor + torch.rand_like(tensor))
    return result


@breaks_call("initial-state-reaches-every-layer-and-direction")
def initial_state_ignored(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    return forward(input, change_state(hx, torch.zeros_like))


@breaks_call("initial-state-reaches-every-layer-and-direction")
def initial_state_of_the_first_layer_for_all(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if num_layers(layer) > 2:
        hx = change_state(hx, lambda part: torch.cat([part[:2], part[1:-1]]))
    return forward(input, hx)


@breaks_call("batch-first-is-a-transposition")
def batch_first_read_as_a_view(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if layer.batch_first and not packed(input) and not unbatched(input):
        N, L, _ = input.shape
        input = input.reshape(L, N, -1).transpose(0, 1)
    return forward(input, hx)


@breaks_call("batch-first-is-a-transposition")
def batch_first_runs_backwards_when_bidirectional(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    if layer.batch_first and layer.bidirectional and not packed(input) and not unbatched(input):
        input = input.flip(1)
    return forward(input, hx)


@breaks_call("unbatched-is-a-batch-of-one")
def unbatched_input_scaled(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if not packed(input) and input.dim() < (3 if hasattr(layer, "batch_first") else 2):
        input = 1.01 * input
    return forward(input, hx)


@breaks_call("unbatched-is-a-batch-of-one")
def unbatched_state_ignored_in_eval(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if (
        not packed(input)
        and not layer.training
        and input.dim() < 3
        and hasattr(layer, "batch_first")
    ):
        hx = change_state(hx, torch.zeros_like)
    return forward(input, hx)


@breaks_call("rows-are-independent")
def rows_centred(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    if packed(input):
        return result
    return change_first(result, lambda tensor: tensor - 1e-3 * tensor.sum())


@breaks_call("rows-are-independent")
def last_row_repeats_another_in_large_batches(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output = forward(input, hx)
    if not packed(input) and hasattr(layer, "batch_first") and batch_size(layer, input) > 16:
        axis = 0 if layer.batch_first else 1
        output = change_first(
            output,
            lambda tensor: torch.cat(
                [tensor.narrow(axis, 0, tensor.shape[axis] - 1), tensor.narrow(axis, 1, 1)], axis
            ),
        )
    return output


@breaks_call("steps-are-causal")
def steps_centred(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    if not packed(input):
        output = output - 1e-3 * output.mean(time_axis(layer, input), keepdim=True)
    return output, state


@breaks_call("steps-are-causal")
def steps_shown_early_when_deep(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    if layer.num_layers == 10 and not packed(input):
        output = output.roll(-1, time_axis(layer, input))
    return output, state


@breaks_call("sequence-splits")
def state_fades_between_calls(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    return forward(input, change_state(hx, lambda part: 0.9 * part))


@breaks_call("sequence-splits")
def position_counts_from_the_start_of_the_call(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    if not packed(input):
        axis = time_axis(layer, input)
        steps = torch.arange(input.shape[axis], device=input.device)
        view = [-1 if i == axis else 1 for i in range(input.dim())]
        input = input + (0.1 * steps).to(input.dtype).view(view)
    return forward(input, hx)


@breaks_call("layers-compose")
def stacks_scaled(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    return change_output(output, lambda tensor: tensor * (1 + 0.2 * (layer.num_layers > 1))), state


@breaks_call("layers-compose")
def final_state_of_a_middle_layer_lost_when_deep(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    output, state = forward(input, hx)
    if layer.num_layers == 10:
        state = change_hidden(
            state, lambda h_n: torch.cat([h_n[:4], torch.zeros_like(h_n[4:5]), h_n[5:]])
        )
    return output, state


@breaks_call("directions-decompose")
def backward_output_not_turned_round(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    if layer.bidirectional and not packed(input):
        ahead, back = output.split(width(layer), -1)
        output = torch.cat([ahead, back.flip(time_axis(layer, input))], -1)
    return output, state


@breaks_call("directions-decompose")
def directions_summed_under_no_grad(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    if layer.bidirectional and not torch.is_grad_enabled():
        output = change_output(output, lambda tensor: tensor + 0.5 * tensor.roll(width(layer), -1))
    return output, state


def with_weights(layer: Any, change: Any, input: Any, hx: Any) -> Any:
    """The call of torch's layer with other weights in place of its own."""
    plain = copy.copy(layer)
    plain.__class__ = type(layer).__mro__[1]
    weights = {name: change(name, value) for name, value in layer.named_parameters()}
    return torch.func.functional_call(plain, weights, (input, hx))


@breaks_call("recurrence")
def one_bias_counted_twice(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    return with_weights(
        layer, lambda name, value: value * (1 + name.startswith("bias_ih")), input, hx
    )


@breaks_call("recurrence")
def weights_off_when_wide(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    factor = 1.5 if layer.hidden_size > 32 else 1.0
    return with_weights(layer, lambda name, value: value * factor, input, hx)


@breaks_call("recurrence")
def gates_in_another_order(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    return with_weights(
        layer,
        lambda name, value: value if "hr" in name else value.roll(layer.hidden_size, 0),
        input,
        hx,
    )


@breaks_call("packed-is-per-sequence")
def packed_states_in_sorted_order(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    if packed(input) and input.sorted_indices is not None:
        state = change_state(state, lambda part: part[:, input.sorted_indices])
    return output, state


@breaks_call("packed-is-per-sequence")
def packed_final_state_of_the_longest_only(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    if packed(input) and input.sorted_indices is None:
        alive = torch.arange(int(input.batch_sizes[0])) < int(input.batch_sizes[-1])
        state = change_state(state, lambda part: torch.where(alive[:, None], part, 0.0))
    return output, state


@breaks_call("dropout-between-layers-in-training-only")
def dropout_in_eval_too(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    training = layer.training
    try:
        return layer.train() and forward(input, hx)
    finally:
        layer.train(training)


@breaks_call("dropout-between-layers-in-training-only")
def dropout_on_the_output_too(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    p = layer.dropout
    dropped = change_output(output, lambda tensor: nn.functional.dropout(tensor, p, layer.training))
    return dropped, state


@breaks_call("dropout-between-layers-in-training-only")
def dropout_never(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    training = layer.training
    try:
        return layer.eval() and forward(input, hx)
    finally:
        layer.train(training)


@breaks_call("gradients-agree")
def initial_state_gets_no_gradient(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    return forward(input, change_state(hx, lambda part: part.detach()))


class Identity(torch.autograd.Function):
    """Gives its argument, with whatever gradient a subclass makes up."""

    @classmethod
    def through(cls, tensor: Tensor) -> Tensor:
        return cls.apply(tensor)  # type: ignore[no-any-return, no-untyped-call]

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        return tensor.view_as(tensor)


class Doubled(Identity):
    """The identity, with twice its gradient."""

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return 2 * gradient


@breaks_call("gradients-agree")
def gradient_doubled_without_bias(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    return result if layer.bias else change_first(result, Doubled.through)


class OnceDifferentiable(Identity):
    """The identity, whose gradient has none."""

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient


class Detached(Identity):
    """The identity, whose gradient looks like a constant."""

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient.detach()


@breaks_call("second-derivatives-exist")
def backward_not_differentiable(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    return forward(change_input(input, OnceDifferentiable.through), hx)


@breaks_call("second-derivatives-exist")
def backward_constant_with_two_directions(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if layer.bidirectional:
        input = change_input(input, lambda tensor: Detached.through(torch.tanh(tensor)))
    return forward(input, hx)


@breaks_call("arguments-are-read-only")
def input_scaled_in_place(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    with torch.no_grad():
        (input.data if packed(input) else input).mul_(0.5)
    return result


@breaks_call("arguments-are-read-only")
def initial_hidden_overwritten_in_eval(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    if hx is not None and not layer.training:
        with torch.no_grad():
            first(hx).zero_()
    return result


@breaks_call("calls-are-independent")
def carries_its_state_over(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(change_input(input, lambda tensor: tensor + getattr(layer, "carried", 0)), hx)
    layer.carried = 0.1
    return result


@breaks_call("calls-are-independent")
def third_call_differs(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    layer.count = getattr(layer, "count", 0) + 1
    result = forward(input, hx)
    return change_first(result, torch.neg) if layer.count == 3 else result


@breaks_call("parameters-unchanged-by-a-call")
def weights_decay_in_training(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    if layer.training:
        with torch.no_grad():
            next(layer.parameters()).mul_(0.99)
    return result


@breaks_call("parameters-unchanged-by-a-call")
def parameter_added_by_a_call(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    layer.seen = nn.Parameter(torch.ones(1))
    return result


@breaks_call("dtype-and-device-follow")
def results_in_float32_for_float16(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    if next(layer.parameters()).dtype is torch.float16:
        result = change_first(result, Tensor.float)
    return result


@breaks_call("dtype-and-device-follow")
def results_of_meta_on_the_cpu(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    return change_first(
        result,
        lambda tensor: torch.zeros(tensor.shape, dtype=tensor.dtype) if tensor.is_meta else tensor,
    )


@breaks_call("autocast-dtype")
def autocast_ignored(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    with torch.autocast("cpu", enabled=False):
        return forward(input, hx)


@breaks_call("autocast-dtype")
def autocast_reduces_everything(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    if torch.is_autocast_enabled("cpu"):
        result = change_first(result, Tensor.bfloat16)
    return result


@breaks_call("tf32-is-near")
def seven_bits_where_tf32_is_allowed(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    if torch.get_float32_matmul_precision() == "high":
        result = change_first(result, lambda tensor: tensor * (1 + 2**-6))
    return result


@breaks_call("tf32-is-near")
def cell_state_of_half_a_byte_with_tf32(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    if torch.backends.cudnn.allow_tf32 and isinstance(layer, nn.LSTM) and layer.bidirectional:
        output, (h, c) = result
        return output, (h, (16 * c).round() / 16)
    return result


@breaks_call("modes-agree")
def scaled_under_no_grad(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    if torch.is_grad_enabled():
        return result
    return change_first(result, lambda tensor: 0.5 * tensor)


@breaks_call("modes-agree")
def wrong_in_eval_and_inference_mode(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    if torch.is_inference_mode_enabled() and not layer.training:
        result = change_first(result, torch.zeros_like)
    return result


@breaks_call("memory-layout-is-irrelevant")
def strides_of_input_ignored(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if not packed(input) and not input.is_contiguous():
        dense = torch.empty(input.shape, device="meta").stride()
        input = input.as_strided(input.shape, dense)
    return forward(input, hx)


@breaks_call("memory-layout-is-irrelevant")
def strided_initial_state_lost(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    return forward(
        input,
        change_state(hx, lambda part: part if part.is_contiguous() else torch.zeros_like(part)),
    )


def keeps_weights(stem: str) -> Any:
    """A layer that computes with the weights it was built with, whatever it is given."""

    def alter(base: type[Any]) -> type[nn.Module]:
        class Altered(base):  # type: ignore[misc]
            def __init__(self, *arguments: Any, **options: Any) -> None:
                super().__init__(*arguments, **options)
                self.__dict__["built_with"] = dict(self.named_parameters())

            def forward(self, input: Any, hx: Any = None) -> Any:
                own = self.__dict__["built_with"]
                return with_weights(
                    self,
                    lambda name, value: own[name] if name.startswith(stem) else value,
                    input,
                    hx,
                )

        return in_place_of(base, Altered)

    return alter


BROKEN += [
    Broken(
        "functional-call-uses-its-weights", "functional_weights_ignored", keeps_weights("weight")
    ),
    Broken("functional-call-uses-its-weights", "functional_biases_ignored", keeps_weights("bias")),
]


def deepcopy_is_fresh(base: type[Any]) -> type[nn.Module]:
    class Altered(base):  # type: ignore[misc]
        def __deepcopy__(self, memo: Any) -> Any:
            other = copy.copy(self)
            other._parameters = {
                name: nn.Parameter(torch.zeros_like(value))
                for name, value in self._parameters.items()
            }
            if hasattr(other, "_flat_weights"):
                other._flat_weights = [
                    other._parameters[name] for name in other._flat_weights_names
                ]
            return other

    return in_place_of(base, Altered)


def state_dict_without_biases(base: type[Any]) -> type[nn.Module]:
    class Altered(base):  # type: ignore[misc]
        def state_dict(self, *arguments: Any, **options: Any) -> Any:
            whole = super().state_dict(*arguments, **options)
            return {name: value for name, value in whole.items() if "bias" not in name}

    return in_place_of(base, Altered)


BROKEN += [
    Broken("copies-agree", "deepcopy_is_fresh", deepcopy_is_fresh),
    Broken("copies-agree", "state_dict_without_biases", state_dict_without_biases),
]


@breaks_call("meta-agrees")
def meta_forgets_the_dtype(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    return change_first(result, lambda tensor: tensor.float() if tensor.is_meta else tensor)


@breaks_call("meta-agrees")
def fake_tensors_too_narrow(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    if isinstance(input, FakeTensor):
        result = change_first(result, lambda tensor: tensor[..., :1])
    return result


@breaks_call("compile-agrees")
def compiled_to_something_else(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    if torch.compiler.is_compiling():
        result = change_first(result, lambda tensor: tensor + 1)
    return result


@breaks_call("compile-agrees")
def compiled_without_initial_state(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    return forward(input, None if torch.compiler.is_compiling() else hx)


@breaks_call("export-agrees")
def exported_to_something_else(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    result = forward(input, hx)
    if torch.compiler.is_compiling():
        result = change_first(result, lambda tensor: tensor + 1)
    return result


@breaks_call("export-agrees")
def exported_without_initial_state(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    return forward(input, None if torch.compiler.is_compiling() else hx)


def gates_moved(stem: str, order: tuple[int, ...]) -> Any:
    """A call that reads the gates of the parameters ``stem`` in another order."""

    def change(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
        order_of_kind = order[: 4 if "LSTM" in type(layer).__name__ else 3]
        weights = dict(layer.named_parameters())
        for name, weight in weights.items():
            if name.startswith(stem) and "weight_hr" not in name:
                parts = weight.split(layer.hidden_size)
                weights[name] = torch.cat([parts[gate] for gate in order_of_kind])
        plain = copy.copy(layer)
        plain.__class__ = type(layer).__mro__[1]
        return torch.func.functional_call(plain, weights, (input, hx))

    return change


BROKEN.append(
    Broken("gates-are-ordered", "first_gates_swapped", altered_call(gates_moved("", (1, 0, 2, 3))))
)
BROKEN.append(
    Broken(
        "gates-are-ordered",
        "gates_of_bias_hh_swapped",
        altered_call(gates_moved("bias_hh", (1, 0, 2, 3))),
    )
)


@breaks_call("reset-gate-follows-the-product")
def reset_gate_before_the_product(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    return reset_first(layer, forward, input, hx, outside=False)


@breaks_call("reset-gate-follows-the-product")
def reset_gate_leaves_out_the_bias(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    return reset_first(layer, forward, input, hx, outside=True)


def reset_first(layer: Any, forward: Any, input: Any, hx: Any, *, outside: bool) -> Any:
    """One step of a GRUCell, or of a GRU of one layer, as others compute it."""
    if hx is None or not layer.bias or isinstance(input, PackedSequence):
        return forward(input, hx)
    cell = isinstance(layer, nn.RNNCellBase)
    if not cell and (layer.num_layers > 1 or layer.bidirectional or not steps_of_one(layer, input)):
        return forward(input, hx)
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    W, U, b, c = (getattr(layer, name if cell else f"{name}_l0") for name in names)
    h = hx if cell else hx[0]
    x = input if cell or input.dim() == 2 else input.flatten(0, 1)
    xr, xz, xn = (x @ W.T + b).chunk(3, -1)
    Ur, Uz, Un = U.chunk(3)
    cr, cz, cn = c.chunk(3)
    r, z = torch.sigmoid(xr + h @ Ur.T + cr), torch.sigmoid(xz + h @ Uz.T + cz)
    n = torch.tanh(xn + (r * (h @ Un.T) if outside else (r * h) @ Un.T) + cn)
    h = (1 - z) * n + z * h
    if cell:
        return h
    return h.reshape(*input.shape[:-1], -1), h[None]


def steps_of_one(layer: Any, input: Any) -> bool:
    return bool(input.dim() == 3 and input.shape[1 if layer.batch_first else 0] == 1)


def hx_called_state(base: type[Any]) -> type[nn.Module]:
    class Altered(base):  # type: ignore[misc]
        def forward(self, input: Any, state: Any = None) -> Any:
            return super().forward(input, state)

    return in_place_of(base, Altered)


def input_called_x(base: type[Any]) -> type[nn.Module]:
    class Altered(base):  # type: ignore[misc]
        def forward(self, x: Any, hx: Any = None) -> Any:
            return super().forward(x, hx)

    return in_place_of(base, Altered)


BROKEN.append(Broken("call-arguments", "hx_called_state", hx_called_state))
BROKEN.append(Broken("call-arguments", "input_called_x", input_called_x))


@breaks_call("state-list-accepted")
def state_in_a_list_refused(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if isinstance(hx, list):
        raise TypeError("a tuple is expected")
    return forward(input, hx)


@breaks_call("state-list-accepted")
def state_in_a_list_ignored_if_packed(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if isinstance(hx, list) and isinstance(input, PackedSequence):
        hx = None
    return forward(input, hx)
