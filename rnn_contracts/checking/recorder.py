"""What notes the statements of a check, where somebody wants a script of it."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Iterator, Sequence
from types import CodeType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.drawn import Drawn

MODULES = (
    *("copy", "pickle", "tarfile", "warnings"),
    *("torch.nn.utils.prune", "torch.utils.checkpoint"),
)
"""Those that a statement may name: of the standard library, and what ``import torch`` leaves out."""


class Recorder:
    """Notes nothing. A check tells it what it does; see ``Recording``, which notes it all."""

    def begin(self, drawn: Drawn) -> None:
        """The random numbers of what was drawn are about to be made."""

    def building(self, case: Case, code: str) -> None:
        """A layer is about to be made by this code."""

    def built(self, module: nn.Module) -> None:
        """It was made."""

    def drawn(self, case: Case, input: Tensor, state: Sequence[Tensor]) -> None:
        """The input of a call was drawn, and its initial state."""

    def packed(self, case: Case, input: Tensor, packed: PackedSequence) -> None:
        """The input was packed."""

    def calling(self, case: Case, code: str, objects: Sequence[object]) -> None:
        """The layer is about to be called by this code."""

    def returned(self, case: Case, result: Any) -> None:
        """The call returned this."""

    def padded(self, packed: PackedSequence, output: Tensor) -> None:
        """An output was padded."""

    def given(self, thing: object, code: str, name: str) -> None:
        """There is something that this code would make anew."""

    def do(self, code: str, *objects: object, name: str = "value", changes: int = 0) -> Any:
        """Evaluate code, in which ``$0``, ``$1`` stand for the objects, and note it.

        ``name`` is a name for what it gives. ``changes`` is the number of the objects, the first of
        them, that the code changes.
        """
        return evaluate(code, *objects)

    def apply(self, function: Callable[..., Any], *objects: Tensor) -> Any:
        """Call a function that stands alone, whose source a script shows, and note it."""
        return function(*objects)

    @contextlib.contextmanager
    def within(self, code: str) -> Iterator[Any]:
        """Enter the context manager that this code makes."""
        with evaluate(code) as entered:
            yield entered

    def paused(self) -> contextlib.AbstractContextManager[None]:
        """What is done within is not noted."""
        return contextlib.nullcontext()


def evaluate(code: str, *objects: object) -> Any:
    """The value of code, in which ``$0``, ``$1`` stand for the objects."""
    compiled, modules = _compiled(code)
    names = {f"_{i}": thing for i, thing in enumerate(objects)}
    # As globals, since a comprehension and a lambda see no locals. The code comes from the suite.
    return eval(compiled, {"torch": torch, "nn": nn, **modules, **names})  # noqa: S307


@functools.lru_cache(maxsize=1000)
def _compiled(code: str) -> tuple[CodeType, dict[str, object]]:
    """The code for ``eval``, and the modules that it names. The suite has the same code often."""
    modules: dict[str, object] = {name: __import__(name) for name in MODULES if f"{name}." in code}
    return compile(re.sub(r"\$(\d)", r"_\1", code), "<check>", "eval"), modules
