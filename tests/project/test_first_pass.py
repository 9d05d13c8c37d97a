"""The choices that all rules of a grid point share, and those that are tried before them."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import torch
from broken_layers.alter import altered_call
from hypothesis import find
from hypothesis.database import InMemoryExampleDatabase
from hypothesis.vendor.pretty import pretty
from run_suite import run_suite
from torch import nn

from rnn_contracts.checking.run import Run
from rnn_contracts.checking.violation import ContractViolation
from rnn_contracts.drawing.choices import CHOICES, Choices, DrawnChoices, KeptChoices
from rnn_contracts.drawing.strategies import case_of
from rnn_contracts.plugin.collection import TEST
from rnn_contracts.rule_tests import first_pass, listing, tally
from rnn_contracts.rule_tests.rule_test import RuleTest
from rnn_contracts.rule_tests.statement import rule_test
from rnn_contracts.variations import GridPoint

POINT = GridPoint("GRU")
NAME = "test_output_shape[GRU-sequence_first-1_layer-forward-cpu]"
PROFILE = "with a database"


@pytest.fixture
def database() -> Iterator[InMemoryExampleDatabase]:
    """The database of the profile that is loaded."""
    before, database = hypothesis.settings.get_current_profile_name(), InMemoryExampleDatabase()
    ci = hypothesis.settings.get_profile("ci")
    hypothesis.settings.register_profile(PROFILE, ci, database=database)
    hypothesis.settings.load_profile(PROFILE)
    yield database
    hypothesis.settings.load_profile(before)


def refuse_one_size(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    """So rare that no run of a few examples finds it."""
    if getattr(input, "shape", None) == (7, 9, 11):
        raise RuntimeError("no kernel for these sizes")
    return forward(input, hx)


def of_that_size() -> Choices:
    """Choices of which the plain call has such an input."""

    def is_one(choices: Choices) -> bool:
        case = case_of(choices, POINT, "cpu")
        found = case and (case.layout, *case.input_shape)
        return found == ("sequence first", 7, 9, 11)

    return find(CHOICES, is_one, settings=hypothesis.settings(max_examples=50_000, database=None))


def test_a_place_determines_its_choices() -> None:
    """Every process draws the same for a seed and a place, and something else for another."""
    ours, theirs = DrawnChoices(), DrawnChoices()
    first = [choices for choices, _ in zip(ours.of("1 GRU cpu"), range(40), strict=False)]
    again = [choices for choices, _ in zip(theirs.of("1 GRU cpu"), range(40), strict=False)]
    other = [choices for choices, _ in zip(ours.of("2 GRU cpu"), range(40), strict=False)]
    assert first == again
    assert len({*first}) > 30
    assert not {*first} & {*other}


def of_a_gru(name: str) -> list[RuleTest]:
    """The tests of the rule of a shape on the CPU."""

    def statement(check: Any) -> None:
        check.assert_shapes()

    statement.__name__ = f"test_{name}"
    stated = vars(rule_test()(statement))["statement"]
    return [test for test in listing.tests_of(stated, ["cpu"], {}) if test.kind == "GRU"]


def test_hypothesis_prints_little_of_a_test() -> None:
    """It prints the arguments of a test that failed, and warns where that is long."""
    test = of_a_gru("output_shape")[0]
    assert pretty(test) == repr(test)


def test_rules_of_a_point_share_choices() -> None:
    """Tests of two rules ask for the choices of one place; those of another point for others."""
    run = Run()
    for name in ("output_shape", "final_hidden_shape"):
        for test in of_a_gru(name)[:2]:
            assert first_pass.holds(test, run, 1)
            assert test.tally.examples > 0
    assert len(run.choices.drawn) == 2


def test_what_an_earlier_run_has_seen_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test may be run again, as pytest-rerunfailures does, and pass."""

    def refuse(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
        raise RuntimeError("no kernel")

    test = of_a_gru("output_shape")[0]
    monkeypatch.setattr(nn, "GRU", altered_call(refuse)(nn.GRU))
    assert not first_pass.holds(test, Run(), 1, database=False)
    assert test.seen is not None
    monkeypatch.undo()
    assert first_pass.holds(test, Run(), 1, database=False)
    assert test.seen is None


def test_shrinking_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer that is slow is not called hundreds of times before its failure is shown."""
    calls = 0

    def refuse_three(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
        nonlocal calls
        calls += 1
        if isinstance(input, torch.Tensor) and input.shape[0] >= 3:
            raise RuntimeError("no kernel for three")
        return forward(input, hx)

    monkeypatch.setattr(nn, "GRU", altered_call(refuse_three)(nn.GRU))
    counts = []
    for seconds in (10, 0):
        monkeypatch.setattr(tally, "_SHRINKING", seconds)
        calls = 0
        with pytest.raises(ContractViolation, match="no kernel for three"):
            of_a_gru("output_shape")[0].drawing(Run(), 1, database=False)()
        counts.append(calls)
    with_time, without = counts
    assert without < with_time / 2


def test_shrinking_keeps_few_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred calls of a large layer fail while the first is shrunk."""
    layers: weakref.WeakSet[Any] = weakref.WeakSet()
    calls, alive = 0, []

    def refuse_three(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
        nonlocal calls
        calls += 1
        layers.add(layer)
        if calls % 20 == 0:
            gc.collect()
            alive.append(len(layers))
        if isinstance(input, torch.Tensor) and input.shape[0] >= 3:
            raise RuntimeError("no kernel for three")
        return forward(input, hx)

    monkeypatch.setattr(nn, "GRU", altered_call(refuse_three)(nn.GRU))
    monkeypatch.setattr(tally, "_SHRINKING", 600)
    with pytest.raises(ContractViolation, match="no kernel for three"):
        of_a_gru("output_shape")[0].drawing(Run(), 1, database=False)()
    assert len(alive) > 2
    assert max(alive) < 10


def test_what_failed_is_tried_first(
    database: InMemoryExampleDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept choices fail again in the next run, and are dropped when they no longer do."""
    kept = KeptChoices(NAME, database)
    options = ("-m", "rule(id='output-shape')", "-k", "GRU and 1_layer and forward and cpu")
    monkeypatch.setattr(nn, "GRU", altered_call(refuse_one_size)(nn.GRU))
    assert not run_suite(*options, f"--hypothesis-profile={PROFILE}").failed
    kept.keep(of_that_size())
    failed = run_suite(*options, f"--hypothesis-profile={PROFILE}").failed
    assert [name.rpartition("::")[2] for name in failed] == [NAME]
    assert [*kept]
    monkeypatch.undo()
    assert not run_suite(*options, f"--hypothesis-profile={PROFILE}").failed
    assert not [*kept]


def test_a_failure_is_kept(
    database: InMemoryExampleDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The choices of the first pass that failed are there for the next run."""

    def refuse(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
        raise RuntimeError("no kernel")

    monkeypatch.setattr(nn, "GRU", altered_call(refuse)(nn.GRU))
    options = ("-x", "-m", "rule(id='input-shape')", "-k", "GRU and cpu")
    run_suite(*options, f"--hypothesis-profile={PROFILE}")
    assert any(key.startswith(b"rnn-contracts test_input_shape[GRU-") for key in database.data)


def test_a_failed_test_lets_its_layers_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of tests of a large layer may fail, and are kept to the end of the run."""

    def refuse(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
        raise RuntimeError("no kernel")

    monkeypatch.setattr(nn, "GRU", altered_call(refuse)(nn.GRU))
    outcome = run_suite("-m", "rule(id='input-shape')", "-k", "GRU and 1_layer and cpu")
    assert outcome.failed
    for item in outcome.items:
        test = item.stash[TEST]
        assert test.seen is None
        assert not test.tally.raised


def test_choices_of_another_size_are_not_tried(database: InMemoryExampleDatabase) -> None:
    """Another version may have kept them, or somebody else."""
    database.save(b"rnn-contracts a test", b"short")
    assert not [*KeptChoices("a test", database)]
