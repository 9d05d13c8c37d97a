"""Weights that change after construction: the numbers that a layer shows are those it computes with."""

from __future__ import annotations

from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.rules.laws import SURE
from rnn_contracts.rules.rule import Rule

# fmt: off
WEIGHTS = (
    Rule(
        "assigned-weights-are-used", "law",
        "A layer computes with its current parameters, also after they are assigned, loaded or changed",
        module="weights",
        layers=LAYERS + CELLS, values=True, domain=SURE,
        condition="after layer.weight = Parameter(...), a change in place under no_grad or "
                  "load_state_dict(assign=True), with or without flatten_parameters(), "
                  "layer(input) == a new layer of these weights(input)",
    ),
    Rule(
        "parametrized-weights-are-used", "law",
        "A layer computes with parametrized or pruned weights, and their originals get the gradients",
        module="weights",
        layers=LAYERS + CELLS, values=True, domain=SURE,
        condition="with register_parametrization, weight_norm (both forms) or pruning, before and after "
                  "their originals change, layer(input) == a new layer of the weights shown(input); "
                  "with autograd on, the originals get the gradient of these weights",
    ),
    Rule(
        "moved-layers-are-as-made-there", "law",
        "A layer moved to another dtype or device gives the results of one made there with its weights",
        module="weights",
        layers=LAYERS + CELLS, values=True, domain=SURE,
        condition="after to(dtype), to(device) and back, to_empty() and load_state_dict(), or "
                  "share_memory(), layer(input) == a new layer of these weights(input); the weights "
                  "are those from before, rounded to each dtype",
    ),
    Rule(
        "frozen-parameters-change-no-gradient", "law",
        "A frozen parameter gets no gradient, and changes no other gradient and no result",
        module="weights",
        layers=LAYERS + CELLS, values=True, domain={"grad_mode": "enable_grad", **SURE},
        condition="with requires_grad_(False) for any parameters, and once it is undone, the gradients "
                  "of all others, of input and of state are those with none frozen",
    ),
)
# fmt: on
