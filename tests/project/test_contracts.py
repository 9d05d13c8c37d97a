"""The contract by itself: its table, its functions and its errors. No torch is called here."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import rnn_contracts
from rnn_contracts import RULES, Layer, contracts, expected_shapes, parameter_shapes, rule
from rnn_contracts.contracts import evaluate
from rnn_contracts.helpers import HELPERS
from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.rules import Rule

# Written by hand, from D*num_layers = 6, N = 2, L = 4, H_in = 5, H_out = 7 (a projection: 3).
STACK = {"num_layers": 3, "bidirectional": True}
GOLDEN = [
    ("RNN", {}, (4, 2, 5), None, {"output": (4, 2, 14), "h_n": (6, 2, 7)}),
    ("RNN", {"batch_first": True}, (2, 4, 5), None, {"output": (2, 4, 14), "h_n": (6, 2, 7)}),
    ("RNN", {"batch_first": True}, (4, 5), None, {"output": (4, 14), "h_n": (6, 7)}),
    ("GRU", {}, (4, 5), None, {"output": (4, 14), "h_0": (6, 7), "h_n": (6, 7)}),
    ("GRU", {}, (6, 5), (4, 2), {"output": (6, 14), "h_0": (6, 2, 7), "h_n": (6, 2, 7)}),
    ("GRU", {}, (4, 0, 5), None, {"output": (4, 0, 14), "h_n": (6, 0, 7)}),
    ("LSTM", {}, (4, 2, 5), None, {"output": (4, 2, 14), "h_n": (6, 2, 7), "c_n": (6, 2, 7)}),
    (
        "LSTM",
        {"proj_size": 3, "batch_first": True},
        (2, 4, 5),
        None,
        {
            "output": (2, 4, 6),
            "h_0": (6, 2, 3),
            "c_0": (6, 2, 7),
            "h_n": (6, 2, 3),
            "c_n": (6, 2, 7),
        },
    ),
    (
        "LSTM",
        {"proj_size": 3},
        (4, 5),
        None,
        {"output": (4, 6), "h_0": (6, 3), "c_0": (6, 7), "h_n": (6, 3), "c_n": (6, 7)},
    ),
    (
        "LSTM",
        {"proj_size": 3},
        (6, 5),
        (2, 4),
        {"output": (6, 6), "h_n": (6, 2, 3), "c_n": (6, 2, 7)},
    ),
]


@pytest.mark.parametrize(("kind", "options", "input_shape", "lengths", "shapes"), GOLDEN)
@pytest.mark.parametrize("make", [Layer, lambda kind, *a, **o: getattr(nn, kind)(*a, **o)])
def test_expected_shapes(
    make: Any, kind: str, options: Any, input_shape: Any, lengths: Any, shapes: Any
) -> None:
    """The golden table, from plain arguments and from torch's own instance."""
    found = expected_shapes(make(kind, 5, 7, **STACK, **options), input_shape, lengths)
    assert found["input"] == input_shape
    assert shapes.items() <= found.items()
    lstm = ["c_0"] if kind == "LSTM" else []
    assert list(found) == ["input", "h_0", *lstm, "output", "h_n", *(["c_n"] if lstm else [])]


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("batch", [(), (0,), (2,)])
def test_expected_shapes_of_a_cell(kind: str, batch: tuple[int, ...]) -> None:
    """A cell has no time axis and answers with its next state."""
    states = ("h", "c") if kind == "LSTMCell" else ("h",)
    expected = {"input": (*batch, 5)} | {f"{s}_{i}": (*batch, 7) for i in (0, 1) for s in states}
    assert expected_shapes(Layer(kind, 5, 7), (*batch, 5)) == expected
    assert expected_shapes(getattr(nn, kind)(5, 7), (*batch, 5)) == expected


def test_expected_shapes_of_a_subclass() -> None:
    """A layer derived from torch's has the arguments of torch's."""

    class Mine(nn.GRU):
        nonlinearity = "its own"

    assert expected_shapes(Mine(5, 7, batch_first=True), (2, 4, 5))["h_n"] == (1, 2, 7)


