"""The contract held against what torch did.

Every check takes the id of the rule it speaks for, counts its comparisons in ``checked``, and
raises ``ContractViolation`` with the whole message: rule, finding, axes, call, snippet, source.
"""

from __future__ import annotations

import collections
import math
from dataclasses import replace
from typing import Any, NoReturn

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from rnn_contracts import calls, crashes, machine, subjects
from rnn_contracts.calls import Case, Observation
from rnn_contracts.contracts import call_axes, evaluate, parameter_shapes, tensors
from rnn_contracts.layer import CELLS, RETURNS, Layer
from rnn_contracts.rules import ACCEPTING, RULES, shape_rule

checked: collections.Counter[str] = collections.Counter()
"""How many comparisons were made for each rule since the counter was last cleared."""


class ContractViolation(AssertionError):
    """A layer breaks a rule. ``rule_id`` names it; the text is the whole message.

    ``died`` tells that the process died of it, or hung.
    """

    def __init__(self, rule_id: str, message: str, *, died: bool = False) -> None:
        super().__init__(message)
        self.rule_id = rule_id
        self.died = died


def build(rule_id: str, case: Case) -> nn.Module:
    """Build the layer for a check of ``rule_id``; a refusal breaks ``constructor-accepts``."""
    __tracebackhide__ = True
    try:
        module = calls.build(case)
    except Exception as error:
        subjects.excuse(calls.subject_of(case), error)
        found = f"the constructor raised {type(error).__name__}: {error}"
        violated("constructor-accepts", case, found, show="layer", call=False, cause=error)
    checked["constructor-accepts"] += 1
    return module


def observe(rule_id: str, case: Case) -> Observation:
    """Build and call the layer for a check of ``rule_id``, or look at the same call again."""
    __tracebackhide__ = True
    if case not in _observed:
        module = build(rule_id, case)
        _observed[case] = call(rule_id, case, module, *calls.arguments(case))
    checked[rule_id] += rule_id in ACCEPTING
    return _observed[case]


_observed: dict[Case, Observation] = {}
_shared: object = None


def share(name: object) -> None:
    """Forget what was observed, unless it was under that same name; None is never the same."""
    global _shared
    if name is None or name != _shared:
        _observed.clear()
    _shared = name


def call(
    rule_id: str,
    case: Case,
    module: nn.Module,
    input: Tensor,
    state: tuple[Tensor, ...],
    *,
    lawful: bool = False,
) -> Observation:
    """Call the layer for a check of ``rule_id``.

    A call that raises breaks ``rule_id`` if that says that the call is accepted, or if it is
    ``lawful`` by that rule alone; otherwise the rule of the initial state, or of the input.
    """
    __tracebackhide__ = True
    argument = shape_rule(case.layer, "h_0" if state else "input")
    accepting = rule_id if lawful or rule_id in ACCEPTING else argument.id
    crashes.note(rule_id, case)
    try:
        observation = calls.call(case, module, input, state)
    except Exception as error:
        subjects.excuse(calls.subject_of(case), error)
        found = f"the call raised {type(error).__name__}: {error}"
        violated(accepting, case, found, show="result", cause=error)
    checked[accepting] += 1
    return observation


def check_shapes(rule_id: str, case: Case) -> None:
    """Every tensor that the rule speaks of has the shape that the contract states."""
    __tracebackhide__ = True
    tensors = named_tensors(observe(rule_id, case))
    for name in RULES[rule_id].tensors:
        if name in tensors:
            formula = shape_rule(case.layer, name).shapes[case.layout]
            data = ".data" * (bool(case.lengths) and name == "output")
            _compare(rule_id, case, f"{name}{data}", tensors[name], formula)


def check_structure(rule_id: str, case: Case) -> None:
    """The call returned tensors in the structure of the layer's kind."""
    __tracebackhide__ = True
    named_tensors(observe(rule_id, case))
    checked[rule_id] += 1


def check_packed(rule_id: str, case: Case) -> None:
    """The output is packed as the input is."""
    __tracebackhide__ = True
    observation = observe(rule_id, case)
    data = named_tensors(observation)["output"]
    _compare(rule_id, case, "output.data", data, RULES[rule_id].shapes["packed"])
    _compare_packing(rule_id, observation)


def _compare_packing(rule_id: str, observation: Observation) -> None:
    __tracebackhide__ = True
    for field in ("batch_sizes", "sorted_indices", "unsorted_indices"):
        expected, found = getattr(observation.input, field), getattr(observation.result[0], field)
        checked[rule_id] += 1
        if not _equal(expected, found):
            where = f"output.{field}"
            text = f"{where} = {found}   expected {expected}"
            violated(rule_id, observation.case, text, show=where)


