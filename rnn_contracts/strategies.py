"""Hypothesis strategies: the grid that is parametrised, and the cases that are drawn over it."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, replace
from typing import Any

import hypothesis
from hypothesis import strategies as st

from rnn_contracts.calls import GRAD_MODES, Case, dtypes
from rnn_contracts.contracts import layouts
from rnn_contracts.layer import CELLS, LAYERS, Layer
from rnn_contracts.refusals import Wrong

NUM_LAYERS = (1, 2, 3, 10)


@dataclass(frozen=True)
class GridCell:
    """The few discrete values that node ids name, so that none can be missed."""

    kind: str
    projection: bool = False
    batch_first: bool = False
    num_layers: int = 1
    bidirectional: bool = False

    def __str__(self) -> str:
        if self.kind in CELLS:
            return self.kind
        return "-".join(
            (
                self.kind + "-proj" * self.projection,
                "batch_first" if self.batch_first else "sequence_first",
                f"{self.num_layers}_layer{'s' * (self.num_layers > 1)}",
                "bidirectional" if self.bidirectional else "forward",
            )
        )


GRID = tuple(
    GridCell(kind, projection, batch_first, num_layers, bidirectional)
    for (kind, projection), batch_first, num_layers, bidirectional in itertools.product(
        [*((kind, False) for kind in LAYERS), ("LSTM", True)],
        (False, True),
        NUM_LAYERS,
        (False, True),
    )
) + tuple(GridCell(kind) for kind in CELLS)


@dataclass(frozen=True)
class Sizes:
    """One size for every free axis; H_out counts only with a projection."""

    N: int
    L: int
    H_in: int
    H_cell: int
    H_out: int


# A strategy is checked where it is first drawn from: making each but once saves a third of a draw.
_choice = functools.cache(st.sampled_from)
_integers = functools.cache(st.integers)
_flag = st.booleans()
_UNEVEN = tuple(size for size in range(33, 71) if size % 16)


@functools.cache
def _lengths(N: int, longest: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(1, longest), min_size=N, max_size=N)


def distinct_sizes(draw: st.DrawFn, cell: GridCell, longest: int) -> Sizes:
    """Axes that differ pairwise, and from D*num_layers and D*H_out, so that no swap can hide."""
    D = 2 if cell.bidirectional else 1
    taken = {D * cell.num_layers}

    def next_size(least: int, most: int, *, scale: int = 1) -> int:
        free = (n for n in range(least, most + 1) if taken.isdisjoint({n, scale * n}))
        size: int = draw(_choice(tuple(free)))
        taken.update({size, scale * size})
        return size

    L = next_size(1, min(longest, 9))
    H_out = next_size(2, 9, scale=D)
    H_cell = next_size(H_out + 1, 19) if cell.projection else H_out
    return Sizes(N=next_size(1, 12), L=L, H_in=next_size(1, 12), H_cell=H_cell, H_out=H_out)


def degenerate_sizes(draw: st.DrawFn, cell: GridCell, longest: int) -> Sizes:
    """Axes of the least size that is allowed, or next to it."""
    # A batch of none has a rule of its own.
    N = draw(_choice((1, 1, 0, 2)))
    L, H_in, H_out = (draw(_choice((1, 2))) for _ in range(3))
    H_cell = H_out + draw(_choice((1, 2))) if cell.projection else H_out
    return Sizes(N, min(L, longest), H_in, H_cell, H_out)


def large_sizes(draw: st.DrawFn, cell: GridCell, longest: int) -> Sizes:
    """Distinct axes, one or two of them past the block sizes of kernels.

    Hypothesis takes fewer draws for simpler: these are more, so that no failure shrinks to them.
    """
    sizes = distinct_sizes(draw, cell, min(longest, 3))
    large = draw(_choice(("N", "L", "H", "NH", "H_in")))
    if large in ("N", "NH"):
        sizes = replace(sizes, N=draw(_integers(17, 40)))
    if large == "L":
        sizes = replace(sizes, L=min(draw(_integers(33, 40)), longest))
    if large in ("H", "NH"):
        H_cell = draw(_choice(_UNEVEN))
        sizes = replace(sizes, H_cell=H_cell, H_out=H_cell // 2 if cell.projection else H_cell)
    if large == "H_in":
        sizes = replace(sizes, H_in=draw(_integers(33, 70)))
    return sizes


@st.composite
def cases(
    draw: st.DrawFn,
    cell: GridCell,
    device: str,
    *,
    seed: int | None = None,
    layout: str | None = None,
    N: int | None = None,
    initial_state: bool | None = None,
    bias: bool | None = None,
    nonlinearity: str | None = None,
    dropout: float | None = None,
    training: bool | None = None,
    dtype: str | None = None,
    grad_mode: str | None = None,
    least_N: int = 0,
    least_L: int = 1,
    longest: int = 40,
    enforce_sorted: bool | None = None,
    equal_lengths: bool | None = None,
    build_only: bool = False,
    without_numbers: bool = False,
    subject: str = "",
) -> Case:
    """A layer of the grid cell on the device, torch's or the subject's, and one call of it.

    What is None is drawn; ``N`` is that of a batch, and ``layout="batched"`` any that is. With
    ``build_only`` what the constructor sees is drawn, and the call left at its defaults. A call is
    short on the meta device, and if it is also made ``without_numbers``.
    """
    if seed is None:
        # Hypothesis begins every test with the simplest case: of a few draws in each cell that is
        # one too many of the same. It is none, and a failure shrinks to seed 1.
        seed = draw(_integers(0, 2**16)) or hypothesis.reject()
    if device == "meta" or without_numbers:
        # Torch decomposes it step by step: 2 ms a step, layer and direction.
        longest = 1 if cell.num_layers > 2 else 2
    draw_sizes = draw(_choice((distinct_sizes, distinct_sizes, degenerate_sizes, large_sizes)))
    sizes = draw_sizes(draw, cell, longest)
    sizes = replace(sizes, N=max(sizes.N, least_N), L=max(sizes.L, least_L))
    if nonlinearity is None and cell.kind in ("RNN", "RNNCell"):
        nonlinearity = draw(_choice(("tanh", "relu")))
    if dropout is None and cell.num_layers > 1:
        dropout = draw(_choice((0.0, 0.5)))
    layer = Layer(
        cell.kind,
        sizes.H_in,
        sizes.H_cell,
        num_layers=cell.num_layers,
        nonlinearity=nonlinearity or "tanh",
        bias=not draw(_flag) if bias is None else bias,
        batch_first=cell.batch_first,
        dropout=(dropout or 0.0) if cell.num_layers > 1 else 0.0,
        bidirectional=cell.bidirectional,
        proj_size=sizes.H_out if cell.projection else 0,
    )
    batched = layouts(layer)[0]
    built = Case(
        layer,
        device,
        dtype=dtype or draw(_choice(dtypes(device))),
        seed=seed,
        training=not draw(_flag) if training is None else training,
        layout=batched,
        subject=subject,
    )
    if build_only:
        return built
    if N is not None:
        sizes, layout = replace(sizes, N=N), batched
    if layout is None:
        layout = draw(_choice((batched, *layouts(layer))))
    layout = batched if layout == "batched" else layout
    lengths: tuple[int, ...] = ()
    if layout == "packed":
        # A packed batch has at least one sequence.
        if equal_lengths is None:
            lengths = tuple(draw(_lengths(max(sizes.N, 1), sizes.L)))
            if max(lengths) < least_L:
                lengths = (least_L, *lengths[1:])
        elif equal_lengths:
            lengths = max(sizes.N, 1) * (sizes.L,)
        else:
            lengths = (max(sizes.L, 2), *max(sizes.N - 1, 1) * (1,))
        enforce_sorted = not draw(_flag) if enforce_sorted is None else enforce_sorted
        if enforce_sorted:
            lengths = tuple(sorted(lengths, reverse=True))
    return replace(
        built,
        layout=layout,
        N=len(lengths) or sizes.N,
        L=max(lengths, default=sizes.L),
        lengths=lengths,
        enforce_sorted=enforce_sorted is not False,
        initial_state=draw(_flag) if initial_state is None else initial_state,
        contiguous=not draw(_flag),
        grad_mode=grad_mode or draw(_choice(GRAD_MODES)),
    )


_RIGHT_CALLS: tuple[dict[str, Any], ...] = (
    {"N": 4, "lengths": (3, 3, 1, 1)},
    {"N": 3, "lengths": (3, 2, 1), "num_layers": 2, "bidirectional": True, "dtype": "float64"},
    {"N": 3, "lengths": (2, 2, 2), "num_layers": 3, "bias": False, "dtype": "bfloat16"},
    {"N": 1, "lengths": (1,), "H_in": 1, "H_out": 1, "batch_first": True},
    {"N": 17, "lengths": (3,) + 16 * (2,), "H_out": 33, "bidirectional": True, "dtype": "float64"},
)
"""What is spoiled in turn: few cases and always the same, so that a known deviation is one always."""


def wrong_cases(
    kind: str, device: str, wrong: Wrong, *, subject: str = ""
) -> st.SearchStrategy[Case]:
    """The right calls of the kind, and for LSTM of one with a projection, that ``wrong`` spoils."""
    if wrong.constructor:
        return st.just(Case(Layer(kind, 3, 4), device, subject=subject))
    projections = (False, True) if kind == "LSTM" else (False,)
    # Calls on meta are slow, and differ by their shapes alone: one plain, and one of ones.
    right_calls = _RIGHT_CALLS[::3] if device == "meta" else _RIGHT_CALLS
    return st.sampled_from(
        [
            _right_case(kind, device, wrong, projection, subject=subject, **call)
            for projection in projections
            for call in right_calls
        ]
    )


def _right_case(
    kind: str,
    device: str,
    wrong: Wrong,
    projection: bool,
    *,
    subject: str,
    N: int,
    lengths: tuple[int, ...],
    H_in: int = 5,
    H_out: int = 2,
    dtype: str = "float32",
    **options: Any,
) -> Case:
    if kind in CELLS:
        options = {name: value for name, value in options.items() if name == "bias"}
    H_cell, proj_size = (H_out + 1, H_out) if projection else (H_out, 0)
    layer = Layer(kind, H_in, H_cell, proj_size=proj_size, **options)
    lengths = lengths if wrong.layout == "packed" else ()
    return Case(
        layer,
        device,
        dtype=dtype,
        layout=layouts(layer)[0] if wrong.layout == "batched" else wrong.layout,
        N=N,
        L=max(lengths, default=3),
        lengths=lengths[::-1] if wrong.enforce_sorted is False else lengths,
        enforce_sorted=wrong.enforce_sorted is not False,
        initial_state=wrong.rule.startswith("state-"),
        subject=subject,
    )