def test_parameter_shapes() -> None:
    """Three golden layers; the parameters of all others are held by the suite itself."""
    assert parameter_shapes(Layer("RNN", 5, 7, bias=False)) == {
        "weight_ih_l0": (7, 5),
        "weight_hh_l0": (7, 7),
    }
    assert parameter_shapes(nn.GRU(5, 7, num_layers=2)) == {
        "weight_ih_l0": (21, 5),
        "weight_hh_l0": (21, 7),
        "bias_ih_l0": (21,),
        "bias_hh_l0": (21,),
        "weight_ih_l1": (21, 7),
        "weight_hh_l1": (21, 7),
        "bias_ih_l1": (21,),
        "bias_hh_l1": (21,),
    }
    lstm = parameter_shapes(
        Layer("LSTM", 5, 7, num_layers=2, bidirectional=True, proj_size=3, bias=False)
    )
    assert lstm == {
        "weight_ih_l0": (28, 5),
        "weight_hh_l0": (28, 3),
        "weight_hr_l0": (3, 7),
        "weight_ih_l0_reverse": (28, 5),
        "weight_hh_l0_reverse": (28, 3),
        "weight_hr_l0_reverse": (3, 7),
        "weight_ih_l1": (28, 6),
        "weight_hh_l1": (28, 3),
        "weight_hr_l1": (3, 7),
        "weight_ih_l1_reverse": (28, 6),
        "weight_hh_l1_reverse": (28, 3),
        "weight_hr_l1_reverse": (3, 7),
    }


@pytest.mark.parametrize(
    ("argument", "make"),
    [
        ("kind", lambda: Layer("Transformer", 5, 7)),
        ("input_size", lambda: Layer("RNN", 0, 7)),
        ("input_size", lambda: Layer("RNN", 5.0, 7)),  # type: ignore[arg-type]
        ("hidden_size", lambda: Layer("RNN", 5, 0)),
        ("hidden_size", lambda: Layer("RNNCell", 5, -7)),
        ("hidden_size", lambda: Layer("RNN", 5, True)),
        ("num_layers", lambda: Layer("RNN", 5, 7, num_layers=0)),
        ("num_layers", lambda: Layer("RNN", 5, 7, num_layers=-1)),
        ("num_layers", lambda: Layer("RNNCell", 5, 7, num_layers=2)),
        ("bias", lambda: Layer("RNN", 5, 7, bias=0)),  # type: ignore[arg-type]
        ("batch_first", lambda: Layer("RNN", 5, 7, batch_first=None)),  # type: ignore[arg-type]
        ("batch_first", lambda: Layer("GRUCell", 5, 7, batch_first=True)),
        ("bidirectional", lambda: Layer("RNN", 5, 7, bidirectional=1)),  # type: ignore[arg-type]
        ("nonlinearity", lambda: Layer("RNN", 5, 7, nonlinearity="gelu")),
        ("nonlinearity", lambda: Layer("GRU", 5, 7, nonlinearity="relu")),
        ("dropout", lambda: Layer("RNN", 5, 7, dropout=1.5)),
        ("dropout", lambda: Layer("RNN", 5, 7, dropout=True)),
        ("proj_size", lambda: Layer("LSTM", 5, 7, proj_size=-1)),
        ("proj_size", lambda: Layer("LSTM", 5, 7, proj_size=7)),
        ("proj_size", lambda: Layer("GRU", 5, 7, proj_size=3)),
        ("layer", lambda: expected_shapes(nn.Linear(5, 7), (2, 5))),
        ("layer", lambda: expected_shapes("RNN", (4, 2, 5))),
        ("input_shape", lambda: expected_shapes(Layer("RNN", 5, 7), (5,))),
        ("input_shape", lambda: expected_shapes(Layer("RNN", 5, 7), (1, 4, 2, 5))),
        ("input_shape", lambda: expected_shapes(Layer("RNN", 5, 7), (4, 2, 6))),
        ("input_shape", lambda: expected_shapes(Layer("RNN", 5, 7), (0, 2, 5))),
        ("input_shape", lambda: expected_shapes(Layer("RNN", 5, 7), (4, -2, 5))),
        ("input_shape", lambda: expected_shapes(Layer("RNN", 5, 7), (4, 2, 5), lengths=(4, 4))),
        ("input_shape", lambda: expected_shapes(Layer("RNNCell", 5, 7), (4, 2, 5))),
        ("input_shape", lambda: expected_shapes(Layer("RNN", 5, 7), 5)),  # type: ignore[arg-type]
        ("input_shape", lambda: expected_shapes(Layer("RNN", 5, 7), (4, 2, 5.0))),  # type: ignore[arg-type]
        ("layer", lambda: expected_shapes(torch.ao.nn.quantizable.LSTM(5, 7), (4, 2, 5))),
        ("lengths", lambda: expected_shapes(Layer("RNN", 5, 7), (6, 5), lengths=(4, 3))),
        ("lengths", lambda: expected_shapes(Layer("RNN", 5, 7), (6, 5), lengths=(6, 0))),
        ("lengths", lambda: expected_shapes(Layer("RNNCell", 5, 7), (6, 5), lengths=(6,))),
    ],
)
def test_what_makes_no_layer_or_no_input(argument: str, make: Any) -> None:
    """A ``ValueError`` names the argument first, then what is accepted, then what was got."""
    with pytest.raises(ValueError, match=rf"^{argument}: expected .*, got "):
        make()


