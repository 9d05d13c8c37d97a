"""The helpers of packing: each test is the statement of its rule.

A batch of sequences is drawn, and the options; see ``rnn_contracts.checking.packing``. Padding and
packing move numbers, so they must be the same bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from rnn_contracts.checking.packing import Packing
from rnn_contracts.rule_tests.statement import rule_test

FIELDS = ("data", "batch_sizes", "sorted_indices", "unsorted_indices")


@rule_test()
def test_pack_padded_sequence_shape(packing: Packing) -> None:
    """The data, the batch sizes, and whether there are indices."""
    packed = packing.pack_padded(packing.padded(), packing.lengths())
    assert_packed_shape(packing, packed)


@rule_test()
def test_pack_padded_sequence_order(packing: Packing) -> None:
    """Step by step, in the order of the indices that are given."""
    padded = packing.padded()
    packed = packing.pack_padded(padded, packing.lengths())
    assert_packed_in_order(packing, packed, packing.steps_first(padded))


@rule_test()
def test_lengths_as_list_or_tensor(packing: Packing) -> None:
    """The same of both."""
    padded, lengths = packing.padded(), list(packing.case.lengths)
    of_list = packing.pack_padded(padded, packing.do(f"{lengths}", name="lengths"))
    of_tensor = packing.pack_padded(padded, packing.lengths_in_tensor())
    for field in FIELDS:
        found, expected = (packing.part_of(packed, field) for packed in (of_tensor, of_list))
        if packing.case.enforce_sorted and field.endswith("indices"):
            said = f"{field} is {{$0}} of a tensor, {{$1}} of a list   expected None"
            packing.assert_that("$0 is None and $1 is None", said, found, expected)
        else:
            packing.assert_same(f"{field} of lengths in a tensor", found, expected)


@rule_test()
def test_pad_packed_sequence_shape(packing: Packing) -> None:
    """The padded batch, and the lengths as the caller gave them."""
    case = packing.case
    packed = packing.pack_padded(packing.padded(), packing.lengths())
    padded, lengths = both_of(packing, packing.pad_packed(packed))
    packing.assert_shape("padded", padded, case.padded_shape(case.total_length or case.longest))
    packing.assert_lengths("lengths", lengths)


@rule_test()
def test_pad_packed_inverts_pack_padded(packing: Packing) -> None:
    """What was packed, and past the ends the padding value."""
    case = packing.case
    given = packing.padded()
    packed = packing.pack_padded(given, packing.lengths())
    padded, _ = both_of(packing, packing.pad_packed(packed))
    rows = packing.steps_first(given)
    parts = [rows[:length, n] for n, length in enumerate(case.lengths)]
    expected = by_hand(packing, parts, case.total_length or case.longest)
    packing.assert_same("padded", padded, expected)


@rule_test()
def test_pack_sequence_packs_a_list(packing: Packing) -> None:
    """The shapes and the order of a padded batch, made by hand of the list."""
    sequences = packing.sequences()
    packed = packing.pack(sequences)
    assert_packed_shape(packing, packed)
    rows = packing.steps_first(by_hand(packing, sequences, packing.case.longest))
    assert_packed_in_order(packing, packed, rows)


@rule_test()
def test_unpack_sequence_inverts_pack_sequence(packing: Packing) -> None:
    """The same list."""
    sequences = packing.sequences()
    packing.assert_parts("unpack_sequence", packing.unpack(packing.pack(sequences)), sequences)


@rule_test()
def test_pad_sequence_shape(packing: Packing) -> None:
    """The longest length, and the number of sequences."""
    padded = packing.pad(packing.sequences())
    packing.assert_shape("padded", padded, packing.case.padded_shape(packing.case.longest))


@rule_test()
def test_pad_sequence_pads_at_the_end(packing: Packing) -> None:
    """Each sequence from step 0 on."""
    sequences = packing.sequences()
    expected = by_hand(packing, sequences, packing.case.longest)
    packing.assert_same("padded", packing.pad(sequences), expected)


@rule_test()
def test_padding_side_left_pads_at_the_start(packing: Packing) -> None:
    """Each sequence up to the last step."""
    sequences = packing.sequences()
    expected = by_hand(packing, sequences, packing.case.longest, left=True)
    found = packing.pad(sequences, ", padding_side='left'")
    packing.assert_same("padded", found, expected)


@rule_test()
def test_unpad_sequence_inverts_pad_sequence(packing: Packing) -> None:
    """The same list."""
    sequences = packing.sequences()
    parts = packing.unpad(packing.pad(sequences), packing.lengths_in_tensor())
    packing.assert_parts("unpad_sequence", parts, sequences)


@rule_test()
def test_packing_passes_gradients(packing: Packing) -> None:
    """Back through each helper come the weights of the valid steps, and nothing else."""
    case, padded, sequences = packing.case, packing.padded(), packing.sequences()
    for tensor in (padded, *sequences):
        packing.do("$0.requires_grad_()", tensor, changes=1)

    packed = packing.pack_padded(padded, packing.lengths())
    result, _ = both_of(packing, packing.pad_packed(packed))
    weights = weights_of(packing, result)
    (gradient,) = gradients(packing, [result], [padded], [weights])
    expected = by_hand(packing, valid(packing, weights), case.T, value=0)
    packing.assert_same("the gradient of what was packed and padded", gradient, expected)

    result = packing.pad(sequences)
    weights = weights_of(packing, result)
    found = gradients(packing, [result], sequences, [weights])
    packing.assert_parts("the gradient of pad_sequence", [*found], valid(packing, weights))

    packed = packing.pack(sequences)
    unpacked = packing.unpack(packed)
    given = [weights_of(packing, part) for part in unpacked]
    found = gradients(packing, unpacked, sequences, given)
    packing.assert_parts("the gradient of what was packed and unpacked", [*found], given)

    # A helper that transposes in place is not given the leaf itself, of which autograd refuses that.
    copy = packing.do("$0.clone()", padded, name="copied")
    unpadded = packing.unpad(copy, packing.lengths_in_tensor())
    given = [weights_of(packing, part) for part in unpadded]
    (gradient,) = gradients(packing, unpadded, [padded], given)
    expected = by_hand(packing, given, case.T, value=0)
    packing.assert_same("the gradient of unpad_sequence", gradient, expected)


@rule_test()
def test_packing_keeps_dtype_and_device(packing: Packing) -> None:
    """Of every helper."""
    case, padded, sequences = packing.case, packing.padded(), packing.sequences()
    packed = packing.pack_padded(padded, packing.lengths())
    assert_like(packing, "pack_padded_sequence", packing.part_of(packed, "data"))
    for field in () if case.enforce_sorted else FIELDS[2:]:
        said = f"{field} is on {{$0.device}}   expected {{$1.device}}"
        packing.assert_that("$0.device == $1.device", said, packing.part_of(packed, field), padded)
    result, _ = both_of(packing, packing.pad_packed(packed))
    assert_like(packing, "pad_packed_sequence", result)
    packed = packing.pack(sequences)
    assert_like(packing, "pack_sequence", packing.part_of(packed, "data"))
    for part in packing.unpack(packed):
        assert_like(packing, "unpack_sequence", part)
    assert_like(packing, "pad_sequence", packing.pad(sequences))
    for part in packing.unpad(padded, packing.lengths_in_tensor()):
        assert_like(packing, "unpad_sequence", part)


@rule_test()
def test_packing_leaves_arguments(packing: Packing) -> None:
    """Copies from before are the same afterwards; then what was given and got is changed."""
    case = packing.case
    padded, sequences, lengths = packing.padded(), packing.sequences(), packing.lengths()
    rows, parts = copy_of(packing, padded), [copy_of(packing, part) for part in sequences]
    same = packing.do("copy.deepcopy($0)", lengths, name="lengths_before")
    packed = packing.pack_padded(padded, lengths)
    before = fields_of(packing, packed)
    result = both_of(packing, packing.pad_packed(packed))
    again = packing.pack(sequences)
    before_again = fields_of(packing, again)
    packing.unpack(again)
    packing.pad(sequences)
    packing.assert_unchanged("padded", padded, rows)
    for n, (part, copied) in enumerate(zip(sequences, parts, strict=True)):
        packing.assert_unchanged(f"sequence {n}", part, copied)
    equal = "torch.equal($0, $1)" if case.lengths_in_tensor else "$0 == $1"
    packing.assert_that(equal, "lengths are {$0}   expected {$1}", lengths, same)
    for batch, fields in ((packed, before), (again, before_again)):
        for name, copied in fields.items():
            packing.assert_unchanged(f"packed.{name}", batch, copied, name)
    packing.do("$0.fill_(9)" if case.lengths_in_tensor else "$0.clear()", lengths, changes=1)
    packing.do("$0.fill_(9)", result[1], changes=1)
    for name, copied in before.items():
        where = f"after a change of lengths, packed.{name}"
        packing.assert_unchanged(where, packed, copied, name)


@rule_test()
def test_unpad_sequence_leaves_arguments(packing: Packing) -> None:
    """Copies from before are the same afterwards."""
    padded, lengths = packing.padded(), packing.lengths_in_tensor()
    rows, same = copy_of(packing, padded), copy_of(packing, lengths)
    packing.unpad(padded, lengths)
    packing.assert_unchanged("padded", padded, rows)
    packing.assert_unchanged("lengths", lengths, same)


# --- What is packed ------------------------------------------------------------------------------


def assert_packed_shape(packing: Packing, packed: Any) -> None:
    """The fields of a packed batch are as its lengths and the options demand."""
    case = packing.case
    said = "the call gave a {type($0).__name__}   expected a PackedSequence"
    packing.assert_that("isinstance($0, nn.utils.rnn.PackedSequence)", said, packed)
    packing.assert_shape("packed.data", packed.data, (sum(case.lengths), *case.trailing))
    packing.assert_integers("packed.batch_sizes", packed.batch_sizes, case.batch_sizes)
    for name in FIELDS[2:]:
        if case.enforce_sorted:
            said = f"packed.{name} = {{$0.{name}}}   expected None"
            packing.assert_that(f"$0.{name} is None", said, packed)
        else:
            said = f"packed.{name} = {{$0.{name}}}   expected an int64 tensor of ({case.number},)"
            whole = f"($0.{name}.dtype, [*$0.{name}.shape]) == (torch.int64, [{case.number}])"
            packing.assert_that(f"torch.is_tensor($0.{name}) and {whole}", said, packed)


def assert_packed_in_order(packing: Packing, packed: Any, rows: Tensor) -> None:
    """The data is that of rows, (T, N, *), step by step in the order of the indices."""
    case = packing.case
    steps = [rows[t] for t in range(case.longest)]
    if not case.enforce_sorted:
        order, back = (packing.part_of(packed, name) for name in FIELDS[2:])
        longest_first = sorted(case.lengths, reverse=True)
        said = f"lengths in the order {{$0}}   expected {longest_first}"
        inner = f"[{list(case.lengths)}[n] for n in $0.tolist()]"
        order_here, back = packing.on_cpu(order), packing.on_cpu(back)
        packing.assert_that(f"{inner} == {longest_first}", said, order_here)
        same = f"$0[$1].tolist() == {list(range(case.number))}"
        said = "unsorted_indices = {$0}   expected the inverse of {$1}"
        packing.assert_that(same, said, back, order_here)
        steps = [step.index_select(0, order) for step in steps]
    parts = [step[:size] for step, size in zip(steps, case.batch_sizes, strict=True)]
    packing.assert_same("packed.data", packing.part_of(packed, "data"), torch.cat(parts))


def fields_of(packing: Packing, packed: Any) -> dict[str, Tensor]:
    """Copies of the fields that there must be."""
    names = FIELDS[:2] if packing.case.enforce_sorted else FIELDS
    with packing.must_not_raise("a copy of the packed batch"):
        return {name: packing.do(f"$0.{name}.clone()", packed, name=name) for name in names}


# --- What is padded ------------------------------------------------------------------------------


def both_of(packing: Packing, result: Any) -> tuple[Any, Any]:
    """The padded batch and the lengths that ``pad_packed_sequence`` gave."""
    said = "pad_packed_sequence gave a {type($0).__name__}   expected a tuple of two"
    packing.assert_that("type($0) is tuple and len($0) == 2", said, result)
    return result[0], result[1]


def by_hand(
    packing: Packing,
    parts: Sequence[Tensor],
    T: int,
    *,
    value: float | None = None,
    left: bool = False,
) -> Tensor:
    """The parts, padded to T steps with the value of the case or another, by assignment."""
    case = packing.case
    value = case.padding_value if value is None else value
    dtype = getattr(torch, case.dtype)
    batch = torch.full(case.padded_shape(T), value, dtype=dtype, device=case.device)
    rows = packing.steps_first(batch)
    for n, (part, length) in enumerate(zip(parts, case.lengths, strict=True)):
        if left:
            rows[T - length :, n] = part
        else:
            rows[:length, n] = part
    return batch


def valid(packing: Packing, padded: Tensor) -> list[Tensor]:
    """The steps of each sequence in a padded batch."""
    rows = packing.steps_first(padded)
    return [rows[:length, n] for n, length in enumerate(packing.case.lengths)]


# --- Gradients, copies, dtypes -------------------------------------------------------------------


def weights_of(packing: Packing, result: Tensor) -> Tensor:
    """Random numbers for those of a result, as the gradient that comes from behind it."""
    drawn: Tensor = packing.do("torch.randn_like($0)", result, name="weights")
    return drawn


def gradients(
    packing: Packing, results: list[Tensor], given: list[Tensor], weights: list[Tensor]
) -> tuple[Tensor, ...]:
    """What comes of the weights behind the results at what was given."""
    with packing.must_not_raise("the backward pass"):
        found = packing.do("torch.autograd.grad($0, $1, $2)", results, given, weights, name="found")
    return tuple(found)


def copy_of(packing: Packing, tensor: Tensor) -> Tensor:
    """A copy that nothing else changes."""
    copied: Tensor = packing.do("$0.clone()", tensor, name="before")
    return copied


def assert_like(packing: Packing, name: str, tensor: Any) -> None:
    """What the helper of that name gave has dtype and device of the case."""
    case = packing.case
    where = f'(torch.{case.dtype}, "{case.device.partition(":")[0]}")'
    said = f"{name} gave {{$0.dtype}} on {{$0.device}}   expected {case.dtype} on {case.device}"
    packing.assert_that(f"($0.dtype, $0.device.type) == {where}", said, tensor)
