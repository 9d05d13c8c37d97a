"""What is drawn for the helpers of packing, what is printed of it, and what is lawful."""

from __future__ import annotations

import fnmatch
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, Phase, find, given, settings
from lawful_helpers import LAWFUL_HELPERS, altered
from run_suite import run_suite
from torch import nn

from rnn_contracts import deviations
from rnn_contracts.checking.packing import Packing
from rnn_contracts.checking.recording import Recording
from rnn_contracts.checking.run import Run
from rnn_contracts.checking.violation import ContractViolation
from rnn_contracts.devices import dtypes
from rnn_contracts.drawing.sequences import INTEGER, Sequences, batches, simplest_batch
from rnn_contracts.drawing.strategies import Draw
from rnn_contracts.drawing.wrong_packing import WRONG_PACKINGS, right_batches
from rnn_contracts.helpers import HELPERS
from rnn_contracts.rules import RULES
from rnn_contracts.variations import GRID_OF_HELPERS, OF_HELPERS

POINT = GRID_OF_HELPERS[1]
ABOUT_HELPERS = [rule for rule in RULES.values() if rule.functions]


def some(drawn: Draw, count: int = 300) -> list[Sequences]:
    """Batches that are drawn, the same in each run."""
    found: list[Sequences] = []

    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(batches(POINT, "cpu", drawn))
    def draw(batch: Sequences) -> None:
        found.append(batch)

    draw()
    return found


def test_every_option_is_drawn() -> None:
    """Each value of each option, also in the few examples of one test, and one sequence or many."""
    found = some(Draw(), 60)
    assert {batch.dtype for batch in found} == {*dtypes("cpu"), INTEGER}
    assert {batch.trailing for batch in found} == {(), (3,), (1,), (2, 5)}
    assert {batch.padding_value for batch in found} == {0, -2, 2.5, float("-inf")}
    for option in ("enforce_sorted", "lengths_in_tensor"):
        assert {getattr(batch, option) for batch in found} == {False, True}
    assert {batch.T - batch.longest for batch in found} == {0, 1, 4}
    assert {(batch.total_length or 0) - batch.longest for batch in found} >= {0, 1, 3}
    assert {batch.condition("equal_lengths") for batch in found} == {False, True}
    numbers = {batch.number for batch in found}
    assert 1 in numbers
    assert max(numbers) > 16
    assert any(batch.lengths != tuple(sorted(batch.lengths, reverse=True)) for batch in found)
    for batch in found:
        assert batch.batch_first
        assert batch.T >= batch.longest >= min(batch.lengths) >= 1
        assert batch.enforce_sorted <= ([*batch.lengths] == sorted(batch.lengths, reverse=True))


def test_options_meet() -> None:
    """Two seldom values are drawn together in the examples of two tests."""
    found = some(Draw(), 120)
    for dtype in (*dtypes("cpu"), INTEGER):
        for trait in ("enforce_sorted", "lengths_in_tensor"):
            for value in (False, True):
                assert any(it.dtype == dtype and getattr(it, trait) == value for it in found)


@pytest.mark.parametrize(
    "when",
    [
        {"dtype": "bfloat16"},
        {"enforce_sorted": False},
        {"equal_lengths": True, "N": 3},
        {"equal_lengths": False},
        {"N": 1},
    ],
)
def test_a_deviation_may_speak_of_every_condition(when: dict[str, Any]) -> None:
    """What is pinned is drawn as the entry says, in small axes that differ."""
    assert when.keys() <= {*OF_HELPERS}
    (batch,) = some(replace(Draw(), seed=1).only(when), 1)
    assert batch.matches(when)
    assert batch.number not in batch.lengths


def test_a_deviation_of_a_helper_names_what_a_helper_has() -> None:
    """No class, no subject, and none of the conditions of a layer."""
    entry = '[[deviation]]\nrule = "pad-sequence-shape"\ntorch = ">=2"\nreason = "r"\nlink = "l"\n'
    (known,) = deviations.parse(entry + "when = {batch_first = true}")
    assert known.concerns("packing", "batch_first", "cpu")
    assert not known.concerns("LSTM", "batch_first-1_layer-forward", "cpu")
    for line in ('kinds = ["LSTM"]', 'subject = "a:B"', "when = {num_layers = 2}"):
        with pytest.raises(ValueError, match="deviation 1: the helpers of packing have no "):
            deviations.parse(entry + line)


