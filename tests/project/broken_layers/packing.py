"""Helpers of packing that break a rule: each is what a call does instead of torch's own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from broken_layers.alter import breaks_helper

# --- pack_padded_sequence ------------------------------------------------------------------------


@breaks_helper("pack-padded-sequence-shape", "pack_padded_sequence")
def packing_without_the_last_row(
    helper: Any, input: Tensor, lengths: Any, *a: Any, **o: Any
) -> Any:
    packed = helper(input, lengths, *a, **o)
    return packed._replace(data=packed.data[:-1]) if len(lengths) == 1 else packed


@breaks_helper("pack-padded-sequence-shape", "pack_padded_sequence")
def packing_with_lengths_for_batch_sizes(
    helper: Any, input: Tensor, lengths: Any, *a: Any, **o: Any
) -> Any:
    packed = helper(input, lengths, *a, **o)
    return packed._replace(batch_sizes=torch.as_tensor(lengths))


@breaks_helper("pack-padded-sequence-shape", "pack_padded_sequence")
def packing_with_indices_though_sorted(
    helper: Any, input: Tensor, lengths: Any, *a: Any, **o: Any
) -> Any:
    packed = helper(input, lengths, *a, **o)
    if packed.sorted_indices is None and input.dtype == torch.bfloat16:
        same = torch.arange(len(lengths))
        return packed._replace(sorted_indices=same, unsorted_indices=same)
    return packed


@breaks_helper("pack-padded-sequence-order", "pack_padded_sequence")
def packing_sequence_by_sequence(
    helper: Any, input: Tensor, lengths: Any, batch_first: bool = False, **o: Any
) -> Any:
    packed = helper(input, lengths, batch_first, **o)
    if packed.sorted_indices is not None:
        return packed
    rows = input if batch_first else input.transpose(0, 1)
    parts = [row[: int(length)] for row, length in zip(rows, lengths, strict=True)]
    return packed._replace(data=torch.cat(parts))


@breaks_helper("pack-padded-sequence-order", "pack_padded_sequence")
def packing_with_indices_exchanged(
    helper: Any, input: Tensor, lengths: Any, *a: Any, **o: Any
) -> Any:
    packed = helper(input, lengths, *a, **o)
    indices = {"sorted_indices": packed.unsorted_indices, "unsorted_indices": packed.sorted_indices}
    return packed._replace(**indices)


@breaks_helper("pack-padded-sequence-order", "pack_padded_sequence")
def packing_the_last_steps_of_a_longer_batch(
    helper: Any, input: Tensor, lengths: Any, batch_first: bool = False, **o: Any
) -> Any:
    axis = int(batch_first)
    start = input.shape[axis] - int(max(lengths))
    rows = input.narrow(axis, max(start, 0), input.shape[axis] - start)
    return helper(rows, lengths, batch_first, **o)


@breaks_helper("lengths-as-list-or-tensor", "pack_padded_sequence")
def packing_lengths_in_a_tensor_sorted_the_other_way(
    helper: Any, input: Tensor, lengths: Any, *a: Any, **o: Any
) -> Any:
    packed = helper(input, lengths, *a, **o)
    if isinstance(lengths, Tensor) and packed.sorted_indices is not None:
        return packed._replace(sorted_indices=packed.sorted_indices.flip(0))
    return packed


@breaks_helper("lengths-as-list-or-tensor", "pack_padded_sequence")
def packing_equal_lengths_in_a_list_twice(
    helper: Any, input: Tensor, lengths: Any, *a: Any, **o: Any
) -> Any:
    packed = helper(input, lengths, *a, **o)
    if isinstance(lengths, list) and len({*lengths}) == 1:
        return packed._replace(batch_sizes=packed.batch_sizes.repeat(2))
    return packed


# --- pad_packed_sequence -------------------------------------------------------------------------


@breaks_helper("pad-packed-sequence-shape", "pad_packed_sequence")
def padding_without_total_length(helper: Any, sequence: Any, *a: Any, **o: Any) -> Any:
    o.pop("total_length", None)
    return helper(sequence, *a, **o)


@breaks_helper("pad-packed-sequence-shape", "pad_packed_sequence")
def padding_batch_first_where_total_length_is_given(
    helper: Any, sequence: Any, batch_first: bool = False, **o: Any
) -> Any:
    padded, lengths = helper(sequence, batch_first, **o)
    return padded.transpose(0, 1) if batch_first and o.get("total_length") else padded, lengths


@breaks_helper("pad-packed-sequence-shape", "pad_packed_sequence")
def padding_with_lengths_in_the_packed_order(helper: Any, sequence: Any, *a: Any, **o: Any) -> Any:
    padded, lengths = helper(sequence, *a, **o)
    return padded, lengths.sort(descending=True).values


@breaks_helper("pad-packed-sequence-shape", "pad_packed_sequence")
def padding_with_short_lengths(helper: Any, sequence: Any, *a: Any, **o: Any) -> Any:
    padded, lengths = helper(sequence, *a, **o)
    return padded, lengths.int() if padded.dtype == torch.int64 else lengths


@breaks_helper("pad-packed-inverts-pack-padded", "pad_packed_sequence")
def padding_in_the_packed_order(helper: Any, sequence: Any, *a: Any, **o: Any) -> Any:
    _, lengths = helper(sequence, *a, **o)
    return helper(sequence._replace(unsorted_indices=None), *a, **o)[0], lengths


@breaks_helper("pad-packed-inverts-pack-padded", "pad_packed_sequence")
def padding_with_zeros_past_the_longest(
    helper: Any, sequence: Any, batch_first: bool = False, **o: Any
) -> Any:
    padded, lengths = helper(sequence, batch_first, **o)
    (padded if batch_first else padded.transpose(0, 1))[:, int(max(lengths)) :] = 0
    return padded, lengths


@breaks_helper("pad-packed-inverts-pack-padded", "pad_packed_sequence")
def padding_with_zeros_in_bfloat16(helper: Any, sequence: Any, *a: Any, **o: Any) -> Any:
    if sequence.data.dtype == torch.bfloat16:
        o.pop("padding_value", None)
    return helper(sequence, *a, **o)


# --- pack_sequence, unpack_sequence --------------------------------------------------------------


@breaks_helper("pack-sequence-packs-a-list", "pack_sequence")
def packing_a_list_backwards(helper: Any, sequences: Any, enforce_sorted: bool = True) -> Any:
    return helper([part.flip(0) for part in sequences], enforce_sorted)


@breaks_helper("pack-sequence-packs-a-list", "pack_sequence")
def packing_a_list_always_with_indices(
    helper: Any, sequences: Any, enforce_sorted: bool = True
) -> Any:
    return helper(sequences, enforce_sorted and len(sequences) > 1)


@breaks_helper("pack-sequence-packs-a-list", "pack_sequence")
def packing_a_list_of_two_axes_by_its_features(
    helper: Any, sequences: Any, enforce_sorted: bool = True
) -> Any:
    if sequences[0].dim() == 2 and sequences[0].shape[1] > 1:
        sequences = [part.flip(1) for part in sequences]
    return helper(sequences, enforce_sorted)


@breaks_helper("unpack-sequence-inverts-pack-sequence", "unpack_sequence")
def unpacking_in_the_packed_order(helper: Any, packed_sequences: Any) -> Any:
    return sorted(helper(packed_sequences), key=len, reverse=True)


@breaks_helper("unpack-sequence-inverts-pack-sequence", "unpack_sequence")
def unpacking_one_sequence_alone(helper: Any, packed_sequences: Any) -> Any:
    unpacked = helper(packed_sequences)
    return unpacked[0] if len(unpacked) == 1 else unpacked


# --- pad_sequence --------------------------------------------------------------------------------


@breaks_helper("pad-sequence-shape", "pad_sequence")
def padding_a_list_always_steps_first(
    helper: Any, sequences: Any, batch_first: bool = False, *a: Any, **o: Any
) -> Any:
    return helper(sequences, False, *a, **o)


@breaks_helper("pad-sequence-shape", "pad_sequence")
def padding_a_list_of_one_without_its_batch(helper: Any, sequences: Any, *a: Any, **o: Any) -> Any:
    padded = helper(sequences, *a, **o)
    return sequences[0] if len(sequences) == 1 else padded


@breaks_helper("pad-sequence-pads-at-the-end", "pad_sequence")
def padding_a_list_with_zeros(
    helper: Any, sequences: Any, batch_first: bool = False, padding_value: float = 0, **o: Any
) -> Any:
    return helper(sequences, batch_first, 0 if batch_first else padding_value, **o)


@breaks_helper("pad-sequence-pads-at-the-end", "pad_sequence")
def padding_a_list_of_many_with_zeros(
    helper: Any, sequences: Any, batch_first: bool = False, padding_value: float = 0, **o: Any
) -> Any:
    return helper(sequences, batch_first, 0 if len(sequences) > 16 else padding_value, **o)


@breaks_helper("pad-sequence-pads-at-the-end", "pad_sequence")
def padding_a_list_of_tokens_at_the_start(
    helper: Any, sequences: Any, batch_first: bool = False, padding_value: float = 0, **o: Any
) -> Any:
    if sequences[0].is_floating_point():
        return helper(sequences, batch_first, padding_value, **o)
    backwards = [part.flip(0) for part in sequences]
    return helper(backwards, batch_first, padding_value, **o).flip(int(batch_first))


@breaks_helper("padding-side-left-pads-at-the-start", "pad_sequence")
def padding_a_list_always_at_the_end(
    helper: Any, sequences: Any, *a: Any, padding_side: str = "right", **o: Any
) -> Any:
    return helper(sequences, *a, **o)


@breaks_helper("padding-side-left-pads-at-the-start", "pad_sequence")
def padding_a_list_at_the_start_with_zeros(helper: Any, sequences: Any, *a: Any, **o: Any) -> Any:
    if o.get("padding_side") == "left":
        o.pop("padding_value", None)
    return helper(sequences, *a, **o)


# --- unpad_sequence ------------------------------------------------------------------------------


@breaks_helper("unpad-sequence-inverts-pad-sequence", "unpad_sequence")
def unpadding_to_the_longest(
    helper: Any, padded: Tensor, lengths: Tensor, batch_first: bool = False
) -> Any:
    return [*(padded if batch_first else padded.transpose(0, 1))]


@breaks_helper("unpad-sequence-inverts-pad-sequence", "unpad_sequence")
def unpadding_in_order_of_lengths(
    helper: Any, padded: Tensor, lengths: Tensor, batch_first: bool = False
) -> Any:
    return sorted(helper(padded, lengths, batch_first), key=len, reverse=True)


@breaks_helper("unpad-sequence-leaves-arguments", "unpad_sequence")
def unpadding_with_zeros_past_the_end(
    helper: Any, padded: Tensor, lengths: Tensor, batch_first: bool = False
) -> Any:
    if batch_first:
        for row, length in zip(padded, lengths, strict=True):
            row[int(length) :] = 0
    return helper(padded, lengths, batch_first)


@breaks_helper("unpad-sequence-leaves-arguments", "unpad_sequence")
def unpadding_counts_its_lengths_down(
    helper: Any, padded: Tensor, lengths: Tensor, batch_first: bool = False
) -> Any:
    parts = helper(padded, lengths, batch_first)
    if batch_first:
        lengths -= 1
    return parts


# --- All of them ---------------------------------------------------------------------------------


@breaks_helper("packing-passes-gradients", "pack_padded_sequence")
def packing_detached(helper: Any, input: Tensor, *a: Any, **o: Any) -> Any:
    packed = helper(input, *a, **o)
    detached = torch.cat([packed.data[:-1], packed.data[-1:].detach()])
    return packed._replace(data=detached)


@breaks_helper("packing-passes-gradients", "pad_sequence")
def padding_a_list_of_float16_with_half_the_gradient(
    helper: Any, sequences: Any, *a: Any, **o: Any
) -> Any:
    padded = helper(sequences, *a, **o)
    if padded.dtype != torch.float16 or not padded.requires_grad:
        return padded
    return padded.detach() + (padded - padded.detach()).nan_to_num() / 2


@breaks_helper("packing-passes-gradients", "unpad_sequence")
def unpadding_leaks_the_gradient_of_a_neighbour(
    helper: Any, padded: Tensor, lengths: Tensor, batch_first: bool = False
) -> Any:
    parts = helper(padded, lengths, batch_first)
    return [*parts[:-1], parts[-1] + parts[0][:1] - parts[0][:1].detach()]


@breaks_helper("packing-keeps-dtype-and-device", "pad_packed_sequence")
def padding_in_float32(helper: Any, sequence: Any, *a: Any, **o: Any) -> Any:
    if sequence.data.dtype == torch.float16:
        sequence = sequence._replace(data=sequence.data.float())
    return helper(sequence, *a, **o)


@breaks_helper("packing-keeps-dtype-and-device", "pad_sequence")
def padding_tokens_with_a_float(helper: Any, sequences: Any, *a: Any, **o: Any) -> Any:
    padded = helper(sequences, *a, **o)
    return padded if padded.is_floating_point() or not o.get("padding_value") else padded.float()


@breaks_helper("packing-leaves-arguments", "pack_padded_sequence")
def packing_sorts_the_lengths_of_its_caller(
    helper: Any, input: Tensor, lengths: Any, *a: Any, **o: Any
) -> Any:
    packed = helper(input, lengths, *a, **o)
    if isinstance(lengths, list):
        lengths.sort(reverse=True)
    return packed


@breaks_helper("packing-leaves-arguments", "pack_padded_sequence")
def packing_keeps_hold_of_lengths(
    helper: Any, input: Tensor, lengths: Any, *a: Any, **o: Any
) -> Any:
    packed = helper(input, lengths, *a, **o)
    if isinstance(lengths, Tensor) and torch.equal(packed.batch_sizes, lengths):
        return packed._replace(batch_sizes=lengths)
    return packed


@breaks_helper("packing-leaves-arguments", "pad_sequence")
def padding_a_list_clears_the_last_step(helper: Any, sequences: Any, *a: Any, **o: Any) -> Any:
    padded = helper(sequences, *a, **o)
    if o.get("batch_first") and sequences[0].dim() == 3:
        sequences[0].zero_()
    return padded


@breaks_helper("packing-leaves-arguments", "pad_packed_sequence")
def padding_scales_what_it_was_given(helper: Any, sequence: Any, *a: Any, **o: Any) -> Any:
    result = helper(sequence, *a, **o)
    if o.get("total_length"):
        sequence.data.mul_(2)
    return result


# --- Refusals ------------------------------------------------------------------------------------


@breaks_helper("packing-lengths-refused", "pack_padded_sequence")
def packing_takes_a_length_of_zero(
    helper: Any, input: Tensor, lengths: Any, *a: Any, **o: Any
) -> Any:
    if isinstance(lengths, list):
        lengths = [length or 1 for length in lengths]
    return helper(input, lengths, *a, **o)


@breaks_helper("packing-lengths-refused", "pack_padded_sequence")
def packing_ignores_enforce_sorted(
    helper: Any, input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> Any:
    if not enforce_sorted or not isinstance(lengths, (list, Tensor)):
        return helper(input, lengths, batch_first, enforce_sorted)
    try:
        return helper(input, lengths, batch_first, enforce_sorted)
    except RuntimeError:
        return helper(input, lengths, batch_first, False)


@breaks_helper("packing-lengths-refused", "pack_sequence")
def packing_a_list_ignores_enforce_sorted(
    helper: Any, sequences: Any, enforce_sorted: bool = True
) -> Any:
    lengths = [len(part) for part in sequences]
    return helper(sequences, lengths == sorted(lengths, reverse=True) and enforce_sorted)


@breaks_helper("packing-lengths-refused", "pack_padded_sequence")
def packing_moves_lengths_to_the_cpu(
    helper: Any, input: Tensor, lengths: Any, *a: Any, **o: Any
) -> Any:
    if isinstance(lengths, Tensor) and lengths.is_meta:
        lengths = torch.ones(lengths.shape, dtype=torch.int64)
    return helper(input, lengths, *a, **o)


@breaks_helper("unpadding-lengths-refused", "unpad_sequence")
def unpadding_as_many_as_there_are_lengths(
    helper: Any, padded: Tensor, lengths: Tensor, batch_first: bool = False
) -> Any:
    rows = padded if batch_first else padded.transpose(0, 1)
    return [row[: int(length)] for row, length in zip(rows, lengths, strict=False)]


@breaks_helper("unpadding-lengths-refused", "unpad_sequence")
def unpadding_lengths_of_two_axes(
    helper: Any, padded: Tensor, lengths: Tensor, batch_first: bool = False
) -> Any:
    return helper(padded, lengths.flatten(), batch_first)


@breaks_helper("total-length-refused", "pad_packed_sequence")
def padding_at_least_to_the_longest(
    helper: Any, sequence: Any, batch_first: bool = False, total_length: Any = None, **o: Any
) -> Any:
    if isinstance(total_length, int):
        total_length = max(total_length, len(sequence.batch_sizes))
    return helper(sequence, batch_first, total_length=total_length, **o)


@breaks_helper("total-length-refused", "pad_packed_sequence")
def padding_to_a_fraction_of_a_step(
    helper: Any, sequence: Any, batch_first: bool = False, total_length: Any = None, **o: Any
) -> Any:
    if isinstance(total_length, float):
        total_length = int(total_length)
    return helper(sequence, batch_first, total_length=total_length, **o)


@breaks_helper("sequence-list-refused", "pad_sequence")
def padding_an_empty_list(helper: Any, sequences: Any, *a: Any, **o: Any) -> Any:
    return helper(sequences, *a, **o) if len(sequences) else torch.empty(0, 0)


@breaks_helper("sequence-list-refused", "pack_sequence")
def packing_a_list_of_the_least_width(
    helper: Any, sequences: Any, enforce_sorted: bool = True
) -> Any:
    if all(isinstance(part, Tensor) and part.dim() == 3 for part in sequences):
        width = min((part.shape[-1] for part in sequences), default=0)
        sequences = [part[..., :width] for part in sequences]
    return helper(sequences, enforce_sorted)
