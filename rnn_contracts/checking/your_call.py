"""One call of somebody else's layer, held against the shape rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from rnn_contracts.checking import results, script
from rnn_contracts.checking.calls import Observation
from rnn_contracts.checking.recording import Recording
from rnn_contracts.checking.violation import ContractViolation, violated
from rnn_contracts.contracts import call_axes, tensors
from rnn_contracts.drawing.case import Case
from rnn_contracts.layer import ARGUMENTS, CELLS, LAYERS, Layer
from rnn_contracts.rules import shape_rule


def check(layer: nn.Module, input: Any, state: Any = None, *, like: object = None) -> Any:
    """Call the layer, hold what goes in and comes out against the shape rules, and return it.

    ``input`` is a tensor or a ``PackedSequence``, ``state`` what the layer takes for its initial
    state. ``like`` is the layer of ``torch.nn``, or the ``Layer``, that ``layer`` stands for; it is
    needed if that is no ``nn.RNNBase`` and no cell of torch's. ``ContractViolation``, an
    ``AssertionError``, names the rule that a shape breaks, and the attributes of ``layer`` that are not
    those of ``like``. What the layer raises passes through. ``ValueError`` if it is not told what the
    layer is.
    """
    __tracebackhide__ = True
    described = _described(layer, like)
    try:
        case = _case_of(described, layer, input, state)
        _compare_arguments(case, state)
        given = () if state is None else (state,)
        observation = Observation(case, input, (), layer(input, *given))
        _compare_result(observation, layer, given)
    except ContractViolation as violation:
        for line in _disagreements(described, layer):
            violation.add_line(line)
        raise
    return observation.result


def _described(layer: nn.Module, like: object) -> Layer:
    try:
        return Layer.of(layer if like is None else like)
    except ValueError as error:
        if not str(error).startswith("layer:"):
            raise
    name = type(layer).__qualname__
    example = f"such as like={_likely(layer)}"
    if like is None:
        raise ValueError(
            f"like: {name} is no layer of torch.nn; say which it stands for, {example}"
        )
    expected = f"the layer of torch.nn, or the Layer, that {name} stands for, {example}"
    raise ValueError(f"like: expected {expected}; got {like!r}")


def _likely(layer: nn.Module) -> Layer:
    """The layer of torch that it may stand for, by its name and its attributes."""
    name = type(layer).__name__.lower()
    kind = next((kind for kind in (*CELLS[::-1], *LAYERS[::-1]) if kind.lower() in name), "LSTM")
    given = {
        name: getattr(layer, name)
        for name in ("input_size", "hidden_size", *ARGUMENTS[kind])
        if hasattr(layer, name)
    }
    try:
        return Layer(kind, **{"input_size": 5, "hidden_size": 3, **given})
    except ValueError:
        return Layer(kind, 5, 3)


def _disagreements(described: Layer, layer: nn.Module) -> Iterator[str]:
    """The attributes of the layer that are not what it is said to be like."""
    for name in ("input_size", "hidden_size", *ARGUMENTS[described.kind]):
        expected = getattr(described, name)
        found = getattr(layer, name, expected)
        if type(found) is type(expected) and found != expected:
            yield f"the layer says {name} = {found!r}, and like says {name} = {expected!r}"


def _compare_result(observation: Observation, layer: nn.Module, given: tuple[Any, ...]) -> None:
    try:
        results.shaped_tensors(observation)
        if observation.case.lengths:
            results.assert_packed_alike(observation)
    except ContractViolation as violation:
        _add_script(violation, layer, observation, given)
        raise


def _add_script(
    violation: ContractViolation, layer: nn.Module, observation: Observation, given: tuple[Any, ...]
) -> None:
    """Add a script of a call of these shapes, if that is seen to fail alike."""
    case, recording = observation.case, Recording()
    recording.building(case, case.making)
    recording.built(layer)
    tensors = (*given[0],) if given and isinstance(given[0], (tuple, list)) else given
    packed = observation.input
    padded = pad_packed_sequence(packed)[0] if isinstance(packed, PackedSequence) else packed
    recording.drawn(case, padded, tensors)
    if isinstance(packed, PackedSequence):
        recording.packed(case, padded, packed)
    recording.calling(case, "$0($1, $2)" if given else "$0($1)", (layer, packed, *given))
    recording.returned(case, observation.result)
    code, _ = recording.scripts(violation.claim, violation.found)
    names = {case.callee: type(layer)} if case.subject else {}
    if script.fails(code, violation.found, names):
        violation.add_code(code)


def _case_of(described: Layer, layer: nn.Module, input: Any, state: Any) -> Case:
    """The call, as the messages describe it; an input that does not fit is a violation."""
    __tracebackhide__ = True
    tensor, lengths = input, None
    if isinstance(input, PackedSequence):
        tensor, lengths = input.data, tuple(pad_packed_sequence(input)[1].tolist())
    if not isinstance(tensor, Tensor):
        raise TypeError(f"input: expected a tensor or a PackedSequence, got {type(input).__name__}")
    shape = tuple(tensor.shape)
    module, kind = type(layer).__module__, type(layer).__qualname__
    case = Case(
        described,
        str(tensor.device),
        str(tensor.dtype).removeprefix("torch."),
        training=getattr(layer, "training", True),
        lengths=lengths or (),
        enforce_sorted=getattr(input, "unsorted_indices", None) is None,
        initial_state=state is not None,
        grad_mode=_grad_mode(),
        subject="" if module == "torch.nn.modules.rnn" else f"{module}:{kind}",
    )
    try:
        layout, axes = call_axes(described, shape, lengths)
    except ValueError as error:
        rule = shape_rule(described, "input")
        raise ContractViolation(rule, str(error), case.construction) from None
    L = max(lengths) if lengths else axes.get("L", 1)
    return replace(case, layout=layout, N=axes.get("N", 1), L=L)


def _grad_mode() -> str:
    if torch.is_inference_mode_enabled():
        return "inference_mode"
    return "enable_grad" if torch.is_grad_enabled() else "no_grad"


def _compare_arguments(case: Case, state: Any) -> None:
    """The initial state that the caller gives keeps the rules too."""
    __tracebackhide__ = True
    if state is None:
        return
    names = [name for name in tensors(case.layer) if name in ("h_0", "c_0")]
    parts = state if len(names) > 1 else (state,)
    whole = isinstance(parts, (tuple, list)) and len(parts) == len(names)
    if not (whole and all(isinstance(part, Tensor) for part in parts)):
        expected = f"({', '.join(names)})" if len(names) > 1 else names[0]
        found = f"the state is {results.structure(state)}   expected {expected}"
        violated("state-structure-refused", case, found)
    for name, part in zip(names, parts, strict=True):
        results.assert_shape(shape_rule(case.layer, name).id, case, name, part)
