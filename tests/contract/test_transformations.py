"""The same numbers when a layer is differentiated, mapped, recomputed, compiled or exported.

A transformation takes a layer as a function, so that each call is made by code of its own, which has
``$0`` for the layer, ``$1`` for the input and ``$2`` for the initial state; see ``calls.call``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from rnn_contracts import devices
from rnn_contracts.checking import tools
from rnn_contracts.checking.gradients import differentiate, loss_of, wanted
from rnn_contracts.checking.trial import ROUNDING, Results, Trial
from rnn_contracts.layer import CELLS
from rnn_contracts.rule_tests.statement import rule_test

# --- Differentiated and mapped -------------------------------------------------------------------


@rule_test(least_N=1, longest=3)
def test_forward_mode_agrees(trial: Trial) -> None:
    """Along a random direction of input, initial state and parameters."""
    parts = wanted(trial)
    directions = trial.do("[torch.randn_like(part) for part in $0]", parts, name="directions")
    given = 1 + len(trial.state)
    input, state = trial.arguments(directions[0], tuple(directions[1:given]))
    weights = trial.do("dict($0.named_parameters())", trial.layer, name="weights")
    along = trial.do("dict(zip($0, $1))", weights, directions[given:], name="along")
    call = "lambda weights, *given: torch.func.functional_call($0, weights, given)"
    values, ways = ("($3, $1, $2)", "($4, $5, $6)") if state else ("($3, $1)", "($4, $5)")
    more = [weights, along, input, *as_one(state)]
    with tools.quietly():
        found = trial.call(code=f"torch.func.jvp({call}, {values}, {ways})[1]", more=more)
    expected = derivatives_of_the_equations(trial, directions)
    trial.assert_all_close(found, expected, units=2 * ROUNDING)


def derivatives_of_the_equations(trial: Trial, directions: Sequence[Tensor]) -> Results:
    """Those of the step equations along the directions of input, state and parameters, in float64.

    The backward pass is linear in what it is given, and its derivative by that is the forward mode.
    """
    differentiate(trial)
    results = trial.expected_by_equations()
    values, parts = [*results.values()], wanted(trial)
    zeros = "[torch.zeros_like(part, requires_grad=True) for part in $0]"
    given = trial.do(zeros, values, name="given")
    backward = trial.do("torch.autograd.grad($0, $1, $2, create_graph=True)", values, parts, given)
    forward = trial.do("torch.autograd.grad($0, $1, $2)", backward, given, directions)
    return dict(zip(results, forward, strict=True))


@rule_test(least_N=1, longest=5)
def test_vmap_agrees(trial: Trial) -> None:
    """Two calls at once and one after the other."""
    expected = [trial.call(input, state) for input, state in two_calls(trial)]
    more = stacked(trial)
    mapped = "torch.vmap($0)($3, $4)" if trial.state else "torch.vmap($0)($3)"
    for k, (input, state) in enumerate(two_calls(trial)):
        code = f"torch.utils._pytree.tree_map(lambda part: part[{k}], {mapped})"
        found = trial.call(input, state, code=code, more=more)
        trial.assert_all_close(found, expected[k], units=ROUNDING)


@rule_test(least_N=1, longest=5)
def test_vmap_of_grad_agrees(trial: Trial) -> None:
    """The gradients of the parameters in two calls, at once and one after the other."""
    expected = [squares(trial, input, state) for input, state in two_calls(trial)]
    results = "torch.func.functional_call($0, weights, given)"
    parts = f"torch.utils._pytree.tree_flatten({results})[0]"
    loss = f"lambda weights, *given: sum(part.double().square().sum() for part in {parts})"
    axes, given = ("(None, 0, 0)", "$1, $2, $3") if trial.state else ("(None, 0)", "$1, $2")
    weights = trial.do(
        "{name: part.detach() for name, part in $0.named_parameters()}", trial.layer, name="weights"
    )
    with trial.must_not_raise("torch.vmap of torch.func.grad"):
        code = f"[*torch.vmap(torch.func.grad({loss}), {axes})({given}).values()]"
        found = trial.do(code, trial.layer, weights, *stacked(trial), name="gradients")
    for name, part, *others in zip(weights, found, *expected, strict=True):
        for k, other in enumerate(others):
            trial.assert_close(
                f"gradient of {name} in call {k}", part[k], other, units=2 * ROUNDING
            )


def two_calls(trial: Trial) -> list[tuple[Tensor, tuple[Tensor, ...]]]:
    """Input and state of the case, and other numbers."""
    return [
        (trial.input, trial.state),
        (trial.input + 1, tuple(part + 1 for part in trial.state)),
    ]


def stacked(trial: Trial) -> list[object]:
    """Input, and state if there is one, of both calls with a new first axis, as the layer takes them."""
    first, second = (trial.arguments(*call) for call in two_calls(trial))
    states = zip(first[1], second[1], strict=True)
    return [torch.stack([first[0], second[0]]), *as_one(tuple(torch.stack(it) for it in states))]


def as_one(state: tuple[Tensor, ...]) -> tuple[object, ...]:
    """The state as the one argument that it is, if there is one."""
    return (state,) if len(state) > 1 else state


def squares(trial: Trial, input: Tensor, state: tuple[Tensor, ...]) -> Sequence[Tensor]:
    """The gradients of the parameters by the sum of the squares of all results."""
    results = trial.call(input, state)
    loss: Any = sum(part.double().square().sum() for part in results.values())
    with trial.must_not_raise("the backward pass"):
        found: Sequence[Tensor] = trial.do(
            "torch.autograd.grad($0, [*$1.parameters()])", loss, trial.layer, name="gradients"
        )
    return found


# --- Recomputed ----------------------------------------------------------------------------------


@rule_test(least_N=1, longest=5)
def test_checkpoint_agrees(trial: Trial) -> None:
    """The layer itself is the function that is run once more in the backward pass."""
    assert_checkpoint_agrees(trial, use_reentrant=False)


@rule_test(least_N=1, longest=5)
def test_reentrant_checkpoint_agrees(trial: Trial) -> None:
    """Input and initial state ask for gradients, without which this form gives none."""
    assert_checkpoint_agrees(trial, use_reentrant=True)


def assert_checkpoint_agrees(trial: Trial, *, use_reentrant: bool) -> None:
    """Hold results and gradients against those of the plain call; dropout follows the seed."""
    names = differentiate(trial)
    seed_again(trial)
    expected = trial.call()
    by_plain_call = backward(trial, expected)
    seed_again(trial)
    code = f"torch.utils.checkpoint.checkpoint($0, $1, $2, use_reentrant={use_reentrant})"
    found = trial.call(code=code)
    by_checkpoint = backward(trial, found)
    trial.assert_all_close(found, expected, units=ROUNDING)
    for name, one, other in zip(names, by_checkpoint, by_plain_call, strict=True):
        trial.assert_close(name, one, other, units=2 * ROUNDING)


def seed_again(trial: Trial) -> None:
    # A script keeps what changes the layer: the numbers that it draws.
    trial.do(f"torch.manual_seed({trial.case.seed})", trial.layer, changes=1)


def backward(trial: Trial, results: Results) -> Sequence[Tensor]:
    """The gradients by a backward pass: a reentrant checkpoint refuses ``torch.autograd.grad``."""
    parts, loss = wanted(trial), loss_of(trial, results)
    trial.do("[setattr(part, 'grad', None) for part in $1]", trial.layer, parts, changes=1)
    with trial.must_not_raise("the backward pass"):
        trial.do("$1.backward()", trial.layer, loss, changes=1)
    gradients = "[torch.zeros_like(it) if it.grad is None else it.grad.clone() for it in $0]"
    found: Sequence[Tensor] = trial.do(gradients, parts, name="gradients")
    return found


# --- Compiled ------------------------------------------------------------------------------------


@rule_test(longest=3)
def test_compile_packed_agrees(trial: Trial) -> None:
    """The function packs, so that its argument is a tensor."""
    torch._dynamo.reset()
    packing = trial.case.packing("input")
    with tools.quietly(), compiling(trial):
        code = f'torch.compile(lambda input, *state: $0({packing}, *state), backend="aot_eager")'
        compiled = trial.do(code, trial.layer, name="compiled")
        padded = "nn.utils.rnn.pad_packed_sequence($1)[0]"
        results = trial.call(code=f"$3({padded}, $2)", more=[compiled], any_shape=True)
    trial.assert_all_close(results, trial.call(), units=ROUNDING)


@rule_test(least_N=1, longest=3)
def test_compile_drops(trial: Trial) -> None:
    """What the second layer reads is zero, compiled or not."""
    assert_compiled_agrees(trial, "aot_eager")


@rule_test(least_N=1, longest=3)
def test_inductor_agrees(trial: Trial) -> None:
    """Compiled by the default backend, to machine code."""
    if not devices.is_accelerator(trial.case.device):
        tools.require_cpp_compiler()
    assert_compiled_agrees(trial, "inductor")


def assert_compiled_agrees(trial: Trial, backend: str) -> None:
    torch._dynamo.reset()
    with tools.quietly(), compiling(trial):
        code = f'torch.compile($0, backend="{backend}")'
        compiled = trial.do(code, trial.layer, name="compiled")
        results = trial.call(layer=compiled, any_shape=True)
    trial.assert_all_close(results, trial.call(), units=ROUNDING)


@contextlib.contextmanager
def compiling(trial: Trial) -> Iterator[None]:
    """Let dynamo trace the layer; what was compiled may give something that cannot be padded."""
    allowed = trial.within("torch._dynamo.config.patch(allow_rnn=True)")
    with allowed, trial.must_not_raise("torch.compile"):
        yield


# --- Exported ------------------------------------------------------------------------------------


@rule_test(longest=3)
def test_export_uses_its_parameters(trial: Trial) -> None:
    """Other weights are loaded into what was exported."""
    exported, other = exported_twin(trial), trial.with_same_weights(trial.case)
    names = "[name for name, _ in $1.named_parameters()]"
    found = f"state_dict() holds {{[*$0.state_dict()]}}   expected {{{names}}}"
    trial.assert_that(f"[*$0.state_dict()] == {names}", found, exported, trial.layer)
    halves = "{name: part.detach() / 2 for name, part in $0.named_parameters()}"
    weights = trial.do(halves, trial.layer, name="weights")
    with trial.must_not_raise("load_state_dict"):
        for layer in (exported, other):
            trial.do("$0.load_state_dict($1)", layer, weights, changes=1)
    results = trial.call(layer=exported, any_shape=True)
    trial.assert_all_close(results, trial.call(layer=other), units=ROUNDING)


@rule_test(longest=3)
def test_exported_layer_moves(trial: Trial) -> None:
    """To another dtype, then to meta."""
    case = trial.case
    exported, other = exported_twin(trial), trial.with_same_weights(case)
    dtype = next(it for it in devices.dtypes(case.device) if it != case.dtype)
    with trial.must_not_raise("moving"):
        for layer in (exported, other):
            trial.do(f"$0.to(torch.{dtype})", layer, changes=1)
    target = getattr(torch, dtype)
    input, state = trial.input.to(target), tuple(part.to(target) for part in trial.state)
    case = replace(case, dtype=dtype)
    expected = trial.call(input, state, layer=other, case=case)
    results = trial.call(input, state, layer=exported, case=case, any_shape=True)
    eps, own = (torch.finfo(it).eps for it in (target, getattr(torch, trial.case.dtype)))
    units = ROUNDING * max(1, int(eps / own))
    trial.assert_all_close(results, expected, units=units)
    with trial.must_not_raise("moving"):
        trial.do('$0.to("meta")', exported, changes=1)
    input, *parts = (part.to("meta") for part in (input, *state))
    case = replace(case, device="meta")
    results = trial.call(input, tuple(parts), layer=exported, case=case, any_shape=True)
    for name, part in expected.items():
        found = f"{name}: on meta {{tuple($0.shape)}}   expected {tuple(part.shape)}"
        trial.assert_that(f"tuple($0.shape) == {tuple(part.shape)}", found, results[name])


def exported_twin(trial: Trial) -> nn.Module:
    """Export a layer with the same weights, since what is exported shares its parameters."""
    twin = trial.with_same_weights(trial.case)
    torch._dynamo.reset()
    with tools.quietly(), trial.must_not_raise("torch.export"):
        input, state = trial.arguments()
        arguments = "($1, $2)" if state else "($1,)"
        code = f"torch.export.export($0, {arguments}).module()"
        exported: nn.Module = trial.do(code, twin, input, *as_one(state), name="exported")
    return exported


# --- Written as ONNX -----------------------------------------------------------------------------

_RESULTS = {
    "RNN": "tuple({})",
    "GRU": "tuple({})",
    "LSTM": "(lambda output, *state: (output, state))(*{})",
    "RNNCell": "{}[0]",
    "GRUCell": "{}[0]",
    "LSTMCell": "tuple({})",
}
"""What a layer returns, made of the tensors that a program in ONNX gives, one after the other."""


@rule_test(least_N=2, longest=5)
def test_onnx_agrees(trial: Trial) -> None:
    """With the batch size of the export and with twice as many sequences."""
    program = onnx_program(trial)
    for repeats in (1, 2) if trial.case.layout != "unbatched" else (1,):
        input, *state = (
            torch.cat([part + i for i in range(repeats)], -2)
            for part in (trial.input, *trial.state)
        )
        expected = trial.call(input, tuple(state))
        trial.assert_all_close(run(trial, program, input, tuple(state)), expected, units=ROUNDING)


def onnx_program(trial: Trial) -> object:
    """The layer in ONNX, for any batch size."""
    tools.require_packages("onnx", "onnxscript", "onnxruntime", extra="onnx")
    torch._dynamo.reset()
    case = trial.case
    input, state = trial.arguments()
    given = [input, *as_one(state)]
    arguments, options = "($1, $2)" if state else "($1,)", "dynamo=True, verbose=False"
    if case.layout != "unbatched":
        N = trial.do('torch.export.Dim("N", min=1, max=1024)', name="N")
        axes = tuple({part.dim() - 2: N} for part in state)
        input_axis = 1 if case.layout == "sequence first" and case.layer.kind not in CELLS else 0
        given.append(({input_axis: N}, *((axes,) if len(axes) > 1 else axes)))
        options += f", dynamic_shapes=${len(given)}"
    with tools.quietly(), trial.must_not_raise("torch.onnx.export"):
        exporting = f"torch.onnx.export($0, {arguments}, {options})"
        program: object = trial.do(exporting, trial.layer, *given, name="program")
    return program


def run(trial: Trial, program: object, input: Tensor, state: tuple[Tensor, ...]) -> Results:
    """The results of the program in onnxruntime."""
    code = _RESULTS[trial.case.layer.kind].format("$3($1, $2)")
    return trial.call(input, state, code=code, more=[program], any_shape=True)
