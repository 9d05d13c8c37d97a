"""What is varied in the calls of the suite, and the values of it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from rnn_contracts.helpers import PACKING
from rnn_contracts.layer import CELLS, LAYERS

DTYPES = ("float32", "float64", "bfloat16", "float16")
GRAD_MODES = ("enable_grad", "no_grad", "inference_mode")
NONLINEARITIES = ("tanh", "relu")
NUM_LAYERS = (1, 2, 3, 10)
DEEP = 10
"""Stands for every depth above 3 in a grid point and in a condition."""
DEPTHS_OF_DEEP = (4, *8 * (DEEP,), 5, 6, 7, 8, 9, 11, 12)
"""The depths that are drawn there, of which one in two is 10."""
DROPOUTS = (0.0, 0.5)
FLAGS = (True, False)


@dataclass(frozen=True)
class GridPoint:
    """The few discrete values that the ids of tests name, so that none can be missed.

    A ``num_layers`` of ``DEEP`` stands for every depth above 3.
    """

    kind: str
    projection: bool = False
    batch_first: bool = False
    num_layers: int = 1
    bidirectional: bool = False

    def __str__(self) -> str:
        if self.kind in CELLS:
            return self.kind
        layout = "batch_first" if self.batch_first else "sequence_first"
        if self.kind == PACKING:
            return f"{self.kind}-{layout}"
        kind = f"{self.kind}-proj" if self.projection else self.kind
        layers = "1_layer" if self.num_layers == 1 else f"{self.num_layers}_layers"
        layers = "deep" if self.num_layers == DEEP else layers
        directions = "bidirectional" if self.bidirectional else "forward"
        return "-".join((kind, layout, layers, directions))


GRID = (
    *(
        GridPoint(kind, projection, batch_first, num_layers, bidirectional)
        for (kind, projection), batch_first, num_layers, bidirectional in itertools.product(
            [*((kind, False) for kind in LAYERS), ("LSTM", True)],
            (False, True),
            NUM_LAYERS,
            (False, True),
        )
    ),
    *(GridPoint(kind) for kind in CELLS),
)
GRID_OF_HELPERS = tuple(GridPoint(PACKING, batch_first=it) for it in (False, True))
"""That of the rules about the helpers of packing, which know no layer."""

CONDITIONS: dict[str, tuple[object, ...]] = {
    "projection": FLAGS,
    "batch_first": FLAGS,
    "num_layers": NUM_LAYERS,
    "bidirectional": FLAGS,
    "dtype": DTYPES,
    "layout": ("batched", "unbatched", "packed"),
    "N": (0, 1, 2, 3),
    "initial_state": FLAGS,
    "contiguous": FLAGS,
    "bias": FLAGS,
    "nonlinearity": NONLINEARITIES,
    "dropout": DROPOUTS,
    "training": FLAGS,
    "grad_mode": GRAD_MODES,
    "enforce_sorted": FLAGS,
    "equal_lengths": FLAGS,
}
"""What the ``when`` of a known deviation may speak of, and the values that it may have.

A ``num_layers`` of ``DEEP`` is that of every stack of more than 3 layers.
"""

OF_HELPERS = ("batch_first", "dtype", "N", "enforce_sorted", "equal_lengths")
"""The conditions that a call of the helpers of packing has."""
