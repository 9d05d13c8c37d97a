"""Calls of torch, values and results, as Python code."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence
from torch.overrides import resolve_name

from rnn_contracts.drawing.case import Case

_OPERATORS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "true_divide": "/", "matmul": "@",
    "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
}  # fmt: skip


def call_as_code(function: Any, written: Sequence[str], options: Sequence[str]) -> str:
    """The code of a call of torch, whose arguments are written already."""
    name = getattr(function, "__name__", "")
    whole = resolve_name(function) or f"{function.__module__}.{function.__qualname__}"
    whole = whole.replace("torch.nn.", "nn.")
    plain = name.strip("_")
    operator = _OPERATORS.get(plain) or _OPERATORS.get(plain.removeprefix("r"))
    first, others = "".join(written[:1]), [*written[1:], *options]
    if name == "__setitem__":
        return f"{first}[{index_as_code(written[1])}] = {written[2]}"
    if name == "__getitem__":
        return f"{first}[{index_as_code(written[1])}]"
    if name == "__get__":
        return f"{first}.{function.__self__.__name__}"
    if operator and len(written) == 2 and not options:
        one, other = written if plain in _OPERATORS else reversed(written)
        return f"({one} {operator} {other})"
    if plain in ("neg", "invert") and len(written) == 1:
        return f"({'-' if plain == 'neg' else '~'}{first})"
    if whole.startswith("torch.Tensor."):
        return f"{first}.{name}({', '.join(others)})"
    return f"{whole}({', '.join([*written, *options])})"


def source_of(function: Callable[..., Any]) -> str:
    """The source of a function that stands alone, without its docstring and comments to tools."""
    text = re.sub(r'    """.*?"""\n', "", inspect.getsource(function), flags=re.DOTALL)
    return re.sub(r"  # type:.*", "", text).rstrip()


def name_for(function: str, operand: str) -> str:
    """A name for what a function of torch gives."""
    if function in ("to", "double", "detach", "__getitem__", "unsqueeze"):
        return operand
    return function.strip("_") or "value"


def parts_of(case: Case, result: Any) -> list[Any] | None:
    """What the call returned, in the order in which it is documented; None if it is otherwise."""
    kind = case.layer.kind
    if kind in ("RNNCell", "GRUCell"):
        return [result] if isinstance(result, Tensor) else None
    if not isinstance(result, tuple) or isinstance(result, PackedSequence) or len(result) != 2:
        return None
    parts = [*result]
    if kind == "LSTM":
        if not isinstance(result[1], tuple) or len(result[1]) != 2:
            return None
        parts = [result[0], *result[1]]
    return parts if all(isinstance(part, (Tensor, PackedSequence)) for part in parts) else None


def literal(value: object) -> str:
    """A constant as code that gives it again."""
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, torch.device):
        return f"torch.{value!r}"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return "..." if value is ... else repr(value)


def index_as_code(code: str) -> str:
    """An index as it is written in brackets."""
    return code[1:-1].rstrip(",") if code.startswith("(") and code.endswith(")") else code
