"""Weights that change after construction: the numbers that a layer shows are those it computes with.

What is expected is what another layer gives, which was made with other numbers, gets these weights by
load_state_dict, and was never called before. The layer itself is called before each change, so that
what it keeps of its weights, at whatever moment, is out of date.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import torch
from torch import Tensor, nn

from rnn_contracts import devices
from rnn_contracts.checking import calls
from rnn_contracts.checking.trial import ROUNDING, Results, Trial
from rnn_contracts.drawing.case import Case
from rnn_contracts.rule_tests.statement import rule_test


@rule_test(least_N=1, longest=9)
def test_assigned_weights_are_used(trial: Trial) -> None:
    """Parameters are negated: by assignment, in place, and by load_state_dict."""
    layer, chance = trial.layer, Random(trial.case.seed)
    trial.parameters_of(layer)
    trial.call()
    for change in (assignment, change_in_place, load_state_dict):
        names = some_of(layer, chance)
        new = f"(-part if name in {names} else part).clone()"
        new = f"{{name: {new} for name, part in $0.state_dict().items()}}"
        weights = trial.do(new, layer, name="weights")
        with trial.must_not_raise(change.__name__):
            change(trial, names, weights)
            if hasattr(layer, "flatten_parameters") and chance.random() < 0.5:
                trial.do("$0.flatten_parameters()", layer, changes=1)
        what = f"after {change.__name__} of {', '.join(names)}"
        assert_shown(trial, layer, weights, what)
        found, expected = (trial.call(layer=it) for it in (layer, afresh(trial, weights)))
        assert_same(trial, found, expected, what)


@rule_test(least_N=1, longest=5)
def test_parametrized_weights_are_used(trial: Trial) -> None:
    """A parameter each is parametrized in two ways, and then the originals are negated."""
    layer, case = trial.layer, trial.case
    trial.parameters_of(layer)
    own = [name for name, _ in layer.named_parameters()]
    trial.call()
    chosen = two_ways(layer, Random(case.seed))
    for name, way in chosen.items():
        parametrize(trial, way, name)
    what = f"with {' and '.join(f'{way} of {name}' for name, way in chosen.items())}"
    before: Any = None
    for step in (what, f"{what}, and other originals"):
        found = trial.call(layer=layer)
        shown = ", ".join(f"{name!r}: {path(name)}" for name in own)
        weights = trial.do(f"{{{shown}}}", layer, name="weights")
        other = afresh(trial, weights)
        expected = trial.call(layer=other)
        assert_same(trial, found, expected, step)
        if case.grad_mode == "enable_grad":
            assert_passed_on(trial, weights, other, (found, expected), step)
        if before is None:
            detached = "{name: part.detach().clone() for name, part in $0.items()}"
            before = trial.do(detached, weights, name="before")
            with trial.within("torch.no_grad()"):
                for name, way in chosen.items():
                    trial.do(f"{path(name, WAYS[way][1])}.neg_()", layer, changes=1)
    negated = f"all(torch.equal($0[name], -$1[name]) for name in {[*chosen]})"
    trial.assert_that(negated, f"{what}: not negated, as their originals are", weights, before)


@rule_test(least_N=1, longest=5)
def test_moved_layers_are_as_made_there(trial: Trial) -> None:
    """On a way that ends where the case is; then the weights change there."""
    case = trial.case
    trial.call()
    way = Random(case.seed).choice(ways_to(case))
    start = replace(case, device=way[0][0], dtype=way[0][1])
    layer = made(trial, start) if start != case else trial.layer
    trial.parameters_of(layer)
    weights = trial.do("copy.deepcopy($0.state_dict())", layer, name="weights")
    for end in way[1:]:
        call_there(trial, layer, start)
        start, there = replace(case, device=end[0], dtype=end[1]), start
        with trial.must_not_raise(f"moving to {start.device}, {start.dtype}"):
            weights = moved(trial, layer, weights, there, start)
    what = f"moved {' to '.join(f'{device}, {dtype}' for device, dtype in way)}"
    if len(way) == 1:
        what = "in shared memory"
        with trial.must_not_raise("share_memory"):
            trial.do("$0.share_memory()", layer, changes=1)
    for more in ("", ", and changed there"):
        if more:
            with trial.within("torch.no_grad()"):
                trial.do("[part.neg_() for part in $0.parameters()]", layer, changes=1)
            weights = trial.do("copy.deepcopy($0.state_dict())", layer, name="weights")
        assert_shown(trial, layer, weights, step := what + more)
        found = trial.call(layer=layer)
        for name, result in found.items():
            said = f"{name}: {{$0.dtype}} on {{$0.device}} {step}"
            here = "($0.dtype, $0.device) == ($1.dtype, $1.device)"
            trial.assert_that(here, said, result, trial.input)
        assert_same(trial, found, trial.call(layer=afresh(trial, weights)), step)


@rule_test(least_N=1, longest=5)
def test_frozen_parameters_change_no_gradient(trial: Trial) -> None:
    """With none frozen, with some or all of them, and with none again."""
    layer, chance = trial.layer, Random(trial.case.seed)
    trial.parameters_of(layer)
    names = [name for name, _ in layer.named_parameters()]
    frozen = names if chance.random() < 0.4 else some_of(layer, chance)
    given = (trial.input, *trial.state)
    # An input usually wants no gradient. Where all parameters are frozen something has to.
    if frozen != names and chance.random() < 0.5:
        given = ()
    for tensor in given:
        tensor.requires_grad_()
    trial.call()
    expected, wanted = differentiate(trial, given)
    for frozen_now in (frozen, []):
        what = f"with {', '.join(frozen_now)} frozen" if frozen_now else "after they were frozen"
        wanting = f"part.requires_grad_(name not in {frozen_now})"
        trial.do(f"[{wanting} for name, part in $0.named_parameters()]", layer, changes=1)
        found, gradients = differentiate(trial, given)
        assert_same(trial, found, expected, what)
        every = [*names, *("input", "h_0", "c_0")[: len(given)]]
        for name, one, other in zip(every, gradients, wanted, strict=True):
            if name in frozen_now:
                trial.assert_that(f"{path(name)}.grad is None", f"{name}.grad is there", layer)
            else:
                trial.assert_close(f"{name}.grad {what}", one, other, units=2 * ROUNDING)


# --- Which parameters ------------------------------------------------------------------------------


def some_of(layer: nn.Module, chance: Random) -> list[str]:
    """The names of one parameter, or of about a half of all."""
    names = [name for name, _ in layer.named_parameters()]
    chosen = [name for name in names if chance.random() < 0.5]
    return chosen if chosen and chance.random() < 0.5 else [chance.choice(names)]


def path(name: str, pattern: str = "{}") -> str:
    """A parameter as code, with ``$0`` for the layer; the pattern gives it another last name."""
    *outer, leaf = name.split(".")
    parts = [*outer, *pattern.format(leaf).split(".")]
    return "$0" + "".join(f".{part}" if part.isidentifier() else f"[{part}]" for part in parts)


def owner(name: str) -> str:
    """The module that has the parameter, and the name that it has there, as code."""
    outer, _, leaf = name.rpartition(".")
    return f"{path(outer) if outer else '$0'}, {leaf!r}"


# --- Changes ---------------------------------------------------------------------------------------


def assignment(trial: Trial, names: Sequence[str], weights: Any) -> None:
    """``layer.weight = nn.Parameter(...)``."""
    for name in names:
        code = f"setattr({owner(name)}, nn.Parameter($1[{name!r}].clone()))"
        trial.do(code, trial.layer, weights, changes=1)


def change_in_place(trial: Trial, names: Sequence[str], weights: Any) -> None:
    """As an optimizer does it."""
    with trial.within("torch.no_grad()"):
        for name in names:
            trial.do(f"{path(name)}.copy_($1[{name!r}])", trial.layer, weights, changes=1)


def load_state_dict(trial: Trial, names: Sequence[str], weights: Any) -> None:
    """With assign=True, where torch has it."""
    assigned = "assign" in inspect.signature(nn.Module.load_state_dict).parameters
    chosen = f"{{name: $1[name].clone() for name in {names}}}"
    code = f"$0.load_state_dict({chosen}, strict=False{', assign=True' * assigned})"
    trial.do(code, trial.layer, weights, changes=1)


WAYS = {
    "register_parametrization": (
        "torch.nn.utils.parametrize.register_parametrization({}, nn.Softsign())",
        "parametrizations.{}.original",
    ),
    "parametrizations.weight_norm": (
        "torch.nn.utils.parametrizations.weight_norm({})",
        "parametrizations.{}.original0",
    ),
    "weight_norm": ("torch.nn.utils.weight_norm({})", "{}_g"),
    "pruning": ("torch.nn.utils.prune.l1_unstructured({}, 0.5)", "{}_orig"),
}
"""How a parameter becomes a function of another: the code, and what its negation negates."""


def two_ways(layer: nn.Module, chance: Random) -> dict[str, str]:
    """The names of two parameters, and a way for each, another one."""
    new = "parametrizations.weight_norm"
    ways = [way for way in WAYS if way != new or hasattr(nn.utils.parametrizations, "weight_norm")]
    parts = dict(layer.named_parameters())
    chosen: dict[str, str] = {}
    for way in chance.sample(ways, 2):
        able = [name for name, part in parts.items() if "norm" not in way or has_norms(part)]
        if able := [name for name in able if name not in chosen]:
            chosen[chance.choice(able)] = way
    return chosen


def has_norms(part: Tensor) -> bool:
    """Whether it has rows, as a bias has not, each with a norm by which it can be divided."""
    return part.dim() == 2 and bool((part.detach().abs().amax(1) > 2**-10).all())


def parametrize(trial: Trial, way: str, name: str) -> None:
    """Replace the parameter of that name."""
    with trial.must_not_raise(way), trial.within("warnings.catch_warnings()"):
        # The older form of weight_norm is deprecated.
        trial.do('warnings.simplefilter("ignore")', trial.layer, changes=1)
        trial.do(WAYS[way][0].format(owner(name)), trial.layer, changes=1)


Place = tuple[str, str]


def ways_to(case: Case) -> list[tuple[Place, ...]]:
    """Devices and dtypes from where the layer is made to the case's; one alone is shared memory."""
    here = (case.device, case.dtype)
    ways: list[tuple[Place, ...]] = [(here, ("meta", case.dtype), here)]
    ways += [(here, (case.device, dtype), here) for dtype in devices.dtypes(case.device)]
    ways.remove((here, here, here))
    if case.dtype != "float32":
        ways.append(((case.device, "float32"), here))
    if devices.is_accelerator(case.device):
        host = ("cpu", case.dtype)
        return [*ways, (host, here), (here, host, here)]
    return [*ways, (here,)]


