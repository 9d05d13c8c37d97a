"""Hypothesis strategies: the cases that are drawn at a point of the grid."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import hypothesis
from hypothesis import strategies as st

from rnn_contracts.contracts import layouts
from rnn_contracts.devices import dtypes
from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.choices import CHOICES, FROM_THE_SIMPLEST, LENGTHS, Choices
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

    def choose(self, choices: Choices, condition: str, values: Sequence[Any]) -> Any:
        """One of the values, the first of them the simplest, that the domain allows."""
        chosen = tuple(values)
        if allowed := values_of(self.domain, condition):
            # A law or a known deviation may ask for what is not drawn elsewhere.
            others = tuple(value for value in allowed if value not in values)
            chosen = tuple(value for value in values if value in allowed) + others
        return choices.choose(condition, chosen)


ANYTHING = Draw()
"""Every valid call."""


_UNEVEN = tuple(size for size in range(33, 71) if size % 16)
_UNEVEN_AND_WIDE = tuple(size for size in range(71, LARGEST.H_cell + 1) if size % 16)


def distinct_sizes(
    choose: Callable[[str, tuple[int, ...]], int], point: GridPoint, longest: int
) -> Sizes:
    """Axes that differ pairwise, and from D*num_layers and D*H_out, so that no swap can hide.

    ``choose`` takes the name of an axis and the sizes that are left for it, and returns one.
    """
    D = 2 if point.bidirectional else 1
    taken = {D * point.num_layers}

    def next_size(axis: str, least: int, most: int, *, scale: int = 1) -> int:
        free = (n for n in range(least, most + 1) if taken.isdisjoint({n, scale * n}))
        size = choose(axis, tuple(free))
        taken.update({size, scale * size})
        return size

    L = next_size("L", 1, min(longest, 9))
    H_out = next_size("H_out", 2, 9, scale=D)
    H_cell = next_size("H_cell", H_out + 1, 19) if point.projection else H_out
    N = next_size("N", 1, 12)
    return Sizes(N=N, L=L, H_in=next_size("H_in", 1, 12), H_cell=H_cell, H_out=H_out)


def degenerate_sizes(choices: Choices, point: GridPoint, longest: int) -> Sizes:
    """Axes of the least size that is allowed, or next to it."""
    # A batch of no sequences is rare here, since it has a rule of its own.
    N = choices.choose("N", (1, 1, 0, 2))
    L, H_in, H_out = (choices.choose(axis, (1, 2)) for axis in ("L", "H_in", "H_out"))
    H_cell = H_out + choices.choose("H_cell", (1, 2)) if point.projection else H_out
    return Sizes(N, min(L, longest), H_in, H_cell, H_out)


def large_sizes(choices: Choices, point: GridPoint, longest: int) -> Sizes:
    """Distinct axes, one or two of them past the block sizes of kernels, or far past them."""
    sizes = distinct_sizes(choices.choose, point, min(longest, 3))
    large = choices.choose("large axis", ("N", "L", "L", "H", "NH", "H_in"))
    # A deep stack that is also long or wide costs as much as all others together.
    far = point.num_layers < 4 and choices.choose("far", (False, True))
    if large in ("N", "NH"):
        N = choices.choose("large N", range(41, LARGEST.N + 1) if far else range(17, 41))
        sizes = replace(sizes, N=N)
    if large == "L":
        L = choices.choose("large L", range(41, LARGEST.L + 1) if far else range(33, 41))
        sizes = replace(sizes, L=min(L, longest))
    if large in ("H", "NH") or (large == "H_in" and far):
        # The weights of a narrow layer are large, and a wide input adds many of their products: the
        # rounding of that sum would be many units of what comes of it.
        widths = _UNEVEN_AND_WIDE if far and large != "NH" else _UNEVEN
        H_cell = choices.choose("large H", widths)
        sizes = replace(sizes, H_cell=H_cell, H_out=H_cell // 2 if point.projection else H_cell)
    if large == "H_in":
        H_in = choices.choose("large H_in", range(71, LARGEST.H_in + 1) if far else range(33, 71))
        sizes = replace(sizes, H_in=H_in)
    return sizes


@st.composite
def cases(
    draw: st.DrawFn, point: GridPoint, device: str, drawn: Draw = ANYTHING, subject: str = ""
) -> Case:
    """A layer at the point of the grid, on the device, and one call of it."""
    # A seed that is given is that of a known deviation, of which the simplest case is to be tried.
    choices = draw(CHOICES if drawn.seed is None else FROM_THE_SIMPLEST)
    return case_of(choices, point, device, drawn, subject) or hypothesis.reject()


def case_of(
    choices: Choices, point: GridPoint, device: str, drawn: Draw = ANYTHING, subject: str = ""
) -> Case | None:
    """The case that the choices make of what may be drawn; None if it needs another dtype."""
    if point.num_layers == DEEP:
        point = replace(point, num_layers=choices.choose("num_layers", DEPTHS_OF_DEEP))
    sizes = _sizes(choices, point, device, drawn)
    layer = _layer(choices, point, sizes, drawn)
    dtype = drawn.choose(choices, "dtype", dtypes(device))
    if "smooth" in drawn.domain and layer.nonlinearity == "relu":
        dtype = "float64"
        if dtype not in dtypes(device):
            return None
    acts = layer.dropout > 0 and "dropout_acts" not in drawn.domain
    built = Case(
        layer,
        device,
        dtype=dtype,
        seed=choices.seed if drawn.seed is None else drawn.seed,
        training=drawn.choose(choices, "training", (True, False)) and (acts or not layer.dropout),
        layout=layouts(layer)[0],
        autocast=drawn.given.get("autocast") is True,
        subject=subject,
    )
    return built if drawn.build_only else _call(choices, built, sizes, drawn)


def _sizes(choices: Choices, point: GridPoint, device: str, drawn: Draw) -> Sizes:
    longest = drawn.longest
    if device == "meta" or drawn.without_numbers:
        # Torch decomposes a call on meta step by step: 2 ms a step, layer and direction.
        longest = 1 if point.num_layers > 2 else 2
    which = choices.choose("sizes", ("distinct", "distinct", "degenerate", "large"))
    if which == "distinct":
        sizes = distinct_sizes(choices.choose, point, longest)
    elif which == "degenerate":
        sizes = degenerate_sizes(choices, point, longest)
    else:
        sizes = large_sizes(choices, point, longest)
    least_N = max((drawn.least_N, *values_of(drawn.domain, "least_N")))
    return replace(sizes, N=max(sizes.N, least_N), L=max(sizes.L, drawn.least_L))


def _layer(choices: Choices, point: GridPoint, sizes: Sizes, drawn: Draw) -> Layer:
    options: dict[str, Any] = {}
    if point.kind in ("RNN", "RNNCell"):
        options["nonlinearity"] = drawn.choose(choices, "nonlinearity", NONLINEARITIES)
    # Torch warns of dropout in a single layer, so draw it there for the rules about dropout alone.
    if point.num_layers > 1 or (point.kind in LAYERS and "dropout" in drawn.domain):
        options["dropout"] = drawn.choose(choices, "dropout", DROPOUTS)
    return Layer(
        point.kind,
        sizes.H_in,
        sizes.H_cell,
        num_layers=point.num_layers,
        bias=drawn.choose(choices, "bias", (True, False)),
        batch_first=point.batch_first,
        bidirectional=point.bidirectional,
        proj_size=sizes.H_out if point.projection else 0,
        **options,
    )


def _call(choices: Choices, built: Case, sizes: Sizes, drawn: Draw) -> Case:
    """The case with a call of its layer."""
    layout = _layout(choices, built, drawn)
    if N := values_of(drawn.domain, "N"):
        sizes = replace(sizes, N=N[0])
    lengths: tuple[int, ...] = ()
    enforce_sorted = True
    if layout == "packed":
        lengths = _packed_lengths(choices, sizes, drawn)
        enforce_sorted = drawn.choose(choices, "enforce_sorted", (True, False))
        if enforce_sorted:
            lengths = tuple(sorted(lengths, reverse=True))
    return replace(
        built,
        layout=layout,
        N=len(lengths) or sizes.N,
        L=max(lengths, default=sizes.L),
        lengths=lengths,
        enforce_sorted=enforce_sorted,
        initial_state=drawn.choose(choices, "initial_state", (False, True)),
        contiguous=drawn.choose(choices, "contiguous", FLAGS),
        grad_mode=drawn.choose(choices, "grad_mode", GRAD_MODES),
    )


def _layout(choices: Choices, built: Case, drawn: Draw) -> str:
    """A column of the tables; a batch twice as often as the others."""
    batched, others = built.layout, layouts(built.layer)[1:]
    if "N" in drawn.domain:
        return batched
    chosen: str = drawn.choose(choices, "layout", ("batched", "batched", *others))
    return batched if chosen == "batched" else chosen


def _packed_lengths(choices: Choices, sizes: Sizes, drawn: Draw) -> tuple[int, ...]:
    # A packed batch has at least one sequence.
    N = max(sizes.N, 1)
    equal = drawn.given.get("equal_lengths")
    if equal is True:
        return N * (sizes.L,)
    if equal is False:
        return (max(sizes.L, 2), *max(N - 1, 1) * (1,))
    possible = range(1, sizes.L + 1)
    few = [choices.choose(f"length {number}", possible) for number in range(min(N, LENGTHS))]
    lengths = tuple(itertools.islice(itertools.cycle(few), N))
    return lengths if max(lengths) >= drawn.least_L else (drawn.least_L, *lengths[1:])
