"""Transformations of layers: what a layer of plain operations does, and what is said without a tool."""

from __future__ import annotations

import shutil

import pytest
from run_suite import EVERYTHING, run_suite

from rnn_contracts.checking import tools
from rnn_contracts.checking.subjects import NotSupported

STACKS = "(1_layer or 2_layers) and not proj"


@pytest.mark.parametrize(
    "rule", ["forward-mode-agrees", "vmap-agrees", "vmap-of-grad-agrees", "checkpoint-agrees"]
)
@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_a_layer_of_plain_operations_can_be_transformed(kind: str, rule: str) -> None:
    """What torch's own layers are known not to do is checked, and holds."""
    subject = f"--rnn-subject={kind}=subject_layers:StepByStep{kind}"
    options = ("--rnn-device=cpu", "-m", f"rule(id={rule!r}) and ({EVERYTHING})", "-k", STACKS)
    outcome = run_suite(subject, *options)
    assert outcome.failed == {}
    assert outcome.exit_code == pytest.ExitCode.OK
    # The calls of a known deviation have tests of their own, which pass too.
    assert {*outcome.passed} == {item.nodeid for item in outcome.items}


def test_a_package_that_is_not_there_is_told() -> None:
    """By its name, with what brings it."""
    with pytest.raises(NotSupported, match=r"no_such_package, of rnn-contracts\[onnx\], is not"):
        tools.require_packages("pytest", "no_such_package", extra="onnx")


def test_a_compiler_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no test passes without it: the run fails, since the rule was asked for and not checked."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    options = ("--rnn-device=cpu", "-m", "inductor", "-k", "RNNCell")
    outcome = run_suite(*options)
    assert outcome.passed == []
    assert {*outcome.skipped.values()} == {"no C++ compiler, which inductor needs"}
    assert outcome.exit_code == pytest.ExitCode.TESTS_FAILED
