"""The suite rejects every broken layer by the rule that it breaks, and no lawful one."""

from __future__ import annotations

import collections

import pytest
from broken_layers import BROKEN, Broken
from lawful_layers import LAWFUL
from run_suite import run_suite
from torch import nn

from rnn_contracts.checking.violation import ContractViolation
from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.rules import RULES


@pytest.mark.parametrize("broken", [pytest.param(it, id=f"{it.rule}-{it.name}") for it in BROKEN])
def test_broken_layer_is_rejected(broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test of the rule fails, and names the rule."""
    for kind in broken.kinds:
        monkeypatch.setattr(nn, kind, broken.alter(getattr(nn, kind)))
    outcome = run_suite(
        "-x", "-m", f"rule(id={broken.rule!r}) or (slow and rule(id={broken.rule!r}))"
    )
    assert outcome.exit_code == pytest.ExitCode.TESTS_FAILED
    (violation,) = outcome.failed.values()
    assert isinstance(violation, ContractViolation)
    assert violation.rule_id == broken.rule


def test_every_rule_rejects_two_layers() -> None:
    """No rule is without teeth."""
    layers = collections.Counter(broken.rule for broken in BROKEN)
    assert {rule: layers[rule] for rule in RULES if layers[rule] < 2} == {}


# A lawful layer differs alike in every stack: one of two layers and two directions stands for all.
STACKS = "2_layers-bidirectional or Cell or (refused and batched)"


@pytest.mark.parametrize("name", LAWFUL)
def test_lawful_layer_passes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer that is merely different passes every rule."""
    for kind in LAYERS + CELLS:
        monkeypatch.setattr(nn, kind, LAWFUL[name](getattr(nn, kind)))
    outcome = run_suite("--rnn-device", "cpu", "-m", "rule", "-k", STACKS)
    assert outcome.failed == {}
    assert outcome.exit_code == pytest.ExitCode.OK
    assert len(outcome.passed) > 500
