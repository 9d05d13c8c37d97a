"""Hypothesis strategies: the cases that are drawn at a point of the grid."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import hypothesis
from hypothesis import strategies as st

from rnn_contracts.contracts import layouts
from rnn_contracts.devices import dtypes
from rnn_contracts.drawing.case import Case
from rnn_contracts.layer import LAYERS, Layer
from rnn_contracts.rules.domain import Domain, values_of
from rnn_contracts.variations import (
    DEEP,
    DEPTHS_OF_DEEP,
    DROPOUTS,
    FLAGS,
    GRAD_MODES,
    NONLINEARITIES,
    GridPoint,
)


@dataclass(frozen=True)
class Sizes:
    """One size for every free axis; H_out counts only with a projection."""

    N: int
    L: int
    H_in: int
    H_cell: int
    H_out: int


LARGEST = Sizes(N=300, L=150, H_in=150, H_cell=259, H_out=259)
"""No axis is drawn larger."""


@dataclass(frozen=True)
class Draw:
    """What is drawn: every call of the domain, but for what costs too much or has nothing to check.

    ``longest`` bounds the length for the sake of time. ``least_N`` and ``least_L`` leave out calls of
    which the rule says nothing, such as one of no sequences, which has no numbers. With ``build_only``
    the call is left at its defaults, since nothing but the constructor is checked. A case that is also
    called ``without_numbers`` is short, as on the meta device. ``seed`` is drawn if it is None.
    """

    domain: Domain = field(default_factory=dict)
    seed: int | None = None
    least_N: int = 0
    least_L: int = 1
    longest: int = LARGEST.L
    build_only: bool = False
    without_numbers: bool = False

    def only(self, values: Mapping[str, object]) -> Draw:
        """The draw of those calls alone that have these values."""
        return replace(self, domain={**self.domain, **values})

    @property
    def given(self) -> dict[str, object]:
        """The values that are the same in every case that is drawn."""
        conditions = (name for name in self.domain if len(values_of(self.domain, name)) == 1)
        return {name: values_of(self.domain, name)[0] for name in conditions}

    def choose(self, draw: st.DrawFn, condition: str, values: Sequence[Any]) -> Any:
        """One of the values, the first of them the simplest, that the domain allows."""
        chosen = tuple(values)
        if allowed := values_of(self.domain, condition):
            # A law or a known deviation may ask for what is not drawn elsewhere.
            others = tuple(value for value in allowed if value not in values)
            chosen = tuple(value for value in values if value in allowed) + others
        if {*chosen} == {True, False}:
            # Hypothesis shrinks what follows better past a boolean than past an index.
            return chosen[draw(_flag)]
        return draw(_choice(chosen)) if len(chosen) > 1 else chosen[0]


ANYTHING = Draw()
"""Every valid call."""


# Hypothesis validates a strategy when it is first drawn from. Making each only once saves a third of
# the time of a draw.
_choice = functools.cache(st.sampled_from)
_integers = functools.cache(st.integers)
_flag = st.booleans()
_UNEVEN = tuple(size for size in range(33, 71) if size % 16)
_UNEVEN_AND_WIDE = tuple(size for size in range(71, LARGEST.H_cell + 1) if size % 16)
_FEW = 40
"""Of so many sequences each has a length of its own; more of them repeat these."""


@functools.cache
def _lengths(N: int, longest: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(1, longest), min_size=N, max_size=N)


def distinct_sizes(
    choose: Callable[[tuple[int, ...]], int], point: GridPoint, longest: int
) -> Sizes:
    """Axes that differ pairwise, and from D*num_layers and D*H_out, so that no swap can hide.

    ``choose`` takes one of the sizes that are left for an axis.
    """
    D = 2 if point.bidirectional else 1
    taken = {D * point.num_layers}

    def next_size(least: int, most: int, *, scale: int = 1) -> int:
        free = (n for n in range(least, most + 1) if taken.isdisjoint({n, scale * n}))
        size = choose(tuple(free))
        taken.update({size, scale * size})
        return size

    L = next_size(1, min(longest, 9))
    H_out = next_size(2, 9, scale=D)
    H_cell = next_size(H_out + 1, 19) if point.projection else H_out
    return Sizes(N=next_size(1, 12), L=L, H_in=next_size(1, 12), H_cell=H_cell, H_out=H_out)


def _drawn_distinct_sizes(draw: st.DrawFn, point: GridPoint, longest: int) -> Sizes:
    return distinct_sizes(lambda sizes: draw(_choice(sizes)), point, longest)


def degenerate_sizes(draw: st.DrawFn, point: GridPoint, longest: int) -> Sizes:
    """Axes of the least size that is allowed, or next to it."""
    # A batch of no sequences is rare here, since it has a rule of its own.
    N = draw(_choice((1, 1, 0, 2)))
    L, H_in, H_out = (draw(_choice((1, 2))) for _ in range(3))
    H_cell = H_out + draw(_choice((1, 2))) if point.projection else H_out
    return Sizes(N, min(L, longest), H_in, H_cell, H_out)


def large_sizes(draw: st.DrawFn, point: GridPoint, longest: int) -> Sizes:
    """Distinct axes, one or two of them past the block sizes of kernels, or far past them.

    Hypothesis shrinks to the example of the fewest draws, and these are more than those of the others.
    """
    sizes = _drawn_distinct_sizes(draw, point, min(longest, 3))
    large = draw(_choice(("N", "L", "L", "H", "NH", "H_in")))
    # A deep stack that is also long or wide costs as much as all others together.
    far = point.num_layers < 4 and draw(_choice((False, True)))
    if large in ("N", "NH"):
        sizes = replace(sizes, N=draw(_integers(41, LARGEST.N) if far else _integers(17, 40)))
    if large == "L":
        L = draw(_integers(41, LARGEST.L) if far else _integers(33, 40))
        sizes = replace(sizes, L=min(L, longest))
    if large in ("H", "NH") or (large == "H_in" and far):
        # The weights of a narrow layer are large, and a wide input adds many of their products: the
        # rounding of that sum would be many units of what comes of it.
        H_cell = draw(_choice(_UNEVEN_AND_WIDE if far and large != "NH" else _UNEVEN))
        sizes = replace(sizes, H_cell=H_cell, H_out=H_cell // 2 if point.projection else H_cell)
    if large == "H_in":
        sizes = replace(sizes, H_in=draw(_integers(71, LARGEST.H_in) if far else _integers(33, 70)))
    return sizes


@st.composite
def cases(
    draw: st.DrawFn, point: GridPoint, device: str, drawn: Draw = ANYTHING, subject: str = ""
) -> Case:
    """A layer at the point of the grid, on the device, and one call of it."""
    seed = drawn.seed
    if seed is None:
        # Hypothesis always tries the simplest example first. With few examples in each test that
        # wastes many of them, so reject seed 0. Failures then shrink to seed 1.
        seed = draw(_integers(0, 2**16)) or hypothesis.reject()
    if point.num_layers == DEEP:
        point = replace(point, num_layers=draw(_choice(DEPTHS_OF_DEEP)))
    sizes = _sizes(draw, point, device, drawn)
    layer = _layer(draw, point, sizes, drawn)
    dtype = drawn.choose(draw, "dtype", dtypes(device))
    if "smooth" in drawn.domain and layer.nonlinearity == "relu":
        dtype = "float64"
        if dtype not in dtypes(device):
            return hypothesis.reject()
    acts = layer.dropout > 0 and "dropout_acts" not in drawn.domain
    built = Case(
        layer,
        device,
        dtype=dtype,
        seed=seed,
        training=drawn.choose(draw, "training", (True, False)) and (acts or not layer.dropout),
        layout=layouts(layer)[0],
        autocast=drawn.given.get("autocast") is True,
        subject=subject,
    )
    return built if drawn.build_only else _call(draw, built, sizes, drawn)


def _sizes(draw: st.DrawFn, point: GridPoint, device: str, drawn: Draw) -> Sizes:
    longest = drawn.longest
    if device == "meta" or drawn.without_numbers:
        # Torch decomposes a call on meta step by step: 2 ms a step, layer and direction.
        longest = 1 if point.num_layers > 2 else 2
    distinct = _drawn_distinct_sizes
    draw_sizes = draw(_choice((distinct, distinct, degenerate_sizes, large_sizes)))
    sizes: Sizes = draw_sizes(draw, point, longest)
    least_N = max((drawn.least_N, *values_of(drawn.domain, "least_N")))
    return replace(sizes, N=max(sizes.N, least_N), L=max(sizes.L, drawn.least_L))


def _layer(draw: st.DrawFn, point: GridPoint, sizes: Sizes, drawn: Draw) -> Layer:
    options: dict[str, Any] = {}
    if point.kind in ("RNN", "RNNCell"):
        options["nonlinearity"] = drawn.choose(draw, "nonlinearity", NONLINEARITIES)
    # Torch warns of dropout in a single layer, so draw it there for the rules about dropout alone.
    if point.num_layers > 1 or (point.kind in LAYERS and "dropout" in drawn.domain):
        options["dropout"] = drawn.choose(draw, "dropout", DROPOUTS)
    return Layer(
        point.kind,
        sizes.H_in,
        sizes.H_cell,
        num_layers=point.num_layers,
        bias=drawn.choose(draw, "bias", (True, False)),
        batch_first=point.batch_first,
        bidirectional=point.bidirectional,
        proj_size=sizes.H_out if point.projection else 0,
        **options,
    )


def _call(draw: st.DrawFn, built: Case, sizes: Sizes, drawn: Draw) -> Case:
    """The case with a call of its layer."""
    layout = _layout(draw, built, drawn)
    if N := values_of(drawn.domain, "N"):
        sizes = replace(sizes, N=N[0])
    lengths: tuple[int, ...] = ()
    enforce_sorted = True
    if layout == "packed":
        lengths = _packed_lengths(draw, sizes, drawn)
        enforce_sorted = drawn.choose(draw, "enforce_sorted", (True, False))
        if enforce_sorted:
            lengths = tuple(sorted(lengths, reverse=True))
    return replace(
        built,
        layout=layout,
        N=len(lengths) or sizes.N,
        L=max(lengths, default=sizes.L),
        lengths=lengths,
        enforce_sorted=enforce_sorted,
        initial_state=drawn.choose(draw, "initial_state", (False, True)),
        contiguous=drawn.choose(draw, "contiguous", FLAGS),
        grad_mode=drawn.choose(draw, "grad_mode", GRAD_MODES),
    )


def _layout(draw: st.DrawFn, built: Case, drawn: Draw) -> str:
    """A column of the tables; a batch twice as often as the others."""
    batched, others = built.layout, layouts(built.layer)[1:]
    if "N" in drawn.domain:
        return batched
    chosen: str = drawn.choose(draw, "layout", ("batched", "batched", *others))
    return batched if chosen == "batched" else chosen


def _packed_lengths(draw: st.DrawFn, sizes: Sizes, drawn: Draw) -> tuple[int, ...]:
    # A packed batch has at least one sequence.
    N = max(sizes.N, 1)
    equal = drawn.given.get("equal_lengths")
    if equal is True:
        return N * (sizes.L,)
    if equal is False:
        return (max(sizes.L, 2), *max(N - 1, 1) * (1,))
    few = draw(_lengths(min(N, _FEW), sizes.L))
    lengths = tuple(itertools.islice(itertools.cycle(few), N))
    return lengths if max(lengths) >= drawn.least_L else (drawn.least_L, *lengths[1:])
