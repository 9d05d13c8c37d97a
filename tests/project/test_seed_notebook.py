"""The notebook that all this started from: its shapes, written down by hand.

One layer, ten layers, two directions; ``output`` against ``hidden``; how to split the directions.
"""

from __future__ import annotations

import pytest
import torch
from torch import nn

from rnn_contracts import expected_shapes

INPUT_SIZE = 5
HIDDEN_SIZE = 8


@pytest.mark.parametrize(
    ("options", "outputs_shape", "hidden_shape"),
    [
        pytest.param({"batch_first": True}, (2, 4, 8), (1, 2, 8), id="1 layer"),
        pytest.param(
            {"num_layers": 10, "batch_first": True}, (2, 4, 8), (10, 2, 8), id="10 layers"
        ),
        pytest.param(
            {"batch_first": True, "bidirectional": True}, (2, 4, 16), (2, 2, 8), id="bidirectional"
        ),
        # Described in the notebook and not run: the same tensor is now 2 steps of 4 sequences.
        pytest.param({"batch_first": False}, (2, 4, 8), (1, 4, 8), id="1 layer, sequence first"),
        pytest.param(
            {"num_layers": 10, "batch_first": False},
            (2, 4, 8),
            (10, 4, 8),
            id="10 layers, sequence first",
        ),
        pytest.param(
            {"batch_first": False, "bidirectional": True},
            (2, 4, 16),
            (2, 4, 8),
            id="bidirectional, sequence first",
        ),
    ],
)
def test_shapes(
    options: dict[str, int], outputs_shape: tuple[int, ...], hidden_shape: tuple[int, ...]
) -> None:
    """Torch and the contract both give the shapes that the notebook shows."""
    cell = nn.RNN(INPUT_SIZE, HIDDEN_SIZE, **options)
    inputs = torch.zeros(2, 4, 5)
    outputs, hidden = cell(inputs)
    assert outputs.shape == outputs_shape
    assert hidden.shape == hidden_shape
    expected = expected_shapes(cell, (2, 4, 5))
    assert expected["output"] == outputs_shape
    assert expected["h_n"] == hidden_shape


def test_directions() -> None:
    """``hidden[0]`` is the forward direction and ``hidden[1]`` the backward one, (2, 8) each."""
    cell = nn.RNN(INPUT_SIZE, HIDDEN_SIZE, batch_first=True, bidirectional=True)
    outputs, hidden = cell(torch.randn(2, 4, 5))
    forward, backward = hidden[0], hidden[1]
    assert forward.shape == (2, 8)
    assert hidden[0, :, :].shape == (2, 8)
    assert backward.shape == (2, 8)
    assert torch.equal(forward, outputs[:, -1, :8])
    assert torch.equal(backward, outputs[:, 0, 8:])
