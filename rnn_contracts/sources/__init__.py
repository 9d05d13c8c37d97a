"""Where torch says each rule, in its own words, and who was caught by it.

Nobody reads this from top to bottom: it is looked up by the id of a rule.
"""

from __future__ import annotations

from rnn_contracts.sources.of_laws import OF_LAWS
from rnn_contracts.sources.of_packing import OF_PACKING
from rnn_contracts.sources.of_shapes import OF_SHAPES
from rnn_contracts.sources.of_transformations import OF_TRANSFORMATIONS
from rnn_contracts.sources.of_weights import OF_WEIGHTS
from rnn_contracts.sources.source import Source

__all__ = ["SOURCES", "Source"]

SOURCES: dict[str, Source] = {
    **OF_SHAPES,
    **OF_LAWS,
    **OF_WEIGHTS,
    **OF_TRANSFORMATIONS,
    **OF_PACKING,
}
