"""The executable shape contract of PyTorch's recurrent layers.

Importing this package imports neither torch nor Hypothesis; only ``check`` and
``parametrize_with_rules`` need them.

PYTEST_DONT_REWRITE: pytest loads ``rnn_contracts.autoload``, and would warn that this module, which has
no assert statement, was imported before.
"""

from importlib import import_module

from rnn_contracts.contracts import expected_shapes, parameter_shapes
from rnn_contracts.layer import Layer
from rnn_contracts.rules import RULES, Rule, rule

__version__ = "0.2.0.dev0"

# As `typing` has it, whose import would take a quarter of the time of `rnn-contracts list`.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from rnn_contracts.checking.violation import ContractViolation
    from rnn_contracts.checking.your_call import check
    from rnn_contracts.citing.citations import cite
    from rnn_contracts.citing.describe_call import shapes
    from rnn_contracts.citing.describe_error import why
    from rnn_contracts.citing.explanation import explain
    from rnn_contracts.parametrize import parametrize_with_rules

__all__ = [
    "RULES",
    "ContractViolation",
    "Layer",
    "Rule",
    "check",
    "cite",
    "expected_shapes",
    "explain",
    "parameter_shapes",
    "parametrize_with_rules",
    "rule",
    "shapes",
    "why",
]

_LAZY = {
    "ContractViolation": "checking.violation",
    "check": "checking.your_call",
    "cite": "citing.citations",
    "explain": "citing.explanation",
    "parametrize_with_rules": "parametrize",
    "shapes": "citing.describe_call",
    "why": "citing.describe_error",
}


def __getattr__(name: str) -> "Any":
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
