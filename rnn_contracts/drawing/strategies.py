"""Hypothesis strategies: the cases that are drawn at a point of the grid."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any

import hypothesis
from hypothesis import strategies as st

from rnn_contracts.contracts import layouts
from rnn_contracts.devices import dtypes
from rnn_contracts.drawing.case import Case
from rnn_contracts.layer import Layer
from rnn_contracts.variations import DROPOUTS, GRAD_MODES, NONLINEARITIES, GridPoint


@dataclass(frozen=True)
class Fixed:
    """What is the same in every case that is drawn. What is None is drawn.

    ``N`` is that of a batch, and ``layout="batched"`` stands for any that has one. ``least_N``,
    ``least_L`` and ``longest`` bound the sizes. With ``build_only`` the call is left at its defaults,
    since nothing but the constructor is checked. A case that is also called ``without_numbers`` is
    short, as on the meta device.
    """

    seed: int | None = None
    layout: str | None = None
    N: int | None = None
    initial_state: bool | None = None
    bias: bool | None = None
    nonlinearity: str | None = None
    dropout: float | None = None
    training: bool | None = None
    dtype: str | None = None
    grad_mode: str | None = None
    enforce_sorted: bool | None = None
    equal_lengths: bool | None = None
    least_N: int = 0
    least_L: int = 1
    longest: int = 40
    build_only: bool = False
    without_numbers: bool = False

    @property
    def given(self) -> dict[str, object]:
        """The values that are not drawn."""
        drawn = ("least_N", "least_L", "longest", "build_only", "without_numbers")
        return {
            name: value
            for name, value in vars(self).items()
            if value is not None and name not in drawn
        }


ANYTHING = Fixed()
"""Nothing is fixed."""


@dataclass(frozen=True)
class Sizes:
    """One size for every free axis; H_out counts only with a projection."""

    N: int
    L: int
    H_in: int
    H_cell: int
    H_out: int


# Hypothesis validates a strategy when it is first drawn from. Making each only once saves a third of
# the time of a draw.
_choice = functools.cache(st.sampled_from)
_integers = functools.cache(st.integers)
_flag = st.booleans()
_UNEVEN = tuple(size for size in range(33, 71) if size % 16)


@functools.cache
def _lengths(N: int, longest: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(1, longest), min_size=N, max_size=N)


def distinct_sizes(draw: st.DrawFn, point: GridPoint, longest: int) -> Sizes:
    """Axes that differ pairwise, and from D*num_layers and D*H_out, so that no swap can hide."""
    D = 2 if point.bidirectional else 1
    taken = {D * point.num_layers}

    def next_size(least: int, most: int, *, scale: int = 1) -> int:
        free = (n for n in range(least, most + 1) if taken.isdisjoint({n, scale * n}))
        size: int = draw(_choice(tuple(free)))
        taken.update({size, scale * size})
        return size

    L = next_size(1, min(longest, 9))
    H_out = next_size(2, 9, scale=D)
    H_cell = next_size(H_out + 1, 19) if point.projection else H_out
    return Sizes(N=next_size(1, 12), L=L, H_in=next_size(1, 12), H_cell=H_cell, H_out=H_out)


def degenerate_sizes(draw: st.DrawFn, point: GridPoint, longest: int) -> Sizes:
    """Axes of the least size that is allowed, or next to it."""
    # A batch of no sequences is rare here, since it has a rule of its own.
    N = draw(_choice((1, 1, 0, 2)))
    L, H_in, H_out = (draw(_choice((1, 2))) for _ in range(3))
    H_cell = H_out + draw(_choice((1, 2))) if point.projection else H_out
    return Sizes(N, min(L, longest), H_in, H_cell, H_out)


def large_sizes(draw: st.DrawFn, point: GridPoint, longest: int) -> Sizes:
    """Distinct axes, one or two of them past the block sizes of kernels.

    Hypothesis shrinks to the example of the fewest draws, and these are more than those of the others.
    """
    sizes = distinct_sizes(draw, point, min(longest, 3))
    large = draw(_choice(("N", "L", "H", "NH", "H_in")))
    if large in ("N", "NH"):
        sizes = replace(sizes, N=draw(_integers(17, 40)))
    if large == "L":
        sizes = replace(sizes, L=min(draw(_integers(33, 40)), longest))
    if large in ("H", "NH"):
        H_cell = draw(_choice(_UNEVEN))
        sizes = replace(sizes, H_cell=H_cell, H_out=H_cell // 2 if point.projection else H_cell)
    if large == "H_in":
        sizes = replace(sizes, H_in=draw(_integers(33, 70)))
    return sizes


@st.composite
def cases(
    draw: st.DrawFn, point: GridPoint, device: str, fixed: Fixed = ANYTHING, subject: str = ""
) -> Case:
    """A layer at the point of the grid, on the device, and one call of it."""
    seed = fixed.seed
    if seed is None:
        # Hypothesis always tries the simplest example first. With few examples in each test that
        # wastes many of them, so reject seed 0. Failures then shrink to seed 1.
        seed = draw(_integers(0, 2**16)) or hypothesis.reject()
    sizes = _sizes(draw, point, device, fixed)
    layer = _layer(draw, point, sizes, fixed)
    built = Case(
        layer,
        device,
        dtype=fixed.dtype or draw(_choice(dtypes(device))),
        seed=seed,
        training=_either(draw, fixed.training, first=True),
        layout=layouts(layer)[0],
        subject=subject,
    )
    return built if fixed.build_only else _call(draw, built, sizes, fixed)


def _either(draw: st.DrawFn, value: bool | None, *, first: bool) -> bool:
    """The value, or one that is drawn and shrinks to ``first``."""
    return draw(_flag) is not first if value is None else value


def _sizes(draw: st.DrawFn, point: GridPoint, device: str, fixed: Fixed) -> Sizes:
    longest = fixed.longest
    if device == "meta" or fixed.without_numbers:
        # Torch decomposes a call on meta step by step: 2 ms a step, layer and direction.
        longest = 1 if point.num_layers > 2 else 2
    draw_sizes = draw(_choice((distinct_sizes, distinct_sizes, degenerate_sizes, large_sizes)))
    sizes: Sizes = draw_sizes(draw, point, longest)
    return replace(sizes, N=max(sizes.N, fixed.least_N), L=max(sizes.L, fixed.least_L))


def _layer(draw: st.DrawFn, point: GridPoint, sizes: Sizes, fixed: Fixed) -> Layer:
    options: dict[str, Any] = {}
    if point.kind in ("RNN", "RNNCell"):
        options["nonlinearity"] = fixed.nonlinearity or draw(_choice(NONLINEARITIES))
    if point.num_layers > 1:
        drawn = fixed.dropout is None
        options["dropout"] = draw(_choice(DROPOUTS)) if drawn else fixed.dropout
    return Layer(
        point.kind,
        sizes.H_in,
        sizes.H_cell,
        num_layers=point.num_layers,
        bias=_either(draw, fixed.bias, first=True),
        batch_first=point.batch_first,
        bidirectional=point.bidirectional,
        proj_size=sizes.H_out if point.projection else 0,
        **options,
    )


def _call(draw: st.DrawFn, built: Case, sizes: Sizes, fixed: Fixed) -> Case:
    """The case with a call of its layer."""
    batched, layout = built.layout, fixed.layout
    if fixed.N is not None:
        sizes, layout = replace(sizes, N=fixed.N), batched
    if layout is None:
        layout = draw(_choice((batched, *layouts(built.layer))))
    layout = batched if layout == "batched" else layout
    lengths: tuple[int, ...] = ()
    enforce_sorted = fixed.enforce_sorted is not False
    if layout == "packed":
        lengths = _packed_lengths(draw, sizes, fixed)
        enforce_sorted = _either(draw, fixed.enforce_sorted, first=True)
        if enforce_sorted:
            lengths = tuple(sorted(lengths, reverse=True))
    return replace(
        built,
        layout=layout,
        N=len(lengths) or sizes.N,
        L=max(lengths, default=sizes.L),
        lengths=lengths,
        enforce_sorted=enforce_sorted,
        initial_state=_either(draw, fixed.initial_state, first=False),
        contiguous=_either(draw, None, first=True),
        grad_mode=fixed.grad_mode or draw(_choice(GRAD_MODES)),
    )


def _packed_lengths(draw: st.DrawFn, sizes: Sizes, fixed: Fixed) -> tuple[int, ...]:
    # A packed batch has at least one sequence.
    N = max(sizes.N, 1)
    if fixed.equal_lengths:
        return N * (sizes.L,)
    if fixed.equal_lengths is False:
        return (max(sizes.L, 2), *max(N - 1, 1) * (1,))
    lengths = tuple(draw(_lengths(N, sizes.L)))
    return lengths if max(lengths) >= fixed.least_L else (fixed.least_L, *lengths[1:])
