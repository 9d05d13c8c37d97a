"""The known deviations as the package's file has them, read without ``packaging``.

``deviations.known()`` checks each entry, and needs ``packaging`` for that, which comes with pytest. To
tell a reader of them needs neither.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

DEVIATIONS = Path(__file__).parents[1] / "deviations.toml"
_DTYPE = re.compile(r"\b(?:bfloat16|float16|float32|float64)\b")


def entries() -> list[dict[str, Any]]:
    """All entries; ``ValueError`` where Python has no reader of TOML."""
    try:
        toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    except ImportError:
        raise ValueError("known deviations need tomli: pip install tomli") from None
    found: list[dict[str, Any]] = toml.loads(DEVIATIONS.read_text("utf-8"))["deviation"]
    return found


def defect(reason: str, link: str) -> str:
    """What is the same of two reasons if both tell of one defect: the issue, or all but the dtype."""
    return link or _DTYPE.sub("{}", reason)


def one_reason(reasons: Iterable[str]) -> str:
    """One line for reasons that tell of one defect.

    >>> one_reason(["zeros in float32", "zeros in float16"])
    'zeros in float32, float16'
    >>> one_reason(["zeros", "ones", "twos"])
    'zeros (and 2 more of this issue)'
    """
    first, *others = dict.fromkeys(reasons)
    dtypes = [found[0] for reason in (first, *others) if (found := _DTYPE.search(reason))]
    if dtypes and {_DTYPE.sub("{}", it) for it in others} <= {_DTYPE.sub("{}", first)}:
        return _DTYPE.sub(", ".join(dtypes), first, count=1)
    return f"{first} (and {len(others)} more of this issue)" if others else first
