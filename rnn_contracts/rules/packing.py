"""What the helpers of packing do, which are functions of ``torch.nn.utils.rnn`` and know no layer."""

from __future__ import annotations

from typing import Any

from rnn_contracts.helpers import HELPERS
from rnn_contracts.rules.rule import Rule
from rnn_contracts.variations import DTYPES


def _of(*functions: str, **options: Any) -> dict[str, Any]:
    return {"layers": (), "functions": functions, "module": "packing", **options}


# fmt: off
PACKING_RULES = (
    Rule(
        "pack-padded-sequence-shape", "packing",
        "pack_padded_sequence gives data of (sum(lengths), *), and batch_sizes that count per step",
        **_of("pack_padded_sequence"),
        condition="batch_sizes[t] sequences are longer than t, int64 on the CPU; sorted_indices and "
                  "unsorted_indices are None if enforce_sorted, otherwise int64 of (N,)",
    ),
    Rule(
        "pack-padded-sequence-order", "packing",
        "Packed data has step 0 of all sequences, then step 1 of those longer, the longest first",
        **_of("pack_padded_sequence", values=True),
        condition="lengths[sorted_indices] never grows, unsorted_indices is its inverse; data is the "
                  "concatenation over t of step t of the first batch_sizes[t] sequences in that order",
    ),
    Rule(
        "lengths-as-list-or-tensor", "packing",
        "pack_padded_sequence takes lengths as a list or an int64 tensor on the CPU, with one result",
        **_of("pack_padded_sequence", values=True),
        condition="data, batch_sizes, sorted_indices and unsorted_indices are the same",
    ),
    Rule(
        "pad-packed-sequence-shape", "packing",
        "pad_packed_sequence gives (T, N, *), or (N, T, *) if batch_first, and lengths as first given",
        **_of("pad_packed_sequence", values=True),
        condition="T is total_length, or the longest length without it; the lengths are int64 on the "
                  "CPU, in the order in which they were given to pack_padded_sequence",
    ),
    Rule(
        "pad-packed-inverts-pack-padded", "packing",
        "pad_packed_sequence gives back each step that was packed, and padding_value past the ends",
        **_of("pad_packed_sequence", "pack_padded_sequence", values=True),
        condition="step t of sequence n is what was packed if t < length, otherwise padding_value",
    ),
    Rule(
        "pack-sequence-packs-a-list", "packing",
        "pack_sequence packs a list as pad_sequence and then pack_padded_sequence would",
        **_of("pack_sequence", values=True),
        condition="data, batch_sizes, sorted_indices and unsorted_indices are as those two rules say",
    ),
    Rule(
        "unpack-sequence-inverts-pack-sequence", "packing",
        "unpack_sequence gives back the list that pack_sequence was given, in its order",
        **_of("unpack_sequence", "pack_sequence", values=True),
        condition="unpack_sequence(pack_sequence(sequences)) is a list of N tensors, equal one by one",
    ),
    Rule(
        "pad-sequence-shape", "packing",
        "pad_sequence gives (T, N, *), or (N, T, *) if batch_first",
        **_of("pad_sequence"),
        condition="T is the longest length",
    ),
    Rule(
        "pad-sequence-pads-at-the-end", "packing",
        "pad_sequence gives each sequence followed by padding_value up to the longest length",
        **_of("pad_sequence", values=True),
        condition="step t of sequence n is its own if t < length, otherwise padding_value",
    ),
    Rule(
        "padding-side-left-pads-at-the-start", "packing",
        "pad_sequence with padding_side='left' puts padding_value before each sequence",
        **_of("pad_sequence", values=True, since="2.5"),
        condition="the last length steps of sequence n are its own, those before are padding_value",
    ),
    Rule(
        "unpad-sequence-inverts-pad-sequence", "packing",
        "unpad_sequence gives back the list that pad_sequence was given, in its order",
        **_of("unpad_sequence", "pad_sequence", values=True),
        condition="unpad_sequence(pad_sequence(sequences), lengths) is a list of N tensors, equal one "
                  "by one",
    ),
    Rule(
        "packing-passes-gradients", "packing",
        "The helpers pass gradients to the steps of the sequences, and none to the padding",
        **_of(*HELPERS, values=True, domain={"dtype": DTYPES}),
        condition="the gradient of sum(weight * result) is weight at the same step, and 0 past the ends",
    ),
    Rule(
        "packing-keeps-dtype-and-device", "packing",
        "The results of the helpers have the dtype and the device of their arguments",
        **_of(*HELPERS, values=True),
        condition="result.dtype == input.dtype and result.device == input.device; batch_sizes and "
                  "lengths are on the CPU",
    ),
    Rule(
        "packing-leaves-arguments", "packing",
        "The helpers, except unpad_sequence, do not change their arguments, and copy the lengths",
        **_of(*HELPERS[:-1], values=True),
        condition="numbers and shapes are as before; a later change of lengths changes no result",
    ),
    Rule(
        "unpad-sequence-leaves-arguments", "packing",
        "unpad_sequence does not change the padded batch and the lengths",
        **_of("unpad_sequence", values=True),
        condition="numbers and shapes are as before",
    ),
    Rule(
        "packing-lengths-refused", "refusal",
        "Packing refuses lengths that do not fit the batch, or are not ints on the CPU",
        **_of("pack_padded_sequence", "pack_sequence", module=""),
        condition="a length is 0, -1, above T or has a fraction; too few, too many; not sorted with "
                  "enforce_sorted; of 0 or 2 axes; a text or None; on another device",
    ),
    Rule(
        "unpadding-lengths-refused", "refusal",
        "unpad_sequence refuses lengths that do not fit the batch, or are not ints",
        **_of("unpad_sequence", module=""),
        condition="a length is -1, above T or has a fraction; too few, too many; of 2 axes",
    ),
    Rule(
        "total-length-refused", "refusal",
        "pad_packed_sequence refuses a total_length that is not an int, or is below the longest length",
        **_of("pad_packed_sequence", module=""),
        condition="total_length is the longest length - 1, 0, -1, has a fraction or is '9'",
    ),
    Rule(
        "sequence-list-refused", "refusal",
        "Packing and padding refuse an empty list, numbers, and tensors whose trailing axes differ",
        **_of("pad_sequence", "pack_sequence", module=""),
        condition="no sequence; the last axis of one is twice as wide, of 1, or not there; numbers",
    ),
)
# fmt: on
