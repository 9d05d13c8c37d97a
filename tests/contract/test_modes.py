"""The same numbers in every mode of torch: autograd's, autocast, copies, meta, compile, export."""

from __future__ import annotations

import contextlib
import copy
import pickle
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from rnn_contracts import checks
from rnn_contracts.calls import GRAD_MODES, Case
from rnn_contracts.rule_tests import Decorator, checks_rule
from rnn_contracts.trials import ROUNDING, Trial


def mode(rule_id: str, **options: Any) -> Decorator:
    """A rule about layers without dropout, which is random."""
    return checks_rule(rule_id, dropout=0.0, **options)


@mode("dtype-and-device-follow")
def test_dtype_and_device_follow(case: Case) -> None:
    """Every result is where the parameters are and of their dtype."""
    trial = Trial("dtype-and-device-follow", case)
    parameter = next(iter(trial.parameters().values()))
    for name, result in trial.call().items():
        found = (
            f"{result.dtype} on {result.device}   expected {parameter.dtype} on {parameter.device}"
        )
        same = (result.dtype, result.device) == (parameter.dtype, parameter.device)
        trial.true(same, name, found)


@mode("autocast-dtype", dtype="float32", least_N=1, longest=5)
def test_autocast_dtype(case: Case) -> None:
    """Under autocast to bfloat16 each kind answers in the dtype that is recorded of it."""
    trial = Trial("autocast-dtype", replace(case, autocast=True))
    kind, projected = case.layer.kind, case.layer.proj_size > 0
    reduced = kind in ("RNN", "RNNCell") or (
        kind == "LSTM" and (projected or len({*case.lengths}) < 2)
    )
    for name, result in trial.call(layer=trial.layer).items():
        kept = not reduced or (name == "c_n" and projected)
        expected = torch.float32 if kept else torch.bfloat16
        found = f"{result.dtype}   expected {expected}"
        trial.true(result.dtype is expected, f"{name}.dtype", found)


@mode("modes-agree", least_N=1)
def test_modes_agree(case: Case) -> None:
    """Train or eval, with or without autograd."""
    trial = Trial("modes-agree", case)
    expected = trial.call()
    for grad_mode in GRAD_MODES:
        for training in (True, False):
            trial.layer.train(training)
            results = trial.call(case=replace(case, grad_mode=grad_mode, training=training))
            trial.agree(results, expected, units=ROUNDING)


@mode("functional-call-uses-its-weights", least_N=1)
def test_functional_call_uses_its_weights(case: Case) -> None:
    """The weights that are given count, not those that the layer has."""
    trial = Trial("functional-call-uses-its-weights", case)
    other = trial.twin(case)
    weights = {name: value.detach() / 2 for name, value in trial.parameters().items()}
    other.load_state_dict(weights)

    def call(*arguments: object) -> object:
        return torch.func.functional_call(trial.layer, weights, arguments)

    trial.agree(
        trial.call(layer=called(call, trial.layer)), trial.call(layer=other), units=ROUNDING
    )


@mode("copies-agree", least_N=1)
def test_copies_agree(case: Case) -> None:
    """A deepcopy, an unpickled layer and one that was loaded with the state_dict."""
    trial = Trial("copies-agree", case)
    expected, layer = trial.call(), trial.layer
    trial.true(
        list(layer.state_dict()) == [name for name, _ in layer.named_parameters()],
        "layer",
        f"state_dict() holds {', '.join(layer.state_dict())}",
    )
    with trial.doing("copying"):
        # The bytes are our own, made in the same line.
        others = copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), trial.twin(case)
    for other in others:
        trial.agree(trial.call(layer=other), expected, units=ROUNDING)


@mode("meta-agrees", without_numbers=True)
def test_meta_agrees(case: Case) -> None:
    """What needs no numbers is known without them."""
    trial = Trial("meta-agrees", case)
    expected = trial.call()
    without_numbers: list[tuple[str, str, Any]] = [("meta", "meta", contextlib.nullcontext())]
    if not case.lengths:
        # The lengths of a packed sequence are numbers.
        without_numbers.append(("FakeTensor", case.device, FakeTensorMode()))
    for mode_name, device, context in without_numbers:
        with context:
            layer = checks.build(trial.rule_id, replace(case, device=device))
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
            trial.true(same, name, f"{found}   expected {shape}, {real.dtype}")


@mode("compile-agrees", slow=True, least_N=1, longest=3, grad_mode="no_grad")
def test_compile_agrees(case: Case) -> None:
    """Compiled with aot_eager, which needs no compiler on the machine."""
    trial = Trial("compile-agrees", dense(case))
    torch._dynamo.reset()
    with quietly(), torch._dynamo.config.patch(allow_rnn=True):
        compiled = torch.compile(trial.layer, backend="aot_eager")
        results = trial.call(layer=called(compiled, trial.layer))
    trial.agree(results, trial.call(), units=ROUNDING)


@mode("export-agrees", slow=True, least_N=2, longest=3, grad_mode="no_grad")
def test_export_agrees(case: Case) -> None:
    """Exported for one batch size, and for any."""
    trial = Trial("export-agrees", dense(case))
    batched = dense(case).layout != "unbatched"
    with quietly(), trial.doing("torch.export"):
        input, state = trial.arguments()
        hx = (state,) if len(state) > 1 else state
        exported = torch.export.export(trial.layer, (input, *hx))
    trial.agree(trial.call(layer=exported.module()), trial.call(), units=ROUNDING)
    if batched:
        N = torch.export.Dim("N", min=2, max=1024)
        axes = tuple({part.dim() - 2: N} for part in state)
        input_axis = 1 if dense(case).layout == "sequence first" else 0
        with quietly(), trial.doing("torch.export with a dynamic batch"):
            shapes = ({input_axis: N}, *((axes,) if len(axes) > 1 else axes))
            exported = torch.export.export(trial.layer, (input, *hx), dynamic_shapes=shapes)
        twice = [torch.cat([part, part + 1], -2) for part in (trial.input, *trial.state)]
        results = trial.call(twice[0], tuple(twice[1:]), layer=exported.module())
        trial.agree(results, trial.call(twice[0], tuple(twice[1:])), units=ROUNDING)


def dense(case: Case) -> Case:
    """The same call, not packed: neither compiler takes a PackedSequence for an argument."""
    if not case.lengths:
        return case
    layout = "batch first" if case.layer.batch_first else "sequence first"
    return replace(case, layout=layout, lengths=())


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """The compilers warn of themselves; that is not the layer's business."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def called(function: Callable[..., object], layer: nn.Module) -> nn.Module:
    """A module that calls the function, in the place of a layer."""

    class Called(nn.Module):
        def forward(self, *arguments: object) -> object:
            return function(*arguments)

    return Called().train(layer.training)
