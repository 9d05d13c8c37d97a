"""What is checked in place of torch's own layers: a class or factory of somebody else's.

A subject takes torch's constructor arguments. One that it does not take, and what it raises
``NotImplementedError`` for, is not supported, which is neither held nor broken.
"""

from __future__ import annotations

import contextlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

import torch

from rnn_contracts.contracts import LAYERS, Layer


class NotSupported(BaseException):
    """A subject cannot do what a case needs: ``args`` are the names of what it lacks.

    No ``Exception``, like pytest's own outcomes: what a layer raises is judged, and this is not.
    """


@dataclass(frozen=True)
class Subject:
    """What stands for ``kind``: its name, ``package.module:Name``, and what it does not take.

    Where all is required, ``lacks`` is empty and nothing is excused.
    """

    kind: str
    name: str
    constructor: Callable[..., Any]
    lacks: tuple[str, ...] = ()
    require_all: bool = False

    def __str__(self) -> str:
        return f"{self.kind} is {self.name}"


_subjects: dict[tuple[str, str], Subject] = {}


def find(kind: str, name: str) -> Subject:
    """The subject of that name, loaded if it is not known yet."""
    return _subjects.get((kind, name)) or add(kind, name, load(name))


def add(
    kind: str, name: str, constructor: Callable[..., Any], *, require_all: bool = False
) -> Subject:
    """Make the constructor known by its name."""
    lacks = () if require_all else _lacking(kind, constructor)
    subject = Subject(kind, name, constructor, lacks, require_all)
    _subjects[kind, name] = subject
    return subject


def _lacking(kind: str, constructor: Callable[..., Any]) -> tuple[str, ...]:
    """The arguments for which it raises TypeError, though they have their default values."""
    takes = {argument.name: argument.default for argument in fields(Layer)[3:]}
    if kind != "RNN":
        del takes["nonlinearity"]
    if kind != "LSTM":
        del takes["proj_size"]
    takes |= {"device": "cpu", "dtype": torch.float32}
    # What takes not even the sizes is broken: the run will say so.
    usable = False
    with contextlib.suppress(Exception):
        constructor(3, 4)
        usable = True
    return tuple(
        name for name, value in takes.items() if usable and not _takes(constructor, name, value)
    )


def _takes(constructor: Callable[..., Any], name: str, value: object) -> bool:
    try:
        constructor(3, 4, **{name: value})
    except TypeError:
        return False
    except Exception:
        # It takes the argument; what else it does wrong, the run will say.
        return True
    return True


def name_of(constructor: Callable[..., Any]) -> str:
    """``package.module:Name`` of a class or function."""
    name = getattr(constructor, "__qualname__", "") or f"<{type(constructor).__name__}>"
    return f"{getattr(constructor, '__module__', '')}:{name}"


def load(name: str) -> Callable[..., Any]:
    """The class or factory ``package.module:Name``; ``ValueError`` says why there is none."""
    module, colon, attribute = name.partition(":")
    if not (module and colon and attribute):
        raise ValueError("expected package.module:Name")
    try:
        found = pkgutil.resolve_name(name)
    except AttributeError as error:
        raise ValueError(_one_line(str(error))) from None
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise ValueError(f"the import failed with {_one_line(why)}") from None
    if not callable(found):
        raise ValueError(f"expected a class or a factory, got {_one_line(repr(found))}")
    return found  # type: ignore[no-any-return]


def parse(options: list[str], *, require_all: bool) -> Mapping[str, Subject]:
    """The subjects of ``KIND=package.module:Name``, by kind; ``ValueError`` says what is wrong."""
    chosen: dict[str, Subject] = {}
    for option in options:
        kind, equals, name = option.partition("=")
        if kind not in LAYERS or not equals:
            raise ValueError(
                f"{option}: expected KIND=package.module:Name, KIND one of {', '.join(LAYERS)}"
            )
        if kind in chosen:
            raise ValueError(f"{option}: {chosen[kind]} already")
        try:
            chosen[kind] = add(kind, name, load(name), require_all=require_all)
        except ValueError as error:
            raise ValueError(f"{option}: {error}") from None
    return MappingProxyType(chosen)


def require(subject: Subject | None, names: Iterable[str]) -> None:
    """Raise ``NotSupported`` if the subject lacks one of these arguments."""
    lacking = {name for name in names if subject and name in subject.lacks}
    if lacking:
        raise NotSupported(*sorted(lacking))


def excuse(subject: Subject | None, error: Exception) -> None:
    """Raise ``NotSupported`` if that is what a subject says with the error."""
    if subject and isinstance(error, NotImplementedError) and not subject.require_all:
        raise NotSupported(_one_line(str(error)) or "NotImplementedError") from None


def _one_line(text: str) -> str:
    line = " ".join(text.split("\n", 1)[0].split())
    return line if len(line) <= 120 else f"{line[:117]}..."
