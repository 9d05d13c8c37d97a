"""Layers that each break one rule, some of them only in a corner.

Each function is what a call (``@breaks_call``) or a constructor (``@breaks_build``) does instead of
torch's. ``BROKEN`` lists them with the rule that must reject them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from rnn_contracts.contracts import RULES

Alter = Callable[[type[nn.Module]], type[nn.Module]]
"""Makes the altered class out of torch's."""


@dataclass(frozen=True)
class Broken:
    """The rule that a layer breaks, and how it comes to break it."""

    rule: str
    name: str
    alter: Alter

    @property
    def kinds(self) -> tuple[str, ...]:
        """The classes of ``torch.nn`` that are altered: all of which the rule speaks."""
        return RULES[self.rule].layers


BROKEN: list[Broken] = []


def altered_call(change: Callable[..., Any]) -> Alter:
    """``change(layer, forward, input, hx)`` in place of ``forward(input, hx)``."""

    def alter(base: type[Any]) -> type[nn.Module]:
        class Altered(base):  # type: ignore[misc]
            def forward(self, input: Any, hx: Any = None) -> Any:
                return change(self, super().forward, input, hx)

        Altered.__name__ = base.__name__
        return Altered

    return alter


def altered_build(change: Callable[..., Any]) -> Alter:
    """``change(layer, init, **arguments)`` in place of ``init(**arguments)``."""

    def alter(base: type[Any]) -> type[nn.Module]:
        class Altered(base):  # type: ignore[misc]
            def __init__(self, input_size: int, hidden_size: int, **arguments: Any) -> None:
                change(
                    self, functools.partial(super().__init__, input_size, hidden_size), **arguments
                )

        Altered.__name__ = base.__name__
        return Altered

    return alter


def breaks_call(rule: str) -> Callable[[Callable[..., Any]], None]:
    """Enter a function into ``BROKEN`` as an altered call."""
    return lambda change: BROKEN.append(Broken(rule, change.__name__, altered_call(change)))


def breaks_build(rule: str) -> Callable[[Callable[..., Any]], None]:
    """Enter a function into ``BROKEN`` as an altered constructor."""
    return lambda change: BROKEN.append(Broken(rule, change.__name__, altered_build(change)))


def packed(input: Any) -> bool:
    return isinstance(input, PackedSequence)


def unbatched(input: Any) -> bool:
    return not packed(input) and input.dim() == 2


def batch_size(layer: Any, input: Any) -> int:
    if packed(input):
        return int(input.batch_sizes[0])
    return 1 if unbatched(input) else int(input.shape[0 if layer.batch_first else 1])


