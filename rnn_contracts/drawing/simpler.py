"""The simplest case that fails as one that was drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rnn_contracts.contracts import layouts
from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.strategies import Draw, distinct_sizes
from rnn_contracts.layer import CELLS
from rnn_contracts.rules.domain import values_of
from rnn_contracts.variations import GridPoint

OF_THE_LAYER: dict[str, Any] = {"nonlinearity": "tanh", "bias": True, "dropout": 0.0}
OF_THE_CALL: dict[str, Any] = {
    "training": True,
    "dtype": "float32",
    "initial_state": False,
    "contiguous": True,
    "grad_mode": "enable_grad",
    "enforce_sorted": True,
}
SIZES = ("lengths", "N", "L", "input_size", "proj_size", "hidden_size")
ARGUMENTS = ("layout", *OF_THE_LAYER, *OF_THE_CALL)


def simplest_case(case: Case, draw: Draw, fails: Callable[[Case], bool], *, sizes: bool) -> Case:
    """The case with each argument in turn at its simplest value, where it still fails.

    Hypothesis shrinks to the example of the fewest choices, which is often not the simplest to read.
    The grid point stays, since the id of the test names it. Without ``sizes`` the sizes become the
    first ones that differ pairwise: they show which axis is wrong, and are the same for every seed.
    """
    for argument in (*ARGUMENTS, *(SIZES if sizes else ("distinct sizes",))):
        simpler = simplified(case, argument, draw)
        if simpler != case and simpler.matches(draw.domain) and fails(simpler):
            case = simpler
    return case


def simplified(case: Case, argument: str, draw: Draw) -> Case:
    """The case with this argument at its simplest value: one row, two steps, sizes of one."""
    if argument == "distinct sizes":
        return of_distinct_sizes(case, draw)
    if argument == "layout":
        return replace(case, layout=layouts(case.layer)[0], lengths=(), enforce_sorted=True)
    if argument == "enforce_sorted":
        lengths = tuple(sorted(case.lengths, reverse=True))
        return replace(case, enforce_sorted=True, lengths=lengths)
    if argument in OF_THE_CALL:
        return replace(case, **{argument: OF_THE_CALL[argument]})
    if argument == "lengths":
        if len(case.lengths) < 3 or "equal_lengths" in draw.domain:
            return case
        return replace(case, N=2, L=2, lengths=(2, 1) if case.enforce_sorted else (1, 2))
    if argument == "N":
        least = max(1, draw.least_N, *values_of(draw.domain, "least_N"))
        fixed = case.lengths or case.layout == "unbatched" or "N" in draw.domain
        return case if fixed else replace(case, N=min(case.N, least))
    if argument == "L":
        fixed = case.lengths or case.layer.kind in CELLS
        return case if fixed else replace(case, L=min(case.L, max(2, draw.least_L)))
    layer = case.layer
    values: dict[str, Any] = {
        **OF_THE_LAYER,
        "input_size": 1,
        "proj_size": min(layer.proj_size, 1),
        "hidden_size": layer.proj_size + 1,
    }
    return replace(case, layer=replace(layer, **{argument: values[argument]}))


def of_distinct_sizes(case: Case, draw: Draw) -> Case:
    """The case with the least sizes that differ pairwise, where its call has them."""
    layer = case.layer
    point = GridPoint(
        layer.kind,
        layer.proj_size > 0,
        num_layers=layer.num_layers,
        bidirectional=layer.bidirectional,
    )
    sizes = distinct_sizes(lambda _, free: min(free), point, 2)
    layer = replace(
        layer,
        input_size=sizes.H_in,
        hidden_size=sizes.H_cell,
        proj_size=sizes.H_out if point.projection else 0,
    )
    N = case.N if "N" in draw.domain or case.layout == "unbatched" else max(sizes.N, draw.least_N)
    L = case.L if layer.kind in CELLS else max(sizes.L, draw.least_L)
    lengths = case.lengths
    if lengths:
        one = L if "equal_lengths" in draw.domain else 1
        lengths = (L, *(N - 1) * (one,)) if case.enforce_sorted else (one, L, *(N - 2) * (one,))
    return replace(case, layer=layer, N=N, L=L, lengths=lengths)
