"""Hypothesis strategies: the grid that is parametrised, and the cases that are drawn over it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

from rnn_contracts.calls import GRAD_MODES, Case, dtypes
from rnn_contracts.contracts import CELLS, LAYERS, Layer, layouts

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


@st.composite
def distinct_sizes(draw: st.DrawFn, cell: GridCell, *, longest: int = 9) -> Sizes:
    """Axes that differ pairwise, and from D*num_layers and D*H_out, so that no swap can hide."""
    D = 2 if cell.bidirectional else 1
    taken = {D * cell.num_layers}

    def next_size(among: range, *, scale: int = 1) -> int:
        size: int = draw(st.sampled_from([n for n in among if taken.isdisjoint({n, scale * n})]))
        taken.update({size, scale * size})
        return size

    L = next_size(range(1, longest + 1))
    H_out = next_size(range(2, 10), scale=D)
    H_cell = next_size(range(H_out + 1, 20)) if cell.projection else H_out
    return Sizes(L=L, N=next_size(range(1, 13)), H_in=next_size(range(1, 13)), H_cell=H_cell, H_out=H_out)


@st.composite
def degenerate_sizes(draw: st.DrawFn, cell: GridCell) -> Sizes:
    """Axes of the least size that is allowed, or next to it."""
    N, L, H_in, H_out = (draw(st.sampled_from(sizes)) for sizes in ((1, 0, 2), (1, 2), (1, 2), (1, 2)))
    return Sizes(N, L, H_in, H_out + 1 if cell.projection else H_out, H_out)


@st.composite
def large_sizes(draw: st.DrawFn, cell: GridCell, *, longest: int = 40) -> Sizes:
    """One or two axes past the block sizes of kernels, the others small."""
    large = draw(st.sampled_from([{"N"}, {"L"}, {"H"}, {"N", "H"}, {"H_in"}]))
    N = draw(st.integers(17, 40)) if "N" in large else 3
    L = draw(st.integers(33, 40)) if "L" in large and longest >= 40 else 2
    H_in = draw(st.integers(33, 70)) if "H_in" in large else 5
    H_cell = draw(st.integers(33, 70).filter(lambda size: size % 16)) if "H" in large else 7
    return Sizes(N, L, H_in, H_cell, H_cell // 2 if cell.projection else H_cell)


SIZES: tuple[Callable[..., st.SearchStrategy[Sizes]], ...] = (
    distinct_sizes,
    degenerate_sizes,
    large_sizes,
)


@st.composite
def cases(
    draw: st.DrawFn,
    cell: GridCell,
    device: str,
    *,
    layout: str | None = None,
    N: int | None = None,
    initial_state: bool | None = None,
    bias: bool | None = None,
    build_only: bool = False,
) -> Case:
    """A layer of the grid cell on the device, and one call of it.

    ``layout``, ``N`` (of a batch), ``initial_state`` and ``bias`` are drawn unless they are given.
    ``build_only`` draws what the constructor sees and leaves the call at its defaults.
    """
    # The meta device decomposes a call step by step: 1.5 ms a step, layer and direction.
    longest = {"longest": 2} if device == "meta" else {}
    source = draw(st.sampled_from((0, 0, 1, 2)))
    sizes = draw(SIZES[source](cell, **({} if source == 1 else longest)))
    options: dict[str, object] = {}
    if cell.kind in ("RNN", "RNNCell"):
        options["nonlinearity"] = draw(st.sampled_from(("tanh", "relu")))
    if cell.num_layers > 1:
        options["dropout"] = draw(st.sampled_from((0.0, 0.5)))
    if cell.projection:
        options["proj_size"] = sizes.H_out
    layer = Layer(
        cell.kind,
        sizes.H_in,
        sizes.H_cell,
        num_layers=cell.num_layers,
        batch_first=cell.batch_first,
        bidirectional=cell.bidirectional,
        bias=draw(st.sampled_from((True, False))) if bias is None else bias,
        **options,  # type: ignore[arg-type]
    )
    built = {
        "dtype": draw(st.sampled_from(dtypes(device))),
        "seed": draw(st.integers(0, 2**16)),
        "training": draw(st.sampled_from((True, False))),
    }
    first_layout = layouts(layer)[0]
    if build_only:
        return Case(layer, device, **built, layout=first_layout)
    sequences = sizes.N if N is None else N
    if N is not None:
        layout = first_layout
    elif layout is None:
        # A packed batch has at least one sequence.
        among = layouts(layer) if sequences else tuple(l for l in layouts(layer) if l != "packed")
        layout = draw(st.sampled_from((first_layout, *among)))
    lengths: list[int] = []
    enforce_sorted = True
    if layout == "packed":
        lengths = draw(
            st.lists(st.integers(1, sizes.L), min_size=sequences or 1, max_size=sequences or 1)
        )
        enforce_sorted = draw(st.sampled_from((True, False)))
        if enforce_sorted:
            lengths.sort(reverse=True)
    return Case(
        layer,
        device,
        **built,
        layout=layout,
        N=len(lengths) or sequences,
        L=max(lengths, default=sizes.L),
        lengths=tuple(lengths),
        enforce_sorted=enforce_sorted,
        initial_state=draw(st.sampled_from((False, True))) if initial_state is None else initial_state,
        contiguous=draw(st.sampled_from((True, False))),
        grad_mode=draw(st.sampled_from(GRAD_MODES)),
    )