def test_rule_by_id() -> None:
    """A rule is found by its id; of an unknown id the nearest are suggested."""
    assert rule("final-hidden-shape").tensors == ("h_n",)
    with pytest.raises(
        ValueError, match=r"^no rule 'final-hiden-shape'; did you mean final-hidden"
    ):
        rule("final-hiden-shape")
    with pytest.raises(
        ValueError, match=rf"^no rule 'xyz'; `rnn-contracts list` names all {len(RULES)}"
    ):
        rule("xyz")


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_rule_is_fit_to_be_cited(rule: Rule) -> None:
    """Every field of a rule is what the documentation of ``Rule`` says."""
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", rule.id)
    assert 0 < len(rule.says) <= 100
    assert "\n" not in rule.says
    assert rule.source.startswith("https://")
    assert rule.shapes or rule.condition
    assert {*rule.layers} <= {*LAYERS, *CELLS}
    assert {*rule.functions} <= {*HELPERS}
    assert bool(rule.layers) != bool(rule.functions)
    # Words of no recurrent class of which the rule does not speak.
    assert {*rule.quote} & {*LAYERS, *CELLS} <= {*rule.layers}
    assert all(re.fullmatch(r"#\d+", pitfall) for pitfall in rule.pitfalls)
    assert re.fullmatch(r"\d+\.\d+", rule.since)
    axes = Layer("LSTM", 1, 1).axes | {"N": 1, "L": 1, "sum(lengths)": 1}
    for shape in rule.shapes.values():
        assert set(evaluate(shape, axes)) <= {1, 4}


OBSERVED = {
    *("empty-batch-allowed", "hidden-layout", "arguments-are-read-only"),
    *("parameters-unchanged-by-a-call", "dtype-and-device-follow", "autocast-dtype"),
    *("memory-layout-is-irrelevant", "meta-agrees", "compile-agrees", "export-agrees"),
    *("input-dtype-refused", "empty-sequence-refused", "state-dtype-refused", "size-refused"),
    *("flag-refused", "dropout-of-one-layer-warned", "call-arguments", "state-list-accepted"),
    *("true-input-size-accepted", "state-dict-crosses-releases"),
    "pickled-layer-loads-in-later-releases",
    *("padding-side-left-pads-at-the-start", "packing-passes-gradients"),
    *("packing-keeps-dtype-and-device", "packing-leaves-arguments"),
    "unpad-sequence-leaves-arguments",
    *("forward-mode-agrees", "vmap-agrees", "vmap-of-grad-agrees", "checkpoint-agrees"),
    *("reentrant-checkpoint-agrees", "compile-packed-agrees", "compile-drops", "inductor-agrees"),
    *("export-uses-its-parameters", "exported-layer-moves", "onnx-agrees"),
}
"""Rules of which torch's documentation says nothing."""


def test_rules_without_words_of_torch_are_observed() -> None:
    """A rule becomes documented, or no longer is, on purpose alone."""
    assert {rule.id for rule in RULES.values() if rule.basis == "observed"} == OBSERVED


def test_importing_needs_the_standard_library_only() -> None:
    """``import rnn_contracts`` brings in no torch, no Hypothesis and no pytest."""
    code = "import sys; sys.modules.update(torch=None, hypothesis=None, pytest=None, numpy=None); "
    code += "import rnn_contracts; print(rnn_contracts.expected_shapes.__doc__ is not None)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_public_names() -> None:
    """The package gives what its ``__all__`` says, and every such name is documented."""
    for name in rnn_contracts.__all__:
        assert getattr(rnn_contracts, name).__doc__ or name == "RULES"


def test_examples_in_the_documentation() -> None:
    """The examples of the docstrings, of the README and of the page that it opens give what they say."""
    root = Path(__file__).parents[2]
    pages = [str(root / "README.md"), str(root / "docs" / "citing.md")]
    found = [doctest.testmod(contracts)]
    found += [doctest.testfile(page, module_relative=False) for page in pages]
    assert [(result.failed, result.attempted > 1) for result in found] == [(0, True)] * 3
