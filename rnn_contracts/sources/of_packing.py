"""The sources of the rules about the helpers of packing."""

from __future__ import annotations

from rnn_contracts.sources.source import DOCS, PYTORCH, Source

_NAME = "nn.utils.rnn.{}"


def _of(function: str, quote: str = "", *pitfalls: str, of: str = "") -> Source:
    """The page of a function, and its own words, or those of a class."""
    words = {_NAME.format(of or function): quote} if quote else {}
    return Source(DOCS.format(f"utils.rnn.{function}"), words, pitfalls)


# fmt: off
_LENGTHS = ("lengths (Tensor or list(int)): list of sequence lengths of each batch element (must be on "
            "the CPU if provided as a tensor).")

OF_PACKING = {
    "pack-padded-sequence-shape": _of(
        "pack_padded_sequence",
        "Tensor of integers holding information about the batch size at each sequence step",
        *("#36448", "#1203"),
        of="PackedSequence",
    ),
    "pack-padded-sequence-order": _of(
        "pack_padded_sequence",
        "For instance, given data ``abc`` and ``x`` the :class:`PackedSequence` would contain data "
        "``axbc`` with ``batch_sizes=[2,1,1]``.",
        of="PackedSequence",
    ),
    "lengths-as-list-or-tensor": _of("pack_padded_sequence", _LENGTHS, "#43227"),
    "pad-packed-sequence-shape": _of(
        "pad_packed_sequence",
        "Batch elements will be re-ordered as they were ordered originally when the batch was passed to "
        "``pack_padded_sequence`` or ``pack_sequence``.",
        *("#1591", "#65890", "#144207"),
    ),
    "pad-packed-inverts-pack-padded": _of(
        "pad_packed_sequence",
        "It is an inverse operation to :func:`pack_padded_sequence`.",
    ),
    "pack-sequence-packs-a-list": _of(
        "pack_sequence",
        "Consecutive call of the next functions: ``pad_sequence``, ``pack_padded_sequence``.",
    ),
    "unpack-sequence-inverts-pack-sequence": _of(
        "unpack_sequence",
        "PackedSequence into a list of variable length Tensors",
    ),
    "pad-sequence-shape": _of(
        "pad_sequence",
        "Tensor of size ``T x B x *`` if :attr:`batch_first` is ``False``. Tensor of size ``B x T x *`` "
        "otherwise",
    ),
    "pad-sequence-pads-at-the-end": _of(
        "pad_sequence",
        "padding_value (float, optional): value for padded elements.",
    ),
    # Releases before 2.5 have no such argument, so no words of all releases can be quoted.
    "padding-side-left-pads-at-the-start": _of("pad_sequence"),
    "unpad-sequence-inverts-pad-sequence": _of(
        "unpad_sequence",
        "``unpad_sequence`` unstacks padded Tensor into a list of variable length Tensors.",
    ),
    "packing-passes-gradients": _of("pack_padded_sequence"),
    "packing-keeps-dtype-and-device": _of("pack_padded_sequence"),
    "packing-leaves-arguments": _of("pack_padded_sequence"),
    "unpad-sequence-leaves-arguments": Source(f"{PYTORCH}/issues/98499", pitfalls=("#98499",)),
    "packing-lengths-refused": _of("pack_padded_sequence", _LENGTHS, "#43227", "#11514"),
    "unpadding-lengths-refused": _of(
        "unpad_sequence",
        "lengths (Tensor): length of original (unpadded) sequences.",
    ),
    "total-length-refused": _of(
        "pad_packed_sequence",
        "This method will throw :class:`ValueError` if :attr:`total_length` is less than the max "
        "sequence length in :attr:`sequence`.",
    ),
    "sequence-list-refused": _of(
        "pad_sequence",
        "This function assumes trailing dimensions and type of all the Tensors in sequences are same.",
    ),
}
# fmt: on
