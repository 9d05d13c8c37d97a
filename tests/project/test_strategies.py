"""What Hypothesis draws: everything that the design asks for, and nothing that makes no call."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from rnn_contracts.contracts import expected_shapes
from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.choices import CHOICES
from rnn_contracts.drawing.strategies import (
    LARGEST,
    cases,
    degenerate_sizes,
    distinct_sizes,
    large_sizes,
)
from rnn_contracts.variations import (
    DEEP,
    DEPTHS_OF_DEEP,
    DTYPES,
    GRAD_MODES,
    GRID,
    GridPoint,
)

GRU = GridPoint("GRU", batch_first=True, num_layers=2, bidirectional=True)
LSTM = GridPoint("LSTM", projection=True, num_layers=3)

WANTED: dict[str, Callable[[Case], bool]] = {
    "N = 0": lambda case: case.N == 0 and case.layout == "sequence first",
    "N = 1": lambda case: case.N == 1 and case.layout == "sequence first",
    "L = 1": lambda case: case.L == 1,
    "input width 1": lambda case: case.layer.input_size == 1,
    "output width 1": lambda case: case.layer.proj_size == 1,
    "N past a block": lambda case: case.N > 16,
    "L past a block": lambda case: case.L > 32,
    "hidden past a block": lambda case: case.layer.hidden_size > 32,
    "input past a block": lambda case: case.layer.input_size > 32,
    "N and hidden past a block": lambda case: case.N > 16 and case.layer.hidden_size > 32,
    "N far past a block": lambda case: case.N > 100,
    "L far past a block": lambda case: case.L > 100,
    "hidden far past a block": lambda case: case.layer.hidden_size > 128,
    "input far past a block": lambda case: case.layer.input_size > 100,
    "many packed sequences": lambda case: len(case.lengths) > 100,
    "unbatched": lambda case: case.layout == "unbatched",
    "packed, sorted": lambda case: len(case.lengths) > 1 and case.enforce_sorted,
    "packed, not sorted": lambda case: case.lengths != tuple(sorted(case.lengths, reverse=True)),
    "packed, one sequence": lambda case: len(case.lengths) == 1,
    "packed, equal lengths": lambda case: len(case.lengths) > 2 and len({*case.lengths}) == 1,
    "packed, length one": lambda case: min(case.lengths, default=0) == 1 < max(case.lengths),
    "bias": lambda case: case.layer.bias,
    "no bias": lambda case: not case.layer.bias,
    "dropout": lambda case: case.layer.dropout > 0 and case.training,
    "eval": lambda case: not case.training,
    "state": lambda case: case.initial_state,
    "no state": lambda case: not case.initial_state,
    "contiguous": lambda case: case.contiguous,
    "not contiguous": lambda case: not case.contiguous,
    **{dtype: lambda case, dtype=dtype: case.dtype == dtype for dtype in DTYPES},  # type: ignore[misc]
    **{mode: lambda case, mode=mode: case.grad_mode == mode for mode in GRAD_MODES},  # type: ignore[misc]
}


@pytest.mark.parametrize("wanted", WANTED)
def test_draws(wanted: str) -> None:
    """Each sort of case is there to be found in an ordinary number of draws."""
    find(cases(LSTM, "cpu"), WANTED[wanted], settings=settings(max_examples=5000, database=None))


def test_the_simplest_case_is_not_drawn_in_every_test() -> None:
    """Where Hypothesis begins there is none; what it shrinks to is as simple."""
    simplest = find(cases(GRU, "cpu"), lambda case: True)
    assert simplest.seed == 1
    fields = {"bias": True, "dropout": 0.0}
    assert {name: getattr(simplest.layer, name) for name in fields} == fields
    assert simplest == Case(simplest.layer, seed=1, layout="batch first", N=simplest.N, L=1)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_draws_both_nonlinearities(nonlinearity: str) -> None:
    """RNN and RNNCell come with tanh and with relu."""
    for kind in ("RNN", "RNNCell"):
        find(cases(GridPoint(kind), "cpu"), lambda case: case.layer.nonlinearity == nonlinearity)


@settings(deadline=None)
@given(st.sampled_from(GRID).flatmap(lambda point: st.tuples(st.just(point), cases(point, "cpu"))))
def test_draws_cases_of_the_contract(drawn: tuple[GridPoint, Case]) -> None:
    """The case is one of the grid point, and its shapes are those that the contract expects."""
    point, case = drawn
    layer = case.layer
    assert layer.kind == point.kind
    assert bool(layer.proj_size) == point.projection
    assert layer.batch_first == point.batch_first
    deep = point.num_layers == DEEP
    assert layer.num_layers in (DEPTHS_OF_DEEP if deep else (point.num_layers,))
    assert layer.bidirectional == point.bidirectional
    expected = expected_shapes(layer, case.shape("input"), case.lengths or None)
    assert {name: case.shape(name) for name in expected} == expected


@pytest.mark.parametrize("point", [GRU, LSTM, GridPoint("RNN", num_layers=10, bidirectional=True)])
@settings(deadline=None)
@given(data=st.data())
def test_distinct_sizes_leave_no_swap_unseen(point: GridPoint, data: st.DataObject) -> None:
    """Any two axes of a call differ, and so do D*num_layers and D*H_out."""
    sizes = distinct_sizes(data.draw(CHOICES).choose, point, 150)
    D = 2 if point.bidirectional else 1
    axes = [sizes.N, sizes.L, sizes.H_in, sizes.H_out, D * point.num_layers]
    axes += [D * sizes.H_out] * (D > 1) + [sizes.H_cell] * point.projection
    assert all(one != other for one, other in itertools.combinations(axes, 2))


def test_the_page_tells_the_largest_sizes() -> None:
    """What is said to be drawn at most, and how deep, is what the strategies have."""
    page = (Path(__file__).parents[2] / "docs" / "running.md").read_text("utf-8")
    rows = {
        name: int(most) for name, most in re.findall(r"^\| (\w+), .* (\d+) \|$", page, re.MULTILINE)
    }
    largest = LARGEST
    expected = {"N": largest.N, "L": largest.L, "H_in": largest.H_in, "H_out": largest.H_out}
    assert rows == expected
    assert f"{min(DEPTHS_OF_DEEP)} to {max(DEPTHS_OF_DEEP)}, one time in two" in page
    assert DEPTHS_OF_DEEP.count(DEEP) * 2 == len(DEPTHS_OF_DEEP)


@pytest.mark.parametrize("point", [GRU, LSTM])
@settings(deadline=None)
@given(data=st.data())
def test_degenerate_and_large_sizes(point: GridPoint, data: st.DataObject) -> None:
    """Degenerate sizes are next to the least, a large case is large somewhere."""
    small = degenerate_sizes(data.draw(CHOICES), point, 40)
    assert (small.N <= 2, small.L <= 2, small.H_in <= 2, small.H_out <= 2) == (True,) * 4
    large = large_sizes(data.draw(CHOICES), point, 150)
    assert large.N > 16 or large.L > 32 or large.H_in > 32 or large.H_cell > 32
    assert large.H_cell <= 32 or large.H_cell % 16
