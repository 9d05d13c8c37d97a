"""Which numbers dropout leaves out between two layers, and what it does to the others.

Dropout is inside of the call of a stack, so the weights are set so that each layer passes on what it
reads, number by number: what a layer gives tells whether its input was zero.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from rnn_contracts.checking.trial import ROUNDING, Trial
from rnn_contracts.drawing.case import Case
from rnn_contracts.rule_tests.statement import rule_test

ROWS = 256
NEAR = 2**-12
"""How near a number must be to one that was kept, or left out, times its size where that is above 1.

Above the rounding of float32, since the functions of cuDNN are not that exact.
"""
ERROR = 1e-16
"""The probability with which one comparison of a share is wrong; a nightly run makes under a million."""


@rule_test()
def test_dropout_scales_what_it_keeps(trial: Trial) -> None:
    """Each number that a layer reads is zero, or that of the layer below divided by 1 - dropout."""
    for gap in gaps(trial):
        lawful = torch.minimum((gap.found - gap.kept).abs(), (gap.found - gap.dropped).abs())
        allowed = NEAR * gap.kept.abs().clamp(min=1)
        found = "a number that is passed on is neither zero nor divided by 1 - dropout"
        trial.assert_that("($0 <= $1).all()", found, lawful, allowed)


@rule_test()
def test_dropout_drops_its_share(trial: Trial) -> None:
    """The share of zeros, and that neighbours on each axis are zero independently."""
    p = trial.case.layer.dropout
    before: Gap | None = None
    for gap in gaps(trial):
        dropped, shows = gap.was_dropped, gap.shows
        assert_share(trial, "zeros", dropped[shows], p)
        pairs: list[tuple[Tensor, ...]]
        pairs = [(*neighbours(dropped, axis), *neighbours(shows, axis)) for axis in range(3)]
        if trial.case.axes["D"] == 2:
            pairs.append((*dropped.chunk(2, -1), *shows.chunk(2, -1)))
        for one, other, one_shows, other_shows in pairs:
            alike = (one == other)[torch.logical_and(one_shows, other_shows)]
            assert_share(trial, "neighbours that are alike", alike, p**2 + (1 - p) ** 2)
        for above, zero in (("zeros", True), ("others", False)):
            if before:
                # What shows here depends on what was zero one layer below: look at each alone.
                below = torch.logical_and(before.shows, before.was_dropped == zero)
                chosen = dropped[torch.logical_and(below, shows)]
                assert_share(trial, f"zeros above {above}", chosen, p)
        before = gap


@rule_test()
def test_dropout_follows_the_seed(trial: Trial) -> None:
    """The same seed, another one, and none."""
    seed = trial.case.seed
    pass_on_what_is_read(trial)
    input, state, case = wide(trial)
    results = []
    for given in (seed + 1, seed, None, seed):
        if given is not None:
            # A script keeps what changes the layer: the numbers that it draws.
            trial.do(f"torch.manual_seed({given})", trial.layer, changes=1)
        results.append(trial.call(input, state, case=case, layer=trial.layer))
    other, first, following, again = results
    # In float16 numbers that are kept in each layer of a deep stack may overflow, and inf * 0 is NaN.
    same = "torch.allclose($0, $1, rtol=0, atol=0, equal_nan=True)"
    found = "with the same seed output has other numbers"
    trial.assert_that(same, found, again["output"], first["output"])
    for name, result in (("another seed", other), ("the next call", following)):
        found = f"with {name} output has the same numbers"
        trial.assert_that(f"not {same}", found, result["output"], first["output"])


@rule_test(least_N=1)
def test_dropout_of_one_layer_does_nothing(trial: Trial) -> None:
    """A layer without dropout, and with the same weights, gives the same."""
    case = replace(trial.case, layer=replace(trial.case.layer, dropout=0.0))
    expected = trial.call(layer=trial.with_same_weights(case), case=case)
    trial.assert_all_close(trial.call(layer=trial.layer), expected, units=ROUNDING)


# --- What is between two layers ------------------------------------------------------------------


class Gap(NamedTuple):
    """What a layer gives, and what it would give of numbers kept and of zeros; (L, N, D*H_out)."""

    found: Tensor
    kept: Tensor
    dropped: Tensor
    rounding: float

    @property
    def was_dropped(self) -> Tensor:
        """Whether the number that was read is zero."""
        return (self.found - self.dropped).abs() < (self.found - self.kept).abs()

    @property
    def shows(self) -> Tensor:
        """Whether that can be told: a layer that gives zeros has nothing to be left out."""
        least = 8 * max(NEAR, self.rounding)
        return (self.kept - self.dropped).abs() > least * self.kept.abs().clamp(min=1)


def wide(trial: Trial) -> tuple[Tensor, tuple[Tensor, ...], Case]:
    """Many rows, of some steps if every output between layers is known, otherwise of one step."""
    case, layer = trial.case, trial.case.layer
    L = 3 if layer.num_layers == 2 else 1
    N = 1 if case.layout == "unbatched" else ROWS
    lengths = tuple(L - row % L for row in range(N)) if case.lengths else ()
    if case.enforce_sorted:
        lengths = tuple(sorted(lengths, reverse=True))
    case = replace(case, N=N, L=L, lengths=lengths)
    where = f"device={case.device!r}, dtype=torch.{case.dtype}"
    # Drawn in a line of its own, since the input of several calls is the same.
    input = trial.do(f"torch.randn({L}, {N}, {layer.input_size}, {where})", name="input")
    shapes = replace(case, layout="sequence first", initial_state=True).state_shapes.values()
    # A state that is not zero shows that a layer passes something on, whatever it reads.
    state = tuple(trial.do(f"torch.full({shape}, 0.5, {where})", name="state") for shape in shapes)
    return input, state, case


def gaps(trial: Trial) -> Iterator[Gap]:
    """What is between the layers of a stack: above the first layer, above the second, ..."""
    pass_on_what_is_read(trial)
    input, state, case = wide(trial)
    D, layers = case.axes["D"], case.layer.num_layers
    results = trial.call(input, state, case=case, layer=trial.layer)
    if layers == 2:
        first, alone = trial.single_layer(0)
        alone = replace(alone, N=case.N, L=case.L, lengths=case.lengths)
        below = trial.call(input, tuple(part[:D] for part in state), layer=first, case=alone)
        outputs = [below["output"], results["output"]]
    else:
        # After one step the final states are the outputs.
        finals = [torch.cat([*part], -1) for part in results["h_n"].chunk(layers)]
        outputs = [part[None] for part in finals]
    outputs = [trial.on_cpu(part.detach()).double() for part in outputs]
    rounding = torch.finfo(getattr(torch, case.dtype)).eps
    for lower, upper in itertools.pairwise(outputs):
        parts = [direction(case, lower, upper, d) for d in range(D)]
        found, kept, dropped = (torch.cat(columns, -1) for columns in zip(*parts, strict=True))
        yield Gap(found, kept, dropped, rounding)


def pass_on_what_is_read(trial: Trial) -> None:
    """Set the weights: direction d of a layer reads direction d of the layer below.

    RNN adds what it reads to its state, GRU and LSTM have gates that are half open.
    """
    layer = trial.case.layer
    H_cell, H_out = layer.axes["H_cell"], layer.axes["H_out"]
    with torch.no_grad():
        for name, parameter in trial.parameters().items():
            parameter.zero_()
            column = H_out if name.endswith("_reverse") else 0
            if name.startswith("weight_ih"):
                first = 0 if layer.kind == "RNN" else 2 * H_cell
                for j in range(H_out):
                    parameter[first + j, (column + j) % parameter.shape[1]] = 1
            elif name.startswith("weight_hr") or (layer.kind == "RNN" and "weight_hh" in name):
                for j in range(H_out):
                    parameter[j, j] = 1


def direction(case: Case, below: Tensor, above: Tensor, d: int) -> tuple[Tensor, Tensor, Tensor]:
    """What one direction gives, and what it would give, step by step; (L, N, H_out)."""
    width, p = case.axes["H_out"], case.layer.dropout
    read, found = (part[..., d * width : (d + 1) * width] for part in (below, above))
    h = c = torch.full_like(found[0], 0.5)
    kept, dropped = [h] * len(found), [h] * len(found)
    for t in reversed(range(len(found))) if d else range(len(found)):
        whole, none = stepped(case, read[t] / (1 - p), h, c), stepped(case, 0 * read[t], h, c)
        left_out = (found[t] - none[0]).abs() < (found[t] - whole[0]).abs()
        after = torch.where(left_out, none[1], whole[1])
        # Past its length a sequence gives zeros, of which nothing shows, and its state is as before.
        kept[t], dropped[t] = (going_on(case, t, part[0], found[t]) for part in (whole, none))
        c, h = going_on(case, t, after, c), going_on(case, t, found[t], h)
    return found, torch.stack(kept), torch.stack(dropped)


def going_on(case: Case, t: int, value: Tensor, otherwise: Tensor) -> Tensor:
    """The value, in rows that have step t, and what else it is in the others."""
    if not case.lengths:
        return value
    return torch.where(torch.tensor([[length > t] for length in case.lengths]), value, otherwise)


def stepped(case: Case, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """The next states of a layer that passes on what it reads."""
    if case.layer.kind == "RNN":
        return (torch.relu if case.layer.nonlinearity == "relu" else torch.tanh)(x + h), c
    if case.layer.kind == "GRU":
        return (torch.tanh(x) + h) / 2, c
    c = (torch.tanh(x) + c) / 2
    return torch.tanh(c) / 2, c


# --- Shares --------------------------------------------------------------------------------------


def neighbours(part: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """The first, third, ... on the axis, and the second, fourth, ...: each is in one pair alone."""
    size = part.shape[axis] // 2 * 2
    even = torch.arange(size // 2) * 2
    return part.index_select(axis, even), part.index_select(axis, even + 1)


def assert_share(trial: Trial, what: str, truths: Tensor, expected: float) -> None:
    """The share of what is true is near the expected one, by Hoeffding's inequality."""
    if not truths.numel():
        return
    allowed = math.sqrt(math.log(2 / ERROR) / (2 * truths.numel()))
    share = "$0.double().mean().item()"
    found = f"share of {what}: {{{share}:.4g}}   expected {expected:.4g} to within {allowed:.2g}"
    trial.assert_that(f"abs({share} - {expected}) <= {allowed}", found, truths)
