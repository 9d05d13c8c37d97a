"""Which numbers dropout leaves out between two layers, and what it does to the others."""

from __future__ import annotations

from rnn_contracts.rules.rule import Rule

RATES = (0.5, 0.2, 0.8)
"""Of dropout, strictly between 0 and 1."""
_DROPS = {"dropout": RATES, "training": True, "num_layers": (2, 3, 10)}
"""Where numbers are left out at random, and it shows which."""

# fmt: off
DROPOUT = (
    Rule(
        "dropout-scales-what-it-keeps", "law",
        "In training dropout passes each number to the next layer as zero, or times 1/(1-dropout)",
        module="dropout",
        values=True, domain={**_DROPS, "dtype": ("float32", "float64")},
        condition="number by number, a layer but the first reads 0 or output / (1 - dropout) of the "
                  "layer below, to within 2**-12",
    ),
    Rule(
        "dropout-drops-its-share", "law",
        "In training dropout zeroes each number between layers by itself, with probability dropout",
        module="dropout",
        values=True, domain=_DROPS,
        condition="the share of zeros is dropout, and neighbours in steps, rows, features, directions "
                  "and layers are zero independently; that a run is wrong is rarer than 1 in 10**9",
    ),
    Rule(
        "dropout-follows-the-seed", "law",
        "Dropout zeroes the same numbers after the same torch.manual_seed, others after another seed",
        module="dropout",
        values=True, domain={**_DROPS, "layout": ("batched", "packed")},
        condition="after the same seed a call gives the same results; after another seed, and in the "
                  "next call, other numbers are zero",
    ),
    Rule(
        "dropout-of-one-layer-does-nothing", "law",
        "Dropout changes nothing in a single layer, in training or eval",
        module="dropout",
        values=True, domain={"num_layers": 1, "dropout": (*RATES, 1.0)},
        condition="layer(input) == a layer with dropout=0 and the same weights(input)",
    ),
)
# fmt: on
