"""The lines of Python that rules recommend get what they say, on torch's own layers."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from rnn_contracts import RULES
from rnn_contracts.rules import Rule

N, L, H_OUT = 3, 4, 5
LAST = RULES["final-hidden-is-last-output"]
LAYOUT = RULES["hidden-layout"]
RECIPES = [(rule, case) for rule in RULES.values() for case in rule.recipes]


def run(code: str, names: dict[str, Any]) -> Tensor:
    """The value of the last expression of the code."""
    *statements, expression = code.split("; ")
    exec("\n".join(statements), names)
    value = eval(expression, names)
    assert isinstance(value, Tensor)
    return value


def called(case: str, kind: str, num_layers: int, *, unbatched: bool) -> dict[str, Any]:
    """What the code of the case speaks of: a layer of that case, and the results of a call."""
    D = 1 + ("two directions" in case or "backward" in case or "directions" in case)
    batch_first = "batch_first" in case
    layer = getattr(nn, kind)(2, H_OUT, num_layers, bidirectional=D == 2, batch_first=batch_first)
    input: Any = torch.randn((N, L, 2) if batch_first else (L, N, 2))
    if unbatched:
        input = torch.randn(L, 2)
    if "packed" in case:
        input = nn.utils.rnn.pack_padded_sequence(input, [2, 4, 1], enforce_sorted=False)
    output, state = layer(input)
    h_n = state[0] if kind == "LSTM" else state
    names = {"torch": torch, "nn": nn, "output": output, "h_n": h_n, "H_out": H_OUT}
    return names | {"num_layers": num_layers, "D": D, "N": N}


@pytest.mark.parametrize(("rule", "case"), [(LAST, case) for case in LAST.recipes])
def test_the_last_output(rule: Rule, case: str) -> None:
    """The state of the last layer, where each direction has read the whole sequence."""
    for kind, num_layers in itertools.product(("RNN", "GRU", "LSTM"), (1, 3)):
        # Only a batch has the axis by which it comes first, and only a batch is packed.
        for unbatched in (False, True)[: 1 + (not {"batch_first", "packed"} & {*case.split()})]:
            names = called(case, kind, num_layers, unbatched=unbatched)
            ends = names["h_n"][-names["D"] :]
            torch.testing.assert_close(run(rule.recipes[case], names), torch.cat([*ends], -1))


@pytest.mark.parametrize("case", LAYOUT.recipes)
def test_layers_and_directions(case: str) -> None:
    """The first axis of h_n is taken apart: layer first, direction within it."""
    names = called(case, "GRU", 3, unbatched=False)
    parts = run(LAYOUT.recipes[case], names)
    h_n, D = names["h_n"], names["D"]
    expected = torch.stack([torch.stack([h_n[k * D + d] for d in range(D)]) for k in range(3)])
    assert torch.equal(parts, expected[-1] if "last" in case else expected)


def test_every_recipe_is_run() -> None:
    """No rule recommends a line that is not tried here."""
    assert {rule.id for rule, _ in RECIPES} == {LAST.id, LAYOUT.id}
