"""Helpers of packing that differ from torch's in what no rule speaks of: none may be rejected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from lawful_layers import OwnError, strided
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from rnn_contracts.checking.sandbox import REFUSALS
from rnn_contracts.helpers import HELPERS

Helper = Callable[..., Any]


def results_not_contiguous(helper: Helper) -> Helper:
    """The same numbers, in every second place of memory."""

    def change(value: Any) -> Any:
        if isinstance(value, PackedSequence):
            return value._replace(data=strided(value.data))
        if isinstance(value, list):
            return [*map(strided, value)]
        return (strided(value[0]), value[1]) if isinstance(value, tuple) else strided(value)

    return lambda *arguments, **options: change(helper(*arguments, **options))


def refuses_in_other_words(helper: Helper) -> Helper:
    """By an exception of its own, derived from those that are due."""

    def called(*arguments: Any, **options: Any) -> Any:
        try:
            return helper(*arguments, **options)
        except REFUSALS as error:
            raise OwnError("no") from error

    return called


def ties_the_other_way_round(helper: Helper) -> Helper:
    """Sequences of one length are packed in another order than torch chooses."""
    if helper.__name__ != "pack_padded_sequence":
        return helper

    def pack(
        input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
    ) -> Any:
        helper(input, lengths, batch_first, enforce_sorted)
        if enforce_sorted:
            return helper(input, lengths, batch_first)
        known = [int(length) for length in lengths]
        order = sorted(range(len(known)), key=lambda n: (-known[n], -n))
        indices = torch.tensor(order, device=input.device)
        rows = input.index_select(int(not batch_first), indices)
        packed = helper(rows, [known[n] for n in order], batch_first)
        return packed._replace(sorted_indices=indices, unsorted_indices=indices.argsort())

    return pack


def by_indices_in_python(helper: Helper) -> Helper:
    """Step by step and row by row; torch itself says what is refused."""
    name = helper.__name__

    def pad(
        sequences: Any,
        batch_first: bool = False,
        padding_value: float = 0,
        padding_side: str = "right",
    ) -> Any:
        helper(sequences, batch_first, padding_value, *[padding_side] * (padding_side != "right"))
        T = max(map(len, sequences))
        rows = []
        for part in sequences:
            rest = part.new_full((T - len(part), *part.shape[1:]), padding_value)
            rows.append(torch.cat([rest, part] if padding_side == "left" else [part, rest]))
        return torch.stack(rows, int(not batch_first))

    def pack(
        input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
    ) -> Any:
        looks = helper(input, lengths, batch_first, enforce_sorted)
        rows = input.transpose(0, 1) if batch_first else input
        if not enforce_sorted:
            rows = rows.index_select(1, looks.sorted_indices)
        if max(map(int, lengths)) > len(rows):
            return looks
        parts = [rows[t][:size] for t, size in enumerate(looks.batch_sizes.tolist())]
        return PackedSequence(torch.cat(parts), *looks[1:])

    def unpad(padded: Tensor, lengths: Tensor, batch_first: bool = False) -> Any:
        helper(padded.detach().clone(), lengths, batch_first)
        rows = padded if batch_first else padded.transpose(0, 1)
        return [row[: max(0, int(length))] for row, length in zip(rows, lengths, strict=True)]

    own: dict[str, Helper] = {
        "pad_sequence": pad,
        "pack_padded_sequence": pack,
        "unpad_sequence": unpad,
    }
    return own.get(name, helper)


LAWFUL_HELPERS: dict[str, Callable[[Helper], Helper]] = {
    change.__name__: change
    for change in (
        results_not_contiguous,
        refuses_in_other_words,
        ties_the_other_way_round,
        by_indices_in_python,
    )
}


def altered(name: str) -> dict[str, Helper]:
    """All helpers, altered; those of the same name are put in their place."""
    return {helper: LAWFUL_HELPERS[name](getattr(nn.utils.rnn, helper)) for helper in HELPERS}
