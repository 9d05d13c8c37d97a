"""The same numbers in every mode of torch: autograd's, autocast, copies, meta, compile, export."""

from __future__ import annotations

import contextlib
import copy
import pickle
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from rnn_contracts.checking.trial import ROUNDING, Trial, called
from rnn_contracts.rule_tests.statement import rule_test
from rnn_contracts.variations import GRAD_MODES


@rule_test()
def test_dtype_and_device_follow(trial: Trial) -> None:
    """Every result is where the parameters are and of their dtype."""
    parameter = next(iter(trial.parameters().values()))
    for name, result in trial.call().items():
        found = (
            f"{result.dtype} on {result.device}   expected {parameter.dtype} on {parameter.device}"
        )
        same = (result.dtype, result.device) == (parameter.dtype, parameter.device)
        trial.assert_that(same, name, found)


@rule_test(least_N=1, longest=5)
def test_autocast_dtype(trial: Trial) -> None:
    """Under autocast to bfloat16 each kind answers in the dtype that is recorded of it."""
    case = trial.case
    kind, projected = case.layer.kind, case.layer.proj_size > 0
    reduced = kind in ("RNN", "RNNCell") or (
        kind == "LSTM" and (projected or len({*case.lengths}) < 2)
    )
    for name, result in trial.call(layer=trial.layer).items():
        kept = not reduced or (name == "c_n" and projected)
        expected = torch.float32 if kept else torch.bfloat16
        found = f"{result.dtype}   expected {expected}"
        trial.assert_that(result.dtype is expected, f"{name}.dtype", found)


@rule_test(least_N=1)
def test_modes_agree(trial: Trial) -> None:
    """Train or eval, with or without autograd."""
    case = trial.case
    expected = trial.call()
    for grad_mode in GRAD_MODES:
        for training in (True, False):
            trial.layer.train(training)
            results = trial.call(case=replace(case, grad_mode=grad_mode, training=training))
            trial.assert_all_close(results, expected, units=ROUNDING)


@rule_test(least_N=1)
def test_functional_call_uses_its_weights(trial: Trial) -> None:
    """The weights that are given count, not those that the layer has."""
    other = trial.with_same_weights(trial.case)
    weights = {name: value.detach() / 2 for name, value in trial.parameters().items()}
    other.load_state_dict(weights)

    def call(*arguments: object) -> object:
        return torch.func.functional_call(trial.layer, weights, arguments)

    trial.assert_all_close(
        trial.call(layer=called(call, trial.layer)), trial.call(layer=other), units=ROUNDING
    )


@rule_test(least_N=1)
def test_copies_agree(trial: Trial) -> None:
    """A deepcopy, an unpickled layer and one that was loaded with the state_dict."""
    expected, layer = trial.call(), trial.layer
    trial.assert_that(
        list(layer.state_dict()) == [name for name, _ in layer.named_parameters()],
        "layer",
        f"state_dict() holds {', '.join(layer.state_dict())}",
    )
    with trial.must_not_raise("copying"):
        others = [
            copy.deepcopy(layer),
            # The bytes are made here, by no one else.
            pickle.loads(pickle.dumps(layer)),
            trial.with_same_weights(trial.case),
        ]
    for other in others:
        trial.assert_all_close(trial.call(layer=other), expected, units=ROUNDING)


@rule_test(without_numbers=True)
def test_meta_agrees(trial: Trial) -> None:
    """What needs no numbers is known without them."""
    case = trial.case
    expected = trial.call()
    without_numbers: list[tuple[str, str, Any]] = [("meta", "meta", contextlib.nullcontext())]
    if not case.lengths:
        # The lengths of a packed sequence are numbers.
        without_numbers.append(("FakeTensor", case.device, FakeTensorMode()))
    for mode_name, device, context in without_numbers:
        with context:
            layer = trial.build(replace(case, device=device))
            input, *state = (
                torch.empty(part.shape, device=device, dtype=part.dtype)
                for part in (trial.input, *trial.state)
            )
            results = trial.call(input, tuple(state), layer=layer, any_shape=True)
        for name, result in results.items():
            real = expected[name]
            packed = bool(case.lengths) and name == "output"
            shape = (sum(case.lengths), real.shape[-1]) if packed else tuple(real.shape)
            same = (tuple(result.shape), result.dtype) == (shape, real.dtype)
            found = f"on {mode_name} {tuple(result.shape)}, {result.dtype}"
            trial.assert_that(same, name, f"{found}   expected {shape}, {real.dtype}")


@rule_test(least_N=1, longest=3)
def test_compile_agrees(trial: Trial) -> None:
    """Compiled with aot_eager, which needs no compiler on the machine."""
    torch._dynamo.reset()
    with quietly(), torch._dynamo.config.patch(allow_rnn=True):
        compiled = torch.compile(trial.layer, backend="aot_eager")
        results = trial.call(layer=called(compiled, trial.layer), any_shape=True)
    trial.assert_all_close(results, trial.call(), units=ROUNDING)


@rule_test(longest=3)
def test_export_agrees(trial: Trial) -> None:
    """Exported for one batch size, and for any."""
    batched = trial.case.layout != "unbatched"
    torch._dynamo.reset()
    with quietly(), trial.must_not_raise("torch.export"):
        input, state = trial.arguments()
        hx = (state,) if len(state) > 1 else state
        exported = torch.export.export(trial.layer, (input, *hx))
    results = trial.call(layer=exported.module(), any_shape=True)
    trial.assert_all_close(results, trial.call(), units=ROUNDING)
    if batched:
        N = torch.export.Dim("N", min=2, max=1024)
        axes = tuple({part.dim() - 2: N} for part in state)
        input_axis = 1 if trial.case.layout == "sequence first" else 0
        with quietly(), trial.must_not_raise("torch.export with a dynamic batch"):
            shapes = ({input_axis: N}, *((axes,) if len(axes) > 1 else axes))
            exported = torch.export.export(trial.layer, (input, *hx), dynamic_shapes=shapes)
        twice = [torch.cat([part, part + 1], -2) for part in (trial.input, *trial.state)]
        module = exported.module()
        results = trial.call(twice[0], tuple(twice[1:]), layer=module, any_shape=True)
        trial.assert_all_close(results, trial.call(twice[0], tuple(twice[1:])), units=ROUNDING)


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Ignore what the compilers warn of, since it is not about the layer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
