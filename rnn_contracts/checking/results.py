"""What came out of a call, by the names of the contract, held against its shapes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from rnn_contracts.checking.calls import Observation
from rnn_contracts.checking.violation import Claim, violated
from rnn_contracts.contracts import evaluate, symbolic
from rnn_contracts.drawing.case import Case
from rnn_contracts.layer import CELLS, RETURNS
from rnn_contracts.rules import shape_rule


def named_tensors(observation: Observation) -> dict[str, Tensor]:
    """The tensors of the result by name; another structure breaks the rule of the structure."""
    __tracebackhide__ = True
    if observation.case.layer.kind in CELLS:
        return _of_cell(observation)
    return _of_layer(observation)


def _of_cell(observation: Observation) -> dict[str, Tensor]:
    __tracebackhide__ = True
    case, result = observation.case, observation.result
    if case.layer.kind == "LSTMCell":
        return _paired("rnn-cell-state-structure", observation, ("h_1", "c_1"), result)
    return _paired("rnn-cell-state-structure", observation, ("h_1",), (result,))


def _of_layer(observation: Observation) -> dict[str, Tensor]:
    __tracebackhide__ = True
    case, result = observation.case, observation.result
    names: tuple[str, ...] = ("output", "h_n")
    parts: Any = result
    if isinstance(result, tuple) and len(result) == 2:
        output, state = result
        if case.lengths:
            if not isinstance(output, PackedSequence):
                found = f"output is a {type(output).__name__}   expected a PackedSequence"
                condition = "isinstance($0, nn.utils.rnn.PackedSequence)"
                said = "output is a {type($0).__name__}   expected a PackedSequence"
                violated("packed-output", case, found, Claim(condition, said, (output,)))
            output = output.data
        parts = (output, state)
        if case.layer.kind == "LSTM":
            names = ("output", "h_n", "c_n")
            parts = (output, *state) if isinstance(state, tuple) else None
    else:
        parts = None
    return _paired("state-structure", observation, names, parts)


def _paired(
    rule_id: str, observation: Observation, names: tuple[str, ...], parts: Any
) -> dict[str, Tensor]:
    __tracebackhide__ = True
    whole = isinstance(parts, tuple) and len(parts) == len(names)
    if not whole or not all(isinstance(part, Tensor) for part in parts):
        case = observation.case
        expected = RETURNS[case.layer.kind]
        found = f"the call returned {structure(observation.result)}   expected {expected}"
        claim = Claim(_structure_as_code(case), found, (observation.result,))
        violated(rule_id, case, found, claim)
    return dict(zip(names, parts, strict=True))


def shaped_tensors(observation: Observation) -> dict[str, Tensor]:
    """The tensors of the result by name; a wrong shape breaks the rule of that shape."""
    __tracebackhide__ = True
    tensors = named_tensors(observation)
    for name, tensor in tensors.items():
        assert_shape(shape_rule(observation.case.layer, name).id, observation.case, name, tensor)
    return tensors


def assert_shape(rule_id: str, case: Case, name: str, tensor: Tensor) -> None:
    """The tensor of that name has the shape that the contract states."""
    __tracebackhide__ = True
    # The shape of a packed output is that of its data.
    where = f"{name}.data" if case.lengths and name == "output" else name
    compare_shape(rule_id, case, where, tensor, symbolic(case.layer, name, case.layout))


def compare_shape(
    rule_id: str,
    case: Case,
    where: str,
    tensor: Tensor,
    formula: str,
    *,
    call: bool = True,
) -> None:
    """The tensor, ``where`` in the code, has the shape of the formula."""
    __tracebackhide__ = True
    found, expected = tuple(tensor.shape), evaluate(formula, case.axes)
    if found == expected:
        return
    line = f"{where}.shape = "
    marks, at = "", len(line) + 1
    if len(found) == len(expected):
        for size, other in zip(found, expected, strict=True):
            if size != other:
                marks = marks.ljust(at) + "^"
            at += len(f"{size}, ")
    axes = dict.fromkeys(formula.split())
    values = ", ".join(f"{axis} = {evaluate(axis, case.axes)[0]}" for axis in axes)
    text = f"{line}{found}   expected {expected}\n  {marks:<{at}}   {values}"
    said = f"{where}.shape = {{tuple($0.shape)}}   expected {expected}"
    claim = Claim(f"tuple($0.shape) == {expected}", said, (tensor,))
    violated(rule_id, case, text, claim, call=call)


PACKING = ("batch_sizes", "sorted_indices", "unsorted_indices")


def assert_packed_alike(observation: Observation) -> None:
    """The output is packed as the input is."""
    __tracebackhide__ = True
    for field in PACKING:
        expected, found = getattr(observation.input, field), getattr(observation.result[0], field)
        if not _equal(expected, found):
            where = f"output.{field}"
            text = f"{where} = {found}   expected {expected}"
            absent = expected is None or found is None
            same = "$0.{0} is $1.{0}" if absent else "torch.equal($0.{0}, $1.{0})"
            said = f"{where} = {{$0.{field}}}   expected {{$1.{field}}}"
            packings = (observation.result[0], observation.input)
            claim = Claim(same.format(field), said, packings)
            violated("packed-output", observation.case, text, claim)


def _structure_as_code(case: Case) -> str:
    """Whether ``$0`` has the structure of what a call returns, as code."""
    if case.layer.kind in ("RNNCell", "GRUCell"):
        return "torch.is_tensor($0)"
    tensors = "$0[1:]" if case.lengths else "$0"
    conditions = ["type($0) is tuple", "len($0) == 2"]
    if case.layer.kind == "LSTM":
        conditions += ["type($0[1]) is tuple", "len($0[1]) == 2"]
        tensors = "$0[1]" if case.lengths else "($0[0], *$0[1])"
    return " and ".join([*conditions, f"all(map(torch.is_tensor, {tensors}))"])


def structure(result: Any) -> str:
    """What a call returned: ``(Tensor, [Tensor])``."""
    if isinstance(result, (tuple, list)) and not isinstance(result, PackedSequence):
        brackets = "({})" if isinstance(result, tuple) else "[{}]"
        return brackets.format(", ".join(structure(part) for part in result))
    return type(result).__name__


def _equal(expected: Tensor | None, found: Tensor | None) -> bool:
    if expected is None or found is None:
        return expected is found
    # Tensors on meta have no numbers to compare.
    return expected.shape == found.shape and (expected.is_meta or torch.equal(expected, found))
