"""What other releases of torch have saved: it loads, and computes the numbers that it did there.

A test has the layers of its point of the grid, from every release. What is drawn tells whether they have
a bias, into which dtype they are loaded, and how they are called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from packaging.version import Version
from torch import Tensor, nn

from rnn_contracts.checking import saved_layers
from rnn_contracts.checking.saved_layers import STATE_DICT, WHOLE
from rnn_contracts.checking.subjects import NotSupported
from rnn_contracts.checking.trial import ROUNDING, Trial
from rnn_contracts.checking.violation import ContractViolation
from rnn_contracts.deviations import RELEASES
from rnn_contracts.rule_tests.statement import rule_test

HERE = Version(Version(torch.__version__).base_version)
KNOWS_SAFE_NAMES = Version("2.6") <= HERE
"""Whether a class can be allowed under the name that a file has for it; before, all are."""


@rule_test()
def test_state_dict_crosses_releases(trial: Trial) -> None:
    """Loaded into a layer that is made here, whichever release has saved it."""
    look_at_saved_sizes(trial)
    for release in RELEASES:
        saved = numbers(trial, release)
        layer = trial.build()
        if trial.subject and hasattr(layer, "documented_names"):
            raise NotSupported("a state_dict with torch's names")
        trial.named_parameters(layer)
        with trial.must_not_raise(f"load_state_dict of what torch {release} saved"):
            trial.do("$0.load_state_dict($1)", layer, saved["state_dict"], changes=1)
        assert_same_numbers(trial, layer, release, saved)


@rule_test()
def test_pickled_layer_loads_in_later_releases(trial: Trial) -> None:
    """As torch.save has written it, with all that the layer had in itself there."""
    if trial.subject:
        raise NotSupported("a layer of torch that was pickled")
    look_at_saved_sizes(trial)
    for release in RELEASES:
        if Version(release) <= HERE:
            layer, saved = load_whole(trial, release), numbers(trial, release)
            with trial.must_not_raise(f"a change of what torch {release} saved"):
                move(trial, layer, saved)
            assert_same_numbers(trial, layer, release, saved)


def look_at_saved_sizes(trial: Trial) -> None:
    """Let the case, which a failure shows, be that of the layer that was saved."""
    layer = saved_layers.saved_as(trial.case.layer)
    trial.case = replace(trial.case, layer=layer, N=saved_layers.N, L=saved_layers.L)


def numbers(trial: Trial, release: str) -> Mapping[str, Any]:
    """The state_dict of the layer, and what was computed with it."""
    try:
        return saved_layers.numbers(saved_layers.file_name(trial.case.layer, STATE_DICT, release))
    except Exception:
        # Nothing is hidden: it is loaded once more by the check, which fails of what is raised.
        saved: Mapping[str, Any] = load(trial, STATE_DICT, release, "weights_only=True")
        return saved


def load_whole(trial: Trial, release: str) -> nn.Module:
    """The layer, which comes with the package: what others have pickled is never loaded so."""
    kind = trial.case.layer.kind
    layer: nn.Module
    if KNOWS_SAFE_NAMES:
        allowed = f'[(nn.{kind}, "torch.nn.modules.rnn.{kind}")]'
        with trial.within(f"torch.serialization.safe_globals({allowed})"):
            layer = load(trial, WHOLE, release, "weights_only=True")
    else:
        layer = load(trial, WHOLE, release, "weights_only=False")
    return layer


def move(trial: Trial, layer: nn.Module, saved: Mapping[str, Any]) -> None:
    """Put the layer where the case has it, if it is not there: a layer that is moved is made anew."""
    case = trial.case
    dtype = next(iter(saved["state_dict"].values())).dtype
    if (case.device, getattr(torch, case.dtype)) != ("cpu", dtype):
        trial.do(f'$0.to("{case.device}", torch.{case.dtype})', layer, changes=1)
    if not case.training:
        trial.do("$0.eval()", layer, changes=1)


def load(trial: Trial, what: str, release: str, options: str) -> Any:
    """What is in the file of the release."""
    name = saved_layers.file_name(trial.case.layer, what, release)
    file = saved_layers.opened(name)
    trial.run.recorder.given(file, saved_layers.opening(name), "file")
    with trial.must_not_raise(f"torch.load of what torch {release} saved"):
        return trial.do(f"torch.load($0, {options})", file, name=what)


def assert_same_numbers(
    trial: Trial, layer: nn.Module, release: str, saved: Mapping[str, Any]
) -> None:
    """The call gives what it gave in that release."""
    input = as_drawn(trial, saved["input"], "input")
    names = trial.case.state_shapes
    parts = zip(saved["state"], names, strict=True)
    state = tuple(as_drawn(trial, part, name) for part, name in parts)
    if input.dim() == 2:
        # A cell takes one step.
        input = input[None]
    try:
        found = trial.call(input, state, layer=layer)
    except ContractViolation as violation:
        violation.add_line(f"of what torch {release} saved")
        raise
    for name, expected in saved["results"].items():
        said = f"{name} of what torch {release} saved"
        trial.assert_close(said, found[name], expected, units=ROUNDING)


def as_drawn(trial: Trial, tensor: Tensor, name: str) -> Tensor:
    """An argument where the case has it: on its device, in its dtype, in one piece or not."""
    where = "" if trial.case.device == "cpu" else f'"{trial.case.device}", '
    given: Tensor = trial.do(f"$0.to({where}torch.{trial.case.dtype})", tensor, name=name)
    if not trial.case.contiguous:
        given = trial.do("torch.stack([$0, $0], -1)[..., 0]", given, name=name)
    return given