def call_there(trial: Trial, layer: nn.Module, there: Case) -> None:
    """What the layer keeps of this call is out of date in the next place."""
    # No rule about this case says that a machine has kernels of 16 bits, or a layer another dtype.
    with trial.run.recorder.paused():
        able = not trial.subject or calls.is_accepted(there, trial.subject)
    if able and there.dtype in ("float32", "float64", trial.case.dtype):
        given, dtype = (trial.input, *trial.state), getattr(torch, there.dtype)
        input, *state = (part.to(there.device, dtype) for part in given)
        trial.call(input, (*state,), layer=layer, case=there)


def moved(trial: Trial, layer: nn.Module, weights: Any, start: Case, end: Case) -> Any:
    """Move the layer; the weights that it has then."""
    if start.device == "meta":
        trial.do(f"$0.to_empty(device={end.device!r})", layer, changes=1)
        trial.do("$0.load_state_dict($1)", layer, weights, changes=1)
        return weights
    to = repr(end.device) if start.device != end.device else f"torch.{end.dtype}"
    trial.do(f"$0.to({to})", layer, changes=1)
    if end.device == "meta":
        found = "a parameter is on {[part.device for part in $0.parameters()]}"
        trial.assert_that("all(part.is_meta for part in $0.parameters())", found, layer)
        return weights
    there = f"part.to({to}) if part.is_floating_point() else part"
    return trial.do(f"{{name: {there} for name, part in $0.items()}}", weights, name="weights")