def change_output(output: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Change the tensor, or the data of a PackedSequence."""
    return output._replace(data=change(output.data)) if packed(output) else change(output)


def change_hidden(state: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Change h_n, alone or in a tuple with c_n."""
    return (change(state[0]), *state[1:]) if isinstance(state, tuple) else change(state)


# --- Shapes --------------------------------------------------------------------------------------


@breaks_call("input-shape")
def refuses_large_batches(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if batch_size(layer, input) > 16:
        raise RuntimeError("no kernel for this batch")
    return forward(input, hx)


@breaks_call("input-shape")
def refuses_unbatched_input_when_deep(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if unbatched(input) and layer.num_layers == 10:
        raise RuntimeError("expected 3-D input")
    return forward(input, hx)


@breaks_call("input-shape")
def dies_of_an_assertion_in_inference_mode(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    assert not torch.is_inference_mode_enabled()
    return forward(input, hx)


@breaks_call("output-shape")
def output_without_the_backward_half(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    half = (layer.proj_size or layer.hidden_size) if layer.bidirectional else None
    return change_output(output, lambda tensor: tensor[..., :half]), state


@breaks_call("output-shape")
def output_time_first_if_batch_first_and_bidirectional(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    output, state = forward(input, hx)
    if layer.batch_first and layer.bidirectional and not packed(input) and output.dim() == 3:
        output = output.transpose(0, 1)
    return output, state


@breaks_call("output-shape")
def output_of_one_sequence_squeezed(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    if not packed(input) and not unbatched(input) and batch_size(layer, input) == 1:
        output = output.squeeze(0 if layer.batch_first else 1)
    return output, state


@breaks_call("output-shape")
def output_too_wide_on_meta(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    if layer.weight_hh_l0.is_meta:
        output = change_output(output, lambda tensor: torch.cat([tensor, tensor], -1))
    return output, state


@breaks_call("initial-hidden-shape")
def initial_hidden_wanted_batch_first(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if hx is not None and layer.batch_first and not unbatched(input):
        hx = change_hidden(hx, lambda h_0: h_0.transpose(0, 1))
    return forward(input, hx)


@breaks_call("initial-hidden-shape")
def initial_hidden_refused_in_bfloat16(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if hx is not None and layer.weight_hh_l0.dtype is torch.bfloat16:
        raise RuntimeError("not implemented for 'BFloat16'")
    return forward(input, hx)


@breaks_call("final-hidden-shape")
def final_hidden_follows_batch_first(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    if layer.batch_first and not unbatched(input):
        state = change_hidden(state, lambda h_n: h_n.transpose(0, 1))
    return output, state


@breaks_call("final-hidden-shape")
def final_hidden_of_the_last_layer_only_when_deep(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    output, state = forward(input, hx)
    if layer.num_layers == 10:
        state = change_hidden(state, lambda h_n: h_n[-1:])
    return output, state


@breaks_call("final-hidden-shape")
def final_hidden_without_the_backward_direction_in_float16(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    output, state = forward(input, hx)
    if layer.bidirectional and layer.weight_hh_l0.dtype is torch.float16:
        state = change_hidden(state, lambda h_n: h_n[::2])
    return output, state


@breaks_call("initial-cell-shape")
def initial_cell_wanted_as_narrow_as_the_projection(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    if hx is not None and hx[1].shape[-1] != hx[0].shape[-1]:
        raise RuntimeError("expected hidden[1] as wide as hidden[0]")
    return forward(input, hx)


@breaks_call("initial-cell-shape")
def initial_cell_refused_when_not_contiguous(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if hx is not None and not hx[1].is_contiguous():
        raise RuntimeError("rnn: hx is not contiguous")
    return forward(input, hx)


@breaks_call("final-cell-shape")
def final_cell_as_narrow_as_the_projection(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, (h_n, c_n) = forward(input, hx)
    return output, (h_n, c_n[..., : h_n.shape[-1]])


@breaks_call("final-cell-shape")
def final_cell_follows_batch_first_when_stacked_and_bidirectional(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    output, (h_n, c_n) = forward(input, hx)
    if layer.batch_first and layer.bidirectional and layer.num_layers > 1 and c_n.dim() == 3:
        c_n = c_n.transpose(0, 1)
    return output, (h_n, c_n)


@breaks_call("state-structure")
def state_flat(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    return (output, *state) if isinstance(state, tuple) else (output, state, state)


@breaks_call("state-structure")
def state_in_a_list_in_eval_mode(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    return (output, state) if layer.training else (output, list(state))


@breaks_call("state-structure")
def state_missing_when_unbatched(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    return output if unbatched(input) else (output, state)


@breaks_call("packed-output")
def packed_output_padded(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    return pad_packed_sequence(output)[0] if packed(output) else output, state


@breaks_call("packed-output")
def packed_output_forgets_the_order_of_the_caller(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    output, state = forward(input, hx)
    if packed(output):
        output = PackedSequence(output.data, output.batch_sizes)
    return output, state


@breaks_call("batch-first-ignored-unbatched")
def unbatched_output_transposed_by_batch_first(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    output, state = forward(input, hx)
    return output.T if layer.batch_first and unbatched(input) else output, state


@breaks_call("batch-first-ignored-unbatched")
def unbatched_final_hidden_gets_a_batch_axis_by_batch_first(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    output, state = forward(input, hx)
    if layer.batch_first and unbatched(input):
        state = change_hidden(state, lambda h_n: h_n.unsqueeze(0))
    return output, state


@breaks_call("empty-batch-allowed")
def empty_batch_refused_with_two_directions(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if batch_size(layer, input) == 0 and layer.bidirectional:
        raise RuntimeError("Expected batch size > 0")
    return forward(input, hx)


@breaks_call("empty-batch-allowed")
def empty_batch_gives_final_hidden_of_one(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    if batch_size(layer, input) == 0:
        state = change_hidden(state, lambda h_n: h_n.new_zeros(len(h_n), 1, h_n.shape[-1]))
    return output, state


# --- Shapes of RNNCell, GRUCell, LSTMCell --------------------------------------------------------


@breaks_call("rnn-cell-input-shape")
def rnn_cell_refuses_unbatched_input(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if input.dim() == 1:
        raise RuntimeError("expected 2-D input")
    return forward(input, hx)


@breaks_call("rnn-cell-input-shape")
def rnn_cell_refuses_one_sequence(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if len(input) == 1:
        raise RuntimeError("expected a batch")
    return forward(input, hx)


@breaks_call("rnn-cell-initial-hidden-shape")
def rnn_cell_refuses_initial_hidden_in_bfloat16(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    if hx is not None and input.dtype is torch.bfloat16:
        raise RuntimeError("not implemented for 'BFloat16'")
    return forward(input, hx)


@breaks_call("rnn-cell-initial-hidden-shape")
def rnn_cell_refuses_unbatched_initial_hidden(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if hx is not None and input.dim() == 1:
        raise RuntimeError("expected 2-D hx")
    return forward(input, hx)


@breaks_call("rnn-cell-next-hidden-shape")
def rnn_cell_next_hidden_keeps_a_batch_axis(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    state = forward(input, hx)
    if input.dim() == 1:
        state = change_hidden(state, lambda h_1: h_1.unsqueeze(0))
    return state


@breaks_call("rnn-cell-next-hidden-shape")
def rnn_cell_next_hidden_transposed_above_16(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    state = forward(input, hx)
    return change_hidden(state, lambda h_1: h_1.T if h_1.dim() == 2 and len(h_1) > 16 else h_1)


@breaks_call("rnn-cell-initial-cell-shape")
def rnn_cell_refuses_initial_cell_of_one_sequence(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    if hx is not None and input.dim() == 2 and len(hx[1]) == 1:
        raise RuntimeError("expected a batch")
    return forward(input, hx)


@breaks_call("rnn-cell-initial-cell-shape")
def rnn_cell_wants_initial_cell_batched(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if hx is not None and hx[1].dim() == 1:
        raise RuntimeError("expected 2-D hx[1]")
    return forward(input, hx)


@breaks_call("rnn-cell-next-cell-shape")
def rnn_cell_next_cell_keeps_a_batch_axis(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    h_1, c_1 = forward(input, hx)
    return h_1, c_1.reshape(-1, layer.hidden_size)


@breaks_call("rnn-cell-next-cell-shape")
def rnn_cell_next_cell_of_the_first_sequence_on_meta(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    h_1, c_1 = forward(input, hx)
    return h_1, c_1[:1] if c_1.is_meta else c_1


@breaks_call("rnn-cell-state-structure")
def rnn_cell_state_in_a_list(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    state = forward(input, hx)
    return list(state) if isinstance(state, tuple) else [state]


@breaks_call("rnn-cell-state-structure")
def rnn_cell_answers_like_a_layer_without_initial_state(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    state = forward(input, hx)
    return (input, state) if hx is None else state


# --- Parameters ----------------------------------------------------------------------------------


def replace_parameters(layer: nn.Module, stem: str, change: Callable[[Tensor], Tensor]) -> None:
    """Put ``change(parameter)`` in the place of each parameter whose name starts with ``stem``."""
    for name, parameter in list(layer.named_parameters()):
        if name.startswith(stem):
            setattr(layer, name, nn.Parameter(change(parameter.detach())))


@breaks_build("constructor-accepts")
def constructor_wants_bias(layer: Any, init: Any, bias: bool = True, **arguments: Any) -> None:
    if not bias:
        raise ValueError("bias=False is not supported")
    init(**arguments)


@breaks_build("constructor-accepts")
def constructor_wants_float32_when_narrow(layer: Any, init: Any, **arguments: Any) -> None:
    if arguments["dtype"] is torch.float16 and init.args[1] == 1:
        raise RuntimeError("'uniform' not implemented for 'Half'")
    init(**arguments)


@breaks_build("parameter-names")
def parameters_with_a_scale(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    layer.scale = nn.Parameter(next(layer.parameters()).new_ones(()))


@breaks_build("parameter-names")
def bias_kept_though_declined(layer: Any, init: Any, bias: bool = True, **arguments: Any) -> None:
    init(**arguments)


@breaks_build("parameter-names")
def backward_weights_lost_in_layer_9(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    if hasattr(layer, "weight_ih_l9_reverse"):
        del layer.weight_ih_l9_reverse


@breaks_build("weight-ih-shape")
def weight_ih_transposed(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    replace_parameters(layer, "weight_ih", lambda weight: weight.T)


@breaks_build("weight-ih-shape")
def weight_ih_of_layer_1_for_one_direction(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    replace_parameters(layer, "weight_ih_l1", lambda weight: weight[:, : layer.hidden_size])


@breaks_build("weight-hh-shape")
def weight_hh_transposed(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    replace_parameters(layer, "weight_hh", lambda weight: weight.T)


@breaks_build("weight-hh-shape")
def weight_hh_ignores_the_projection(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    if arguments.get("proj_size"):
        replace_parameters(
            layer, "weight_hh", lambda weight: weight.new_zeros(len(weight), layer.hidden_size)
        )


@breaks_build("bias-shape")
def bias_gets_an_axis(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    replace_parameters(layer, "bias_hh", lambda bias: bias[None])


@breaks_build("bias-shape")
def bias_of_layer_9_for_one_gate(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    replace_parameters(layer, "bias_ih_l9", lambda bias: bias[:1])


@breaks_build("weight-hr-shape")
def weight_hr_transposed(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    replace_parameters(layer, "weight_hr", lambda weight: weight.T)


@breaks_build("weight-hr-shape")
def weight_hr_of_the_backward_direction_square(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    replace_parameters(
        layer, "weight_hr_l0_reverse", lambda weight: weight.new_zeros(weight.shape[-1:] * 2)
    )


@breaks_build("parameters-initialised")
def parameters_start_at_zero(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    replace_parameters(layer, "weight_ih", torch.zeros_like)


@breaks_build("parameters-initialised")
def parameters_start_far_out_when_deep(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    replace_parameters(layer, "weight_ih_l9", lambda weight: 3 * weight)


@breaks_build("parameters-train")
def bias_frozen(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    for name, parameter in layer.named_parameters():
        parameter.requires_grad_("bias" not in name)


@breaks_build("parameters-train")
def reduced_precision_frozen(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    layer.requires_grad_(arguments["dtype"] is not torch.bfloat16)


@breaks_build("device-and-dtype-honoured")
def dtype_ignored(layer: Any, init: Any, dtype: Any, **arguments: Any) -> None:
    init(**arguments)


@breaks_build("device-and-dtype-honoured")
def meta_ignored_by_biases(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    replace_parameters(layer, "bias", lambda bias: torch.zeros(bias.shape, dtype=bias.dtype))
