"""Files of data in JSON: what is read may be damaged, and what is written is read by people."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

COMMAND = "python -m tox -e upgrades"
"""What makes the files of recorded runs, where there are reports of all releases."""


def read(path: Path, from_text: Callable[[str], T]) -> T:
    """What is in a file; ``ValueError`` says in one line why there is nothing."""
    try:
        return from_text(path.read_text("utf-8"))
    except OSError as error:
        why = error.strerror or str(error)
    except ValueError as error:
        why = " ".join(str(error).split())
    raise ValueError(f"{path.name}: cannot be read: {why}; `{COMMAND}` makes it anew")


def in_lines(value: object, indent: str = "") -> str:
    """JSON in which what fits stands on one line."""
    line = json.dumps(value, ensure_ascii=False)
    inner = indent + "  "
    if len(inner) + len(line) <= 100 or not isinstance(value, (dict, list)):
        return line
    if isinstance(value, dict):
        items = [f"{json.dumps(name)}: {in_lines(it, inner)}" for name, it in value.items()]
    else:
        items = [in_lines(it, inner) for it in value]
    lines = ",\n".join(inner + item for item in items)
    return f"{line[0]}\n{lines}\n{indent}{line[-1]}"


def as_mapping(value: object) -> Mapping[str, object]:
    """The value, which must be an object."""
    if not isinstance(value, dict):
        raise ValueError(f"expected an object, got {type(value).__name__}")
    return value


def as_list(value: object) -> list[object]:
    """The value, which must be a list."""
    if not isinstance(value, list):
        raise ValueError(f"expected a list, got {type(value).__name__}")
    return value


def as_text(value: object) -> str:
    """The value, which must be text."""
    if not isinstance(value, str):
        raise ValueError(f"expected text, got {type(value).__name__}")
    return value