def check_parameter_names(rule_id: str, case: Case) -> None:
    """The layer has the parameters of the contract and no others."""
    __tracebackhide__ = True
    checked[rule_id] += 1
    named_parameters(case, build(rule_id, case))


def named_parameters(case: Case, module: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters; without the names of the contract ``parameter-names`` is broken."""
    __tracebackhide__ = True
    parameters = dict(module.named_parameters())
    expected = list(parameter_shapes(case.layer))
    found = list(parameters)
    if sorted(expected) != sorted(found):
        missing = [name for name in expected if name not in found]
        extra = [name for name in found if name not in expected]
        show = "[name for name, _ in layer.named_parameters()]"
        named = (", ".join(names) or "none" for names in (missing, extra))
        found_text = "missing: {}   unexpected: {}".format(*named)
        violated("parameter-names", case, found_text, show=show, call=False)
    return parameters


def check_parameter_shapes(rule_id: str, case: Case) -> None:
    """Every parameter that the rule speaks of is there and has the shape that it states."""
    __tracebackhide__ = True
    rule = RULES[rule_id]
    parameters = named_parameters(case, build(rule_id, case))
    for name, parameter in parameters.items():
        stem, _, suffix = name.partition("_l")
        if stem in rule.tensors:
            first = suffix.removesuffix("_reverse") in ("", "0")
            formula = rule.shapes["k = 0" if first else "k > 0"]
            _compare(rule_id, case, f"layer.{name}", parameter, formula, call=False)


def check_initialised(rule_id: str, case: Case) -> None:
    """Every parameter lies within its bound, and one of 16 numbers or more is not constant."""
    __tracebackhide__ = True
    # Drawn inside the bound, then rounded to the dtype: at most half an ulp outside it.
    eps = torch.finfo(getattr(torch, case.dtype)).eps
    bound = (1 + eps) / math.sqrt(case.layer.hidden_size)
    for name, parameter in named_parameters(case, build(rule_id, case)).items():
        checked[rule_id] += 1
        values = parameter.detach().double()
        if not bool((values.abs() <= bound).all()):
            found = f"layer.{name}.abs().max() = {float(values.abs().max())}   expected <= {bound}"
            violated(rule_id, case, found, show=f"layer.{name}.abs().max()", call=False)
        # Two equal draws are likely enough in bfloat16; sixteen are not.
        if values.numel() >= 16 and bool((values == values.flatten()[0]).all()):
            found = (
                f"layer.{name} is {float(values.flatten()[0])} throughout   expected random numbers"
            )
            violated(rule_id, case, found, show=f"layer.{name}", call=False)


def check_attributes(rule_id: str, case: Case, **expected: object) -> None:
    """Every parameter has these attributes: ``requires_grad=True``, ``dtype=torch.float32``."""
    __tracebackhide__ = True
    for name, parameter in named_parameters(case, build(rule_id, case)).items():
        for attribute, value in expected.items():
            found, where = getattr(parameter, attribute), f"layer.{name}.{attribute}"
            checked[rule_id] += 1
            if found != value:
                violated(
                    rule_id, case, f"{where} = {found}   expected {value}", show=where, call=False
                )


def named_tensors(observation: Observation) -> dict[str, Tensor]:
    """The result by the names of the contract, or a violation of the rule of its structure."""
    __tracebackhide__ = True
    case, result = observation.case, observation.result
    is_lstm = case.layer.kind.startswith("LSTM")
    names: tuple[str, ...]
    if case.layer.kind in CELLS:
        rule_id, names = "rnn-cell-state-structure", ("h_1", "c_1")[: 1 + is_lstm]
        parts = result if is_lstm else (result,)
        whole = isinstance(parts, tuple)
    else:
        rule_id, names, parts = "state-structure", ("output", "h_n", "c_n")[: 2 + is_lstm], ()
        whole = isinstance(result, tuple) and len(result) == 2
        if whole:
            output, state = result
            if case.lengths:
                if not isinstance(output, PackedSequence):
                    found = f"output is a {type(output).__name__}   expected a PackedSequence"
                    violated("packed-output", case, found, show="result")
                output = output.data
            whole = isinstance(state, tuple) == is_lstm
            parts = (output, *state) if is_lstm and whole else (output, state)
    whole = whole and len(parts) == len(names) and all(isinstance(part, Tensor) for part in parts)
    if not whole:
        expected = RETURNS[case.layer.kind]
        found = f"the call returned {_structure(result)}   expected {expected}"
        violated(rule_id, case, found, show="result")
    return dict(zip(names, parts, strict=True))


def shaped_tensors(observation: Observation) -> dict[str, Tensor]:
    """The named tensors, or a violation of the rule of a shape."""
    __tracebackhide__ = True
    case, tensors = observation.case, named_tensors(observation)
    for name, tensor in tensors.items():
        rule = shape_rule(case.layer, name)
        data = ".data" * (bool(case.lengths) and name == "output")
        _compare(rule.id, case, f"{name}{data}", tensor, rule.shapes[case.layout])
    return tensors


def _structure(result: Any) -> str:
    if isinstance(result, (tuple, list)) and not isinstance(result, PackedSequence):
        brackets = "({})" if isinstance(result, tuple) else "[{}]"
        return brackets.format(", ".join(_structure(part) for part in result))
    return type(result).__name__


def _equal(expected: Tensor | None, found: Tensor | None) -> bool:
    if expected is None or found is None:
        return expected is found
    # The meta device has no numbers to compare: there the shape has to do.
    return expected.shape == found.shape and (expected.is_meta or torch.equal(expected, found))


def _compare(
    rule_id: str,
    case: Case,
    name: str,
    tensor: Tensor,
    formula: str,
    *,
    call: bool = True,
    show: str | None = None,
) -> None:
    __tracebackhide__ = True
    checked[rule_id] += 1
    found, expected = tuple(tensor.shape), evaluate(formula, case.axes)
    if found == expected:
        return
    line = f"{name}.shape = "
    marks, at = "", len(line) + 1
    if len(found) == len(expected):
        for size, other in zip(found, expected, strict=True):
            if size != other:
                marks = marks.ljust(at) + "^"
            at += len(f"{size}, ")
    axes = dict.fromkeys(formula.split())
    values = ", ".join(f"{axis} = {evaluate(axis, case.axes)[0]}" for axis in axes)
    line += f"{found}   expected {expected}"
    found_text = f"{line}\n  {marks:<{at}}   {values}"
    show = f"tuple({name}.shape)" if show is None else show
    violated(rule_id, case, found_text, show=show, call=call)


def violated(
    rule_id: str,
    case: Case,
    found: str,
    *,
    show: str,
    call: bool = True,
    cause: Exception | None = None,
) -> NoReturn:
    """Raise what :func:`message` says."""
    __tracebackhide__ = True
    raise ContractViolation(rule_id, message(rule_id, case, found, show=show, call=call)) from cause


def message(rule_id: str, case: Case, found: str, *, show: str, call: bool = True) -> str:
    """Rule, finding, call, code to paste that prints ``show`` if there is any, and source."""
    rule = RULES[rule_id]
    snippet = f"   reproduce:\n{case.snippet(show, call=call)}" if show else ""
    return (
        f"{rule_id}\n"
        f"  {rule.says}\n"
        f"  {found}\n"
        f"  {case.describe(call=call)}\n"
        f"  {where()}\n"
        f"  torch {torch.__version__}{snippet}\n"
        f"  see {rule.source}"
    )


def where() -> str:
    """The machine on which it was found."""
    return f"on {machine.as_line(machine.facts())}"


# --- A call of somebody else's -------------------------------------------------------------------


def check(layer: nn.Module, input: Any, state: Any = None, *, like: object = None) -> Any:
    """Call the layer, hold what goes in and comes out against the shape rules, and return it.

    ``input`` is a tensor or a ``PackedSequence``, ``state`` what the layer takes for its initial
    state. ``like`` is the layer of ``torch.nn``, or the ``Layer``, that ``layer`` stands for; it is
    needed if that is no subclass of torch's. ``ContractViolation``, an ``AssertionError``, names the
    rule that a shape breaks. What the layer raises passes through. ``ValueError`` if it is not told
    what the layer is.
    """
    __tracebackhide__ = True
    try:
        described = Layer.of(layer if like is None else like)
    except ValueError:
        what = type(layer if like is None else like).__qualname__
        expected = "the layer of torch.nn, or the Layer, that the layer stands for"
        raise ValueError(f"like: expected {expected}, got {what}") from None
    case = _case_of(described, layer, input, state)
    _compare_arguments(case, state)
    given = () if state is None else (state,)
    observation = Observation(case, input, (), layer(input, *given))
    shaped_tensors(observation)
    if case.lengths:
        _compare_packing("packed-output", observation)
    return observation.result


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
        raise ContractViolation(
            rule.id,
            f"{rule.id}\n  {rule.says}\n  {error}\n  {case.construction}\n  see {rule.source}",
        ) from None
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
        found = f"the state is {_structure(state)}   expected {expected}"
        violated("state-structure-refused", case, found, show="")
    for name, part in zip(names, parts, strict=True):
        rule = shape_rule(case.layer, name)
        _compare(rule.id, case, name, part, rule.shapes[case.layout], show="")
