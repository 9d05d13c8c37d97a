"""The suite is whole: every rule has its tests over the full grid, and every test cites a rule."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Callable

import pytest
from run_suite import EVERYTHING, run_suite
from torch import nn

from rnn_contracts.checking import calls
from rnn_contracts.checking.recorder import Recorder
from rnn_contracts.checking.subjects import Subject
from rnn_contracts.checking.violation import ContractViolation
from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.wrong_calls import WRONG_CALLS
from rnn_contracts.helpers import PACKING
from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.rules import RULES

SHAPE_AND_LAW = "rule(id='output-shape') or rule(id='recurrence')"


@pytest.fixture(scope="module")
def items() -> list[pytest.Item]:
    """Every test of the suite, as collected."""
    return run_suite("--collect-only", "-m", EVERYTHING).items


def rules_of(item: pytest.Item) -> list[str]:
    return [str(mark.kwargs["id"]) for mark in item.iter_markers("rule")]


def test_every_rule_has_a_test(items: list[pytest.Item]) -> None:
    """No rule is only written down."""
    assert {rule for item in items for rule in rules_of(item)} == {*RULES}


def test_every_test_cites_a_rule(items: list[pytest.Item]) -> None:
    """A test checks exactly one rule, or its quote."""
    for item in items:
        quotes = [mark.args[0] for mark in item.iter_markers("quote")]
        assert len(rules_of(item)) + len(quotes) == 1, item.nodeid
        assert {*quotes} <= {*RULES}


def test_every_quote_has_a_test(items: list[pytest.Item]) -> None:
    """What the contract quotes is held against torch's docstring, class by class."""
    quoted = collections.Counter(
        mark.args[0] for item in items for mark in item.iter_markers("quote")
    )
    assert quoted == {rule.id: len(rule.quote) for rule in RULES.values() if rule.quote}


def test_every_rule_is_looked_at_first(items: list[pytest.Item]) -> None:
    """Who breaks a rule need not wait for all tests of the others."""
    looked_at = items[: len(items) * 3 // 10]
    assert {rule for item in looked_at for rule in rules_of(item)} == {*RULES}


def test_rules_of_shapes_look_at_the_same_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one cell each layer is built, and called, once for all of them."""
    built: list[Case] = []
    build = calls.build

    def noted_build(case: Case, subject: Subject | None, recorder: Recorder) -> nn.Module:
        built.append(case)
        return build(case, subject, recorder)

    monkeypatch.setattr(calls, "build", noted_build)
    rules = "test_output_shape or final_hidden_shape or state_structure"
    outcome = run_suite("-k", f"GRU-batch_first-2_layers-bidirectional-cpu and ({rules})")
    assert len(outcome.passed) == 3
    assert outcome.failed == {}
    assert len(built) == len({*built}) == 8


@pytest.mark.parametrize(("profile", "examples"), [("quick", {"1"}), ("ci", {"8", "4"})])
def test_examples_of_a_profile(profile: str, examples: set[str]) -> None:
    """A shape rule has 8 at a grid point and a law 4, and both one with the profile for slow layers."""
    options = (f"--hypothesis-profile={profile}", "--rnn-device=cpu")
    outcome = run_suite(*options, "-m", SHAPE_AND_LAW, "-k", "GRU and 1_layer")
    assert outcome.failed == {}
    assert {str(dict(item.user_properties)["examples"]) for item in outcome.items} == examples


def test_no_call_of_another_session_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the class is the same, what it does may not be."""
    options = ("-k", "test_output_shape and GRU-batch_first-2_layers-bidirectional-cpu")
    assert run_suite(*options).failed == {}
    monkeypatch.setattr(nn.GRU, "forward", lambda *arguments: arguments[1])
    (violation,) = run_suite(*options).failed.values()
    assert isinstance(violation, ContractViolation)


def batch_first(layer: str) -> bool:
    return "batch_first" in layer


def bidirectional(layer: str) -> bool:
    return "bidirectional" in layer


def forward(layer: str) -> bool:
    return "forward" in layer


def stacked(layer: str) -> bool:
    return "-1_layer-" not in layer


def two_at_most(layer: str) -> bool:
    return "3_layers" not in layer and "deep" not in layer


NARROWED: dict[str, Callable[[str], bool]] = {
    # These speak of one flag alone.
    "batch-first-ignored-unbatched": batch_first,
    "batch-first-is-a-transposition": batch_first,
    "directions-concatenate": bidirectional,
    "directions-decompose": bidirectional,
    "sequence-splits": forward,
    "steps-are-causal": forward,
    "weight-hr-shape": lambda layer: "proj" in layer,
    # Dropout acts between two layers.
    "dropout-scales-what-it-keeps": stacked,
    "dropout-drops-its-share": stacked,
    "dropout-follows-the-seed": stacked,
    "dropout-of-one-layer-does-nothing": lambda layer: not stacked(layer),
    # No deeper stack was saved.
    "state-dict-crosses-releases": two_at_most,
    "pickled-layer-loads-in-later-releases": two_at_most,
    "compile-drops": stacked,
}
ON_THE_GRID = [rule.id for rule in RULES.values() if not rule.id.endswith("-refused")]


@pytest.mark.parametrize("rule", ON_THE_GRID)
def test_every_rule_covers_the_grid(rule: str, items: list[pytest.Item]) -> None:
    """Kind x batch_first x num_layers x bidirectional x device, as the node ids say."""
    layers = [
        "-".join(cell)
        for kind in (*LAYERS, "LSTM-proj")
        if kind.split("-")[0] in RULES[rule].layers
        for cell in itertools.product(
            [kind],
            ["sequence_first", "batch_first"],
            ["1_layer", "2_layers", "3_layers", "deep"],
            ["forward", "bidirectional"],
        )
    ]
    cells = [kind for kind in CELLS if kind in RULES[rule].layers]
    if RULES[rule].functions:
        layers = [f"{PACKING}-sequence_first", f"{PACKING}-batch_first"]
    devices = ["cpu"] if RULES[rule].values else ["cpu", "meta"]
    wanted = filter(NARROWED.get(rule, lambda layer: True), layers + cells)
    expected = {f"{layer}-{device}" for layer in wanted for device in devices}
    names = [item.name.partition("[")[2][:-1] for item in items if rule in rules_of(item)]
    # Known deviations have tests of their own, and may be about all calls of a point.
    assert len({*names}) == len(names)
    assert {name.partition("-known:")[0] for name in names} == expected


@pytest.mark.parametrize("rule", sorted({wrong.rule for wrong in WRONG_CALLS}))
def test_every_refusal_tries_every_wrong(rule: str, items: list[pytest.Item]) -> None:
    """Each way to break the rule is a test of its own for each kind, a call one on every device."""
    found = {item.name.partition("[")[2][:-1] for item in items if rule in rules_of(item)}
    wanted = {
        f"{rule}-{kind}-{wrong.name}-{device}"
        for wrong in WRONG_CALLS
        if wrong.rule == rule
        for kind in wrong.kinds
        for device in (("cpu",) if wrong.constructor else ("cpu", "meta"))
    }
    assert found == wanted
    assert len(wanted) > 3
