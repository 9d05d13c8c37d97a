"""Layers that break a rule of the shapes."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from broken_layers.alter import (
    batch_size,
    breaks_call,
    change_hidden,
    change_output,
    packed,
    unbatched,
)


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


@breaks_call("packed-output-shape")
def packed_output_without_its_last_row(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    return output._replace(data=output.data[:-1]) if packed(output) else output, state


@breaks_call("packed-output-shape")
def packed_output_of_one_sequence_of_one_direction(
    layer: Any, forward: Any, input: Any, hx: Any
) -> Any:
    output, state = forward(input, hx)
    if packed(output) and int(output.batch_sizes[0]) == 1 and layer.bidirectional:
        output = output._replace(data=output.data[:, : output.data.shape[1] // 2])
    return output, state


@breaks_call("packed-batch-sizes")
def batch_sizes_are_lengths(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    if packed(output):
        lengths = pad_packed_sequence(output)[1]
        output = output._replace(batch_sizes=lengths.sort(descending=True)[0])
    return output, state


@breaks_call("packed-batch-sizes")
def batch_sizes_of_equal_lengths_in_one(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    if packed(output) and len({*output.batch_sizes.tolist()}) == 1:
        output = output._replace(batch_sizes=output.batch_sizes.sum()[None])
    return output, state
