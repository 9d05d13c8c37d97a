"""What one release of torch saves and another one loads.

Of the releases that are supported: torch 1.3 and those before it pickled layers without what is now
called ``_flat_weights``, and torch 2 does not fill it in.
"""

from __future__ import annotations

from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.rules.rule import Rule

_SAVED = {
    "num_layers": (1, 2), "layout": "batched", "N": 2, "initial_state": True, "dropout": 0.0,
}  # fmt: skip
"""The layers that were saved, and the calls of which the numbers were kept."""
_RELEASES = "torch 2.0.1, 2.3.1, 2.6.0, 2.9.1, 2.13.0, 2.14.1 and 2.15.0"

# fmt: off
OF_RELEASES = (
    Rule(
        "state-dict-crosses-releases", "law",
        "A state_dict saved by any supported release loads, and gives the results that it gave there",
        module="releases",
        layers=LAYERS + CELLS, values=True, domain=_SAVED,
        condition=f"state_dicts of {_RELEASES}, older or newer, with input_size 2 and hidden_size 3: "
                  "layer.load_state_dict(torch.load(file, weights_only=True)), then layer(input) is "
                  "what it was in the release that saved it",
    ),
    Rule(
        "pickled-layer-loads-in-later-releases", "law",
        "A layer pickled by this or an earlier supported release loads, and gives the same results",
        module="releases",
        layers=LAYERS + CELLS, values=True, domain={**_SAVED, "bias": True},
        condition=f"layers that {_RELEASES} saved whole, with input_size 2 and hidden_size 3: "
                  "torch.load(file)(input) is what it was in the release that saved it",
    ),
)
# fmt: on