# --- What comes of them ----------------------------------------------------------------------------


def made(trial: Trial, case: Case) -> nn.Module:
    """A layer of the case, with the numbers of its seed in a script too; the trial's seed is kept."""
    # On the CPU torch.manual_seed takes longer than a call.
    own = "torch" if devices.is_accelerator(case.device) else "torch.default_generator"
    trial.do(f"{own}.manual_seed({case.seed})", trial.layer, changes=1)
    layer = trial.build(case)
    trial.do(f"{own}.manual_seed({trial.case.seed})", trial.layer, changes=1)
    return layer


def afresh(trial: Trial, weights: Any) -> nn.Module:
    """Another layer that is made with other numbers, and is given these weights."""
    other = made(trial, replace(trial.case, seed=trial.case.seed + 1))
    with trial.must_not_raise("load_state_dict"):
        trial.do("$0.load_state_dict($1)", other, weights, changes=1)
    return other


def assert_shown(trial: Trial, layer: nn.Module, weights: Any, what: str) -> None:
    """The layer has these weights, bit for bit."""
    where = "(part.dtype, part.device) == ($1[name].dtype, $1[name].device)"
    same = f"{where} and torch.equal(part, $1[name])"
    wrong = f"[name for name, part in $0.state_dict().items() if not ({same})]"
    found = f"the layer has other numbers, of another dtype or elsewhere, in {{{wrong}}} {what}"
    trial.assert_that(f"not {wrong}", found, layer, weights)


