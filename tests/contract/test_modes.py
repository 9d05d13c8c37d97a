"""The same numbers in every mode of torch: autograd's, autocast, copies, meta, compile, export."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import torch

from rnn_contracts.checking import tools
from rnn_contracts.checking.trial import ROUNDING, Trial
from rnn_contracts.rule_tests.statement import rule_test
from rnn_contracts.variations import GRAD_MODES


@rule_test()
def test_dtype_and_device_follow(trial: Trial) -> None:
    """Every result is where the parameters are and of their dtype."""
    parameter = next(iter(trial.parameters_of(trial.layer).values()))
    for name, result in trial.call().items():
        same = "($0.dtype, $0.device) == ($1.dtype, $1.device)"
        found = "{$0.dtype} on {$0.device}   expected {$1.dtype} on {$1.device}"
        trial.assert_that(same, f"{name}: {found}", result, parameter)


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
        found = f"{name}.dtype: {{$0.dtype}}   expected {expected}"
        trial.assert_that(f"$0.dtype == {expected}", found, result)


@rule_test(least_N=1, longest=9)
def test_tf32_is_near(trial: Trial) -> None:
    """The results of ten bits are near those of the step equations, computed in float64."""
    eps = torch.finfo(getattr(torch, trial.case.dtype)).eps
    with tf32_allowed(trial):
        results = trial.call(layer=trial.layer)
    trial.assert_all_close(results, trial.expected_by_equations(), units=int(2**-8 / eps))


@contextlib.contextmanager
def tf32_allowed(trial: Trial) -> Iterator[None]:
    """Allow it to matrix products and to cuDNN, which other rules do not."""
    flags = (
        'torch.set_float32_matmul_precision("{}")',
        'setattr(torch.backends.cudnn, "allow_tf32", {})',
    )
    try:
        for flag, value in zip(flags, ("high", True), strict=True):
            trial.do(flag.format(value))
        yield
    finally:
        for flag, value in zip(flags, ("highest", False), strict=True):
            trial.do(flag.format(value))


@rule_test(least_N=1)
def test_modes_agree(trial: Trial) -> None:
    """Train or eval, with or without autograd."""
    case = trial.case
    expected = trial.call()
    for grad_mode in GRAD_MODES:
        for training in (True, False):
            trial.do(f"$0.train({training})", trial.layer, changes=1)
            results = trial.call(case=replace(case, grad_mode=grad_mode, training=training))
            trial.assert_all_close(results, expected, units=ROUNDING)


@rule_test(least_N=1)
def test_functional_call_uses_its_weights(trial: Trial) -> None:
    """The weights that are given count, not those that the layer has."""
    other = trial.with_same_weights(trial.case)
    trial.parameters_of(trial.layer)
    halves = "{name: part.detach() / 2 for name, part in $0.named_parameters()}"
    weights = trial.do(halves, trial.layer, name="weights")
    trial.do("$0.load_state_dict($1)", other, weights, changes=1)
    code = "torch.func.functional_call($0, $3, ($1, $2))"
    if not trial.state:
        code = "torch.func.functional_call($0, $3, ($1,))"
    found = trial.call(code=code, more=[weights])
    trial.assert_all_close(found, trial.call(layer=other), units=ROUNDING)


@rule_test(least_N=1)
def test_copies_agree(trial: Trial) -> None:
    """A deepcopy, an unpickled layer and one that was loaded with the state_dict."""
    expected, layer = trial.call(), trial.layer
    names = "[name for name, _ in $0.named_parameters()]"
    found = "state_dict() holds {[*$0.state_dict()]}   expected {" + names + "}"
    trial.assert_that(f"[*$0.state_dict()] == {names}", found, layer)
    with trial.must_not_raise("copying"):
        others = [
            trial.do("copy.deepcopy($0)", layer, name="other"),
            # The bytes are made here, by no one else.
            trial.do("pickle.loads(pickle.dumps($0))", layer, name="other"),
            trial.with_same_weights(trial.case),
        ]
    for other in others:
        trial.assert_all_close(trial.call(layer=other), expected, units=ROUNDING)


@rule_test(without_numbers=True)
def test_meta_agrees(trial: Trial) -> None:
    """What needs no numbers is known without them."""
    case = trial.case
    expected = trial.call()
    without_numbers: list[tuple[str, str, contextlib.AbstractContextManager[object]]] = [
        ("meta", "meta", contextlib.nullcontext())
    ]
    if not case.lengths:
        # The lengths of a packed sequence are numbers.
        fake = trial.within("torch._subclasses.fake_tensor.FakeTensorMode()")
        without_numbers.append(("FakeTensor", case.device, fake))
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
            same = f"(tuple($0.shape), $0.dtype) == ({shape}, {real.dtype})"
            found = f"{name}: on {mode_name} {{tuple($0.shape)}}, {{$0.dtype}}"
            trial.assert_that(same, f"{found}   expected {shape}, {real.dtype}", result)


@rule_test(least_N=1, longest=3)
def test_compile_agrees(trial: Trial) -> None:
    """Compiled with aot_eager, which needs no compiler on the machine."""
    torch._dynamo.reset()
    with tools.quietly(), trial.within("torch._dynamo.config.patch(allow_rnn=True)"):
        compiled = trial.do('torch.compile($0, backend="aot_eager")', trial.layer, name="compiled")
        results = trial.call(layer=compiled, any_shape=True)
    trial.assert_all_close(results, trial.call(), units=ROUNDING)


@rule_test(longest=3)
def test_export_agrees(trial: Trial) -> None:
    """Exported for one batch size, and for any."""
    batched = trial.case.layout != "unbatched"
    torch._dynamo.reset()
    with tools.quietly(), trial.must_not_raise("torch.export"):
        input, state = trial.arguments()
        given = [input, *((state,) if len(state) > 1 else state)]
        arguments = "($1, $2)" if state else "($1,)"
        exporting = f"torch.export.export($0, {arguments}).module()"
        exported = trial.do(exporting, trial.layer, *given, name="exported")
    results = trial.call(layer=exported, any_shape=True)
    trial.assert_all_close(results, trial.call(), units=ROUNDING)
    if batched:
        N = trial.do('torch.export.Dim("N", min=2, max=1024)', name="N")
        axes = tuple({part.dim() - 2: N} for part in state)
        input_axis = 1 if trial.case.layout == "sequence first" else 0
        with tools.quietly(), trial.must_not_raise("torch.export with a dynamic batch"):
            shapes = ({input_axis: N}, *((axes,) if len(axes) > 1 else axes))
            last = f"${len(given) + 1}"
            exporting = f"torch.export.export($0, {arguments}, dynamic_shapes={last}).module()"
            exported = trial.do(exporting, trial.layer, *given, shapes, name="exported")
        twice = [torch.cat([part, part + 1], -2) for part in (trial.input, *trial.state)]
        results = trial.call(twice[0], tuple(twice[1:]), layer=exported, any_shape=True)
        trial.assert_all_close(results, trial.call(twice[0], tuple(twice[1:])), units=ROUNDING)
