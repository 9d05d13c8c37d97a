"""The helpers of packing: the functions of ``torch.nn.utils.rnn``, of which rules of their own speak."""

from __future__ import annotations

PACKING = "packing"
"""What the ids of tests say in the place of a class."""

HELPERS = (
    "pack_padded_sequence",
    "pad_packed_sequence",
    "pack_sequence",
    "unpack_sequence",
    "pad_sequence",
    "unpad_sequence",
)
