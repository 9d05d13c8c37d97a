"""What is checked in place of torch's own layers: a class or factory of somebody else's.

A subject takes torch's constructor arguments. One that it does not take, and what it raises
``NotImplementedError`` for, is not supported, which is neither held nor broken.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import pkgutil
import re
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

import torch

from rnn_contracts.checking import child
from rnn_contracts.checking.child import CannotBeSent, ChildDied
from rnn_contracts.checking.limits import ARGUMENTS, CALLS
from rnn_contracts.drawing.case import Case
from rnn_contracts.layer import LAYERS, Layer


class NotSupported(BaseException):
    """A subject cannot do what a case needs: ``args`` are the names of what it lacks.

    No ``Exception``, like pytest's own outcomes: what a layer raises is judged, and this is not.
    """


@dataclass(frozen=True)
class Subject:
    """What stands for ``kind``: its name, ``package.module:Name``, and what it does not take.

    ``unknown`` are the arguments that its constructor does not have, ``declared`` the limits that its
    user has named. With ``require_all`` what it does not support is a failure.
    """

    kind: str
    name: str
    constructor: Callable[..., Any]
    unknown: frozenset[str]
    require_all: bool
    declared: tuple[str, ...] = ()

    @property
    def lacks(self) -> tuple[str, ...]:
        """The arguments that it does not take, or is not to be given."""
        return tuple(name for name in ARGUMENTS if name in self.unknown or name in self.declared)

    def leaves_out(self, case: Case) -> list[str]:
        """The declared limits that cover the case."""
        return [name for name in self.declared if name in CALLS and case.matches(CALLS[name])]

    def __str__(self) -> str:
        return f"{self.kind} is {self.name}"


def make(
    kind: str,
    name: str,
    constructor: Callable[..., Any],
    *,
    require_all: bool = False,
    without: tuple[str, ...] = (),
) -> Subject:
    """The subject of that constructor, which is tried for what it does not take, in a child process.

    ``ValueError`` if it ends that process.
    """
    try:
        unknown = frozenset(child.result_of(_lacking, kind, constructor))
    except ChildDied as error:
        raise ValueError(f"its constructor {error}") from None
    except CannotBeSent:
        unknown = frozenset(_lacking(kind, constructor))
    return Subject(kind, name, constructor, unknown, require_all, without)


def _lacking(kind: str, constructor: Callable[..., Any]) -> tuple[str, ...]:
    """The arguments that it does not take, though they have their default values."""
    takes = {argument.name: argument.default for argument in fields(Layer)[3:]}
    if kind != "RNN":
        del takes["nonlinearity"]
    if kind != "LSTM":
        del takes["proj_size"]
    takes |= {"device": "cpu", "dtype": torch.float32}
    # What takes not even the sizes is broken: the run will say so.
    if _raised(constructor) is not None:
        return ()
    return tuple(name for name, value in takes.items() if not _takes(constructor, name, value))


def _takes(constructor: Callable[..., Any], name: str, value: object) -> bool:
    try:
        inspect.signature(constructor).bind(3, 4, **{name: value})
    except TypeError:
        return False
    except ValueError:
        # It has no signature.
        pass
    # Behind a **kwargs there may be one that does not take it. What else it raises, the run will say.
    return f"unexpected keyword argument {name!r}" not in _text(
        _raised(constructor, **{name: value})
    )


def _raised(constructor: Callable[..., Any], **options: object) -> BaseException | None:
    """What the constructor raises, without a trace in the rest of the run."""
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        torch.random.fork_rng(devices=[]),
    ):
        warnings.simplefilter("ignore")
        try:
            constructor(3, 4, **options)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return error
    return None


def name_of(constructor: Callable[..., Any]) -> str:
    """``package.module:Name`` of a class or function."""
    name = getattr(constructor, "__qualname__", "") or f"<{type(constructor).__name__}>"
    return f"{getattr(constructor, '__module__', '')}:{name}"


def load(name: str) -> Callable[..., Any]:
    """The class or factory ``package.module:Name``; ``ValueError`` says why there is none."""
    if not re.fullmatch(r"[^\W\d][\w.]*:[^\W\d][\w.]*", name):
        raise ValueError("expected package.module:Name")
    try:
        found = pkgutil.resolve_name(name)
    except KeyboardInterrupt:
        raise
    except AttributeError as error:
        raise ValueError(_one_line(_text(error))) from None
    except BaseException as error:
        why = f"{type(error).__name__}: {_text(error)}"
        raise ValueError(f"the import failed with {_one_line(why)}") from None
    if isinstance(found, torch.nn.Module) or not callable(found):
        raise ValueError(f"expected a class or a factory, got {_one_line(repr(found))}")
    return found  # type: ignore[no-any-return]


def _can_be_loaded(name: str) -> bool:
    return callable(load(name))


def parse(
    options: list[str], *, require_all: bool, without: tuple[str, ...] = ()
) -> Mapping[str, Subject]:
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
            child.result_of(_can_be_loaded, name)
            chosen[kind] = make(kind, name, load(name), require_all=require_all, without=without)
        except ChildDied as error:
            raise ValueError(f"{option}: the import {error}") from None
        except ValueError as error:
            raise ValueError(f"{option}: {error}") from None
    return MappingProxyType(chosen)


def lacking(subject: Subject | None, names: Iterable[str]) -> list[str]:
    """Those of the arguments that the subject does not take."""
    return sorted({name for name in names if subject and name in subject.lacks})


def require(subject: Subject | None, names: Iterable[str]) -> None:
    """Raise ``NotSupported`` if the subject lacks one of these arguments, and need not have all."""
    lacks = lacking(subject, names)
    if subject and lacks and not subject.require_all:
        raise NotSupported(*lacks)


def raise_if_not_supported(subject: Subject | None, error: Exception) -> None:
    """Raise ``NotSupported`` if that is what a subject says with the error."""
    if subject and not subject.require_all and says_not_supported(error):
        raise NotSupported(_one_line(_text(error)) or "NotImplementedError") from None


def says_not_supported(error: Exception) -> bool:
    """Whether the error says that something is not supported, not that ``forward`` is missing."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    missing = bool(frames) and frames[-1].f_code.co_name == "_forward_unimplemented"
    return isinstance(error, NotImplementedError) and not missing


def _text(error: BaseException | None) -> str:
    try:
        return str(error)
    except Exception:
        return "(it has no text)"


def _one_line(text: str) -> str:
    line = " ".join(text.split("\n", 1)[0].split())
    return line if len(line) <= 120 else f"{line[:117]}..."
