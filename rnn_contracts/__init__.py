"""The executable shape contract of PyTorch's recurrent layers.

Importing this package imports neither torch nor Hypothesis; ``check`` and ``parametrize_with_rules``
need them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rnn_contracts.contracts import (
    RULES,
    Layer,
    Rule,
    expected_shapes,
    parameter_shapes,
    rule,
)

if TYPE_CHECKING:
    from rnn_contracts.checks import ContractViolation, check
    from rnn_contracts.parametrize import parametrize_with_rules

__all__ = [
    "RULES",
    "ContractViolation",
    "Layer",
    "Rule",
    "check",
    "expected_shapes",
    "parameter_shapes",
    "parametrize_with_rules",
    "rule",
]

_NEED_TORCH = {
    "ContractViolation": "checks",
    "check": "checks",
    "parametrize_with_rules": "parametrize",
}


def __getattr__(name: str) -> Any:
    if name not in _NEED_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_NEED_TORCH[name]}"), name)
