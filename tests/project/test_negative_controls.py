"""The suite rejects every broken layer by the rule that it breaks, and no lawful one."""

from __future__ import annotations

import collections
import warnings

import hypothesis
import pytest
import torch
from broken_layers import BROKEN, Broken
from broken_layers.alter import altered_call
from lawful_layers import LAWFUL, TWO_WAYS
from run_suite import EVERYTHING, needs, run_suite
from torch import Tensor, nn

from rnn_contracts.checking import trial
from rnn_contracts.checking.trial import Trial
from rnn_contracts.checking.violation import Claim, ContractViolation
from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.rules import RULES


@pytest.mark.parametrize("broken", [pytest.param(it, id=f"{it.rule}-{it.name}") for it in BROKEN])
def test_broken_layer_is_rejected(broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test of the rule fails, names the rule, and prints a script that fails with it alone."""
    needs(RULES[broken.rule])
    with monkeypatch.context() as patch:
        broken.put_in_place(patch)
        violation = rejected(broken)
        assert violation.code, violation
        # A script that ends its process is not run here.
        assert violation.died or raised(violation.code) is not None
    assert raised(violation.code) is None


def rejected(broken: Broken) -> ContractViolation:
    """The violation by which the suite rejects the broken layer, which is in its place."""
    options = ("-x", "-m", f"rule(id={broken.rule!r}) and ({EVERYTHING})")
    outcome = run_suite(*options, test=RULES[broken.rule].test)
    assert outcome.exit_code == pytest.ExitCode.TESTS_FAILED
    (violation,) = outcome.failed.values()
    assert isinstance(violation, ContractViolation)
    assert violation.rule_id == broken.rule
    return violation


def raised(code: str) -> str | None:
    """What the AssertionError of a script says; None if it ends."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(code, {"__name__": "__main__"})
        except AssertionError as error:
            return str(error)
    return None


def test_every_rule_rejects_two_layers() -> None:
    """No rule is without teeth."""
    layers = collections.Counter(broken.rule for broken in BROKEN)
    assert {rule: layers[rule] for rule in RULES if layers[rule] < 2} == {}


@pytest.mark.parametrize("rule", TWO_WAYS)
def test_two_ways_to_a_number_differ_by_rounding(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for bit for bit, the law would reject a layer that is lawful."""
    monkeypatch.setattr(nn, "GRU", altered_call(TWO_WAYS[rule])(nn.GRU))
    monkeypatch.setattr(trial.Trial, "assert_close", bit_for_bit)
    options = ("--rnn-device", "cpu", "-k", "GRU and not Cell", "--hypothesis-profile=default")
    assert run_suite(*options, test=RULES[rule].test).failed != {}


def bit_for_bit(self: Trial, name: str, found: Tensor, expected: Tensor, **_: object) -> None:
    self.comparisons += 1
    if not torch.equal(found, expected):
        self.fail_at(Claim("torch.equal($0, $1)", f"{name} is not the same", (found, expected)))


# A lawful layer differs alike in every stack: one of two layers and two directions stands for all.
STACKS = "2_layers-bidirectional or Cell or (refused and batched)"


@pytest.mark.parametrize("name", LAWFUL)
def test_lawful_layer_passes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer that is merely different passes every rule."""
    for kind in LAYERS + CELLS:
        monkeypatch.setattr(nn, kind, LAWFUL[name](getattr(nn, kind)))
    # All rules are run on each of many layers, so let half as many examples do.
    ci = hypothesis.settings.get_profile("ci")
    hypothesis.settings.register_profile("half", ci, max_examples=50)
    options = ("--rnn-device", "cpu", "-m", "rule", "-k", STACKS)
    outcome = run_suite(*options, "--hypothesis-profile=half")
    assert outcome.failed == {}
    assert outcome.exit_code == pytest.ExitCode.OK
    assert len(outcome.passed) > 500
