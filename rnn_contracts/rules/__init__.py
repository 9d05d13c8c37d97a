"""The rules: what else is said of a recurrent layer, each to be checked and to be cited."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from rnn_contracts.layer import Layer
from rnn_contracts.rules.dropout import DROPOUT
from rnn_contracts.rules.laws import LAWS
from rnn_contracts.rules.modes import MODES
from rnn_contracts.rules.packing import PACKING_RULES
from rnn_contracts.rules.parameters import PARAMETERS
from rnn_contracts.rules.refusals import REFUSALS
from rnn_contracts.rules.releases import OF_RELEASES
from rnn_contracts.rules.rule import FAMILIES, Rule
from rnn_contracts.rules.shapes import SHAPES
from rnn_contracts.rules.transformations import TRANSFORMATIONS
from rnn_contracts.rules.weights import WEIGHTS

__all__ = ["ACCEPTING", "FAMILIES", "RULES", "Rule", "rule", "shape_rule"]

_LAWS = LAWS + DROPOUT + MODES + WEIGHTS + TRANSFORMATIONS + OF_RELEASES
_EVERY = SHAPES + PARAMETERS + _LAWS + REFUSALS + PACKING_RULES
RULES: Mapping[str, Rule] = MappingProxyType({rule.id: rule for rule in _EVERY})

ACCEPTING = frozenset(
    {"constructor-accepts", "empty-batch-allowed"}
    | {rule.id for rule in SHAPES if {"input", "h_0", "c_0"} & {*rule.tensors}}
)
"""The rules that are broken by raising: where one is broken, no other can be checked."""


def rule(id: str) -> Rule:
    """The rule of that id; ``ValueError`` with the nearest ids if there is none."""
    if id not in RULES:
        asked = str(id).lower().replace("_", "-")
        nearest = difflib.get_close_matches(asked, RULES, n=3)
        # A word of an id is not close to all of it.
        nearest = nearest or [known for known in RULES if asked and asked in known][:3]
        known = f"`rnn-contracts list` names all {len(RULES)}"
        accepted = f"did you mean {' or '.join(nearest)}?" if nearest else known
        raise ValueError(f"no rule {id!r}; {accepted}")
    return RULES[id]


def shape_rule(layer: Layer, tensor: str) -> Rule:
    """The rule that states the shape of that tensor of a call: ``shape_rule(layer, "h_n")``."""
    return next(
        rule
        for rule in SHAPES
        if rule.columns and tensor in rule.tensors and layer.kind in rule.layers
    )