def assert_same(trial: Trial, found: Results, expected: Results, what: str) -> None:
    """The results are the same to within rounding; ``what`` is told of them."""
    for name, result in found.items():
        trial.assert_close(f"{name} {what}", result, expected[name], units=ROUNDING)


def assert_passed_on(
    trial: Trial, weights: Any, other: nn.Module, results: tuple[Results, Results], what: str
) -> None:
    """The parameters get the gradients of the weights, which are those of the other layer."""
    layer = trial.layer
    with trial.must_not_raise("the backward pass"):
        code = "torch.autograd.grad($0, [$1.get_parameter(name) for name in $2], allow_unused=True)"
        of_weights = trial.do(code, loss(trial, results[1]), other, weights, name="gradients")
        options = "allow_unused=True, retain_graph=True"
        code = f"torch.autograd.grad([*$0.values()], [*$1.parameters()], $2, {options})"
        expected = trial.do(code, weights, layer, of_weights, name="expected")
        code = "torch.autograd.grad($0, [*$1.parameters()], allow_unused=True)"
        found = trial.do(code, loss(trial, results[0]), layer, name="found")
    zeros = "[torch.zeros_like(a) if b is None else b for a, b in zip($0.parameters(), $1)]"
    both = (trial.do(zeros, layer, grads, name="gradients") for grads in (found, expected))
    for (name, _), one, other_one in zip(layer.named_parameters(), *both, strict=True):
        trial.assert_close(f"{name}.grad {what}", one, other_one, units=2 * ROUNDING)


def differentiate(trial: Trial, given: Sequence[Tensor]) -> tuple[Results, list[Tensor]]:
    """Results, and the gradients of the parameters and of what is given, zero where there is none."""
    layer = trial.layer
    others = "".join(f", ${i + 1}" for i in range(len(given)))
    every = f"part in [*$0.parameters(){others}]"
    trial.do(f"[setattr(part, 'grad', None) for {every}]", layer, *given, changes=1 + len(given))
    results = trial.call(layer=layer)
    with trial.must_not_raise("the backward pass"):
        code = f"torch.autograd.backward(${1 + len(given)})"
        trial.do(code, layer, *given, loss(trial, results), changes=1 + len(given))
    code = f"[torch.zeros_like(part) if part.grad is None else part.grad for {every}]"
    return results, trial.do(code, layer, *given, name="gradients")


def loss(trial: Trial, results: Results) -> Tensor:
    """A combination of all results, with a factor for every number, the same in every run."""
    terms = []
    for result in results.values():
        factors = torch.arange(1.0, result.numel() + 1).cos().double()
        terms.append(trial.on_cpu(result).double().flatten() @ factors)
    return torch.stack(terms).sum()
