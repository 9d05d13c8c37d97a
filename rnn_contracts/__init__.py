"""The executable shape contract of PyTorch's recurrent layers.

Importing this package imports neither torch nor Hypothesis.
"""

from rnn_contracts.contracts import (
    RULES,
    Layer,
    Rule,
    expected_shapes,
    parameter_shapes,
    rule,
)

__all__ = ["RULES", "Layer", "Rule", "expected_shapes", "parameter_shapes", "rule"]