def test_the_simplest_batch() -> None:
    """Whatever does not matter is at its simplest, and what does is kept."""
    drawn = find(batches(POINT, "cpu"), lambda it: it.number > 4 and bool(it.padding_value))
    simplest = simplest_batch(drawn, Draw(), lambda it: bool(it.padding_value) and it.number > 1)
    expected = Sequences((2, 1), 2, batch_first=True)
    assert simplest == replace(expected, padding_value=simplest.padding_value)
    assert simplest.padding_value
    unsorted = Sequences((1, 3, 2), 5, (2, 5), enforce_sorted=False, lengths_in_tensor=True)
    found = simplest_batch(unsorted, Draw(), lambda it: it.lengths[0] < max(it.lengths))
    assert found == Sequences((1, 2), 2, enforce_sorted=False)


def test_code_of_a_batch() -> None:
    """What is printed of a batch makes the tensors that the suite has."""
    for batch in some(Draw(), 60):
        recording = Recording()
        with recording:
            packing = Packing(RULES["pad-sequence-shape"], batch, Run(recorder=recording))
            made = [packing.sequences(), packing.padded(), packing.lengths()]
        names: dict[str, Any] = {}
        exec(batch.calling(), names)
        for one, name in zip(made, ("sequences", "padded", "lengths"), strict=True):
            torch.testing.assert_close(one, names[name], rtol=0, atol=0)
        assert f"lengths {list(batch.lengths)}" in batch.describe()


@pytest.mark.parametrize("wrong", WRONG_PACKINGS, ids=lambda it: f"{it.rule}-{it.name}")
def test_a_wrong_call_is_wrong_by_what_is_spoiled(wrong: Any) -> None:
    """The right call raises nothing, and the line changes what it names."""
    batch = right_batches("cpu", wrong)[0]
    attempt = wrong.attempt(batch)
    names: dict[str, Any] = {"torch": torch, "nn": nn}
    exec(attempt.setup, names)
    eval(attempt.right, names)
    name = attempt.spoil.partition(" = ")[0]
    before = names[name]
    exec(attempt.spoil, names)
    assert names[name] is not before
    assert wrong.helper in HELPERS


def test_variants_of_the_known_deviations_are_there() -> None:
    """Each pattern names a wrong call."""
    names = {f"{wrong.rule}: {wrong.name}" for wrong in WRONG_PACKINGS}
    for entry in deviations.known():
        if RULES[entry.rule].functions and RULES[entry.rule].family == "refusal":
            for variant in entry.variants:
                assert fnmatch.filter(names, f"{entry.rule}: {variant}")


@pytest.mark.parametrize("name", LAWFUL_HELPERS)
def test_lawful_helper_passes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A helper that is merely different passes every rule, or does right what is known to be wrong."""
    for helper, function in altered(name).items():
        monkeypatch.setattr(nn.utils.rnn, helper, function)
    outcome = run_suite("--rnn-device", "cpu", "-m", "rule", "-k", "packing-")
    known = {entry.rule for entry in deviations.known() if RULES[entry.rule].functions}
    broken = [it.rule_id for it in outcome.failed.values() if isinstance(it, ContractViolation)]
    assert broken == []
    # What is expected to fail and passes is no violation.
    fixed = {rule for name in outcome.failed for rule in known if rule.replace("-", "_") in name}
    fixed |= {rule for name in outcome.failed for rule in known if f"[{rule}-" in name}
    assert len(fixed) >= bool(outcome.failed)
    assert len(outcome.passed) > 50


def test_every_helper_has_rules() -> None:
    """And every rule about helpers speaks of some of them."""
    assert {name for rule in ABOUT_HELPERS for name in rule.functions} == {*HELPERS}
    assert {rule.kinds for rule in ABOUT_HELPERS} == {("packing",)}
