"""Layers that each break one rule, some of them only in a corner.

Each function is what a call (``@breaks_call``) or a constructor (``@breaks_build``) does instead of
torch's, or a helper of packing (``@breaks_helper``). ``BROKEN`` lists them with the rule that must
reject them.
"""

from broken_layers import (
    dropout,
    laws,
    packing,
    parameters,
    refusals,
    releases,
    shapes,
    sizes,
    transformations,
    weights,
)
from broken_layers.alter import BROKEN, Broken

__all__ = [
    "BROKEN",
    "Broken",
    "dropout",
    "laws",
    "packing",
    "parameters",
    "refusals",
    "releases",
    "shapes",
    "sizes",
    "transformations",
    "weights",
]
