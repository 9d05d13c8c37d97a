"""The table of what the helpers of packing must refuse: one argument of a right call, spoiled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from rnn_contracts.devices import dtypes
from rnn_contracts.drawing.attempt import Attempt
from rnn_contracts.drawing.sequences import Sequences
from rnn_contracts.helpers import PACKING


@dataclass(frozen=True)
class WrongPacking:
    """One way to break a call of a helper that the rule says is refused.

    ``name`` is the rest of the test's id, the helper first. ``spoil`` is a line that puts something
    else in the place of ``lengths``, ``sequences`` or ``total_length`` of a right call, or a list that
    is put in the place of ``lengths``, as a tensor if they were one. Those of a right call differ, and
    are sorted.
    """

    rule: str
    name: str
    spoil: str

    kinds = (PACKING,)
    constructor = ""
    takes: tuple[str, ...] = ()

    @property
    def helper(self) -> str:
        """The function that is called."""
        return self.name.partition("-")[0]

    def attempt(self, case: Sequences) -> Attempt:
        """The right call of the case, and what is to be refused."""
        call = _CALLS[self.helper].format(first=case.first)
        given: tuple[str, ...] = ("sequences",) if "sequences" in call else ("padded", "lengths")
        lines = [f"torch.manual_seed({case.seed})"]
        lines += [f"{name} = {code}" for name, code in case.setup().items() if name in given]
        if self.helper == "pad_packed_sequence":
            given = ()
            lines.append(f"packed = nn.utils.rnn.pack_padded_sequence(padded, lengths{case.first})")
            lines.append(f"total_length = {case.T}")
        spoil = self.spoil.replace("{other}", "meta" if case.device == "cpu" else case.device)
        if " = " not in spoil:
            spoil = f"lengths = {f'torch.tensor({spoil})' if case.lengths_in_tensor else spoil}"
        return Attempt(case, "\n".join(lines), call, spoil, call, given)


_CALLS = {
    "pack_padded_sequence": "nn.utils.rnn.pack_padded_sequence(padded, lengths{first})",
    "pack_sequence": "nn.utils.rnn.pack_sequence(sequences)",
    "pad_sequence": "nn.utils.rnn.pad_sequence(sequences{first})",
    # Where it transposes what it is given, the right call would not be the same again.
    "unpad_sequence": "nn.utils.rnn.unpad_sequence(padded.clone(), lengths{first})",
    "pad_packed_sequence": "nn.utils.rnn.pad_packed_sequence(packed{first}, total_length=total_length)",
}

_LENGTHS = {
    "negative": "[*lengths[:-1], -1]",
    "above_T": "[lengths[0] + 9, *lengths[1:]]",
    "too_few": "[*lengths[:-1]]",
    "too_many": "[*lengths, 1]",
    "fraction": "[length + 0.5 for length in lengths]",
    "two_axes": "[[*lengths]]",
}
_OF_PACKING = {
    **_LENGTHS,
    "zero": "[*lengths[:-1], 0]",
    "unsorted": "[*lengths][::-1]",
    "no_axis": "lengths = torch.tensor(1)",
    "text": "lengths = '321'",
    "none": "lengths = None",
    "other_device": "lengths = torch.as_tensor(lengths).to('{other}')",
}
_TOTALS = {
    "too_short": "total_length = int(max(lengths)) - 1",
    "zero": "total_length = 0",
    "negative": "total_length = -1",
    "fraction": "total_length = total_length + 0.5",
    "text": "total_length = '9'",
}
_LISTS = {
    "empty": "sequences = []",
    "other_width": "sequences = [*sequences[:-1], torch.cat([sequences[-1]] * 2, -1)]",
    "width_of_one": "sequences = [*sequences[:-1], sequences[-1][..., :1]]",
    "less_axes": "sequences = [*sequences[:-1], sequences[-1][..., 0]]",
    "numbers": "sequences = [1, 2]",
}
_OF_PACK_SEQUENCE = {
    "unsorted": "sequences = sequences[::-1]",
    "no_step": "sequences = [*sequences[:-1], sequences[-1][:0]]",
}


def _table(rule: str, helper: str, spoils: dict[str, str]) -> tuple[WrongPacking, ...]:
    return tuple(WrongPacking(rule, f"{helper}-{name}", spoil) for name, spoil in spoils.items())


WRONG_PACKINGS = (
    *_table("packing-lengths-refused", "pack_padded_sequence", _OF_PACKING),
    *_table("packing-lengths-refused", "pack_sequence", _OF_PACK_SEQUENCE),
    *_table("unpadding-lengths-refused", "unpad_sequence", _LENGTHS),
    *_table("total-length-refused", "pad_packed_sequence", _TOTALS),
    *_table("sequence-list-refused", "pad_sequence", _LISTS),
    *_table("sequence-list-refused", "pack_sequence", _LISTS),
)

_RIGHT: tuple[dict[str, Any], ...] = (
    {"lengths": (3, 2, 1), "T": 3, "trailing": (4,)},
    {"lengths": (5, 2), "T": 5, "trailing": (2, 3), "batch_first": True, "dtype": "float64"},
    {"lengths": (4, 3, 2, 1), "T": 6, "trailing": (2,), "lengths_in_tensor": True},
)
"""The right calls: few and always the same, so that a known deviation happens in every run."""


def right_batches(device: str, wrong: WrongPacking) -> list[Sequences]:
    """The right calls that the wrong one spoils."""
    batches = [Sequences(**right, device=device) for right in _RIGHT]
    return [
        replace(
            batch,
            dtype=batch.dtype if batch.dtype in dtypes(device) else "float32",
            # unpad_sequence takes lengths in a tensor alone.
            lengths_in_tensor=batch.lengths_in_tensor or wrong.helper == "unpad_sequence",
        )
        for batch in batches
    ]
