"""Child processes that try what may kill the interpreter, or never end.

A child is used again until it dies, or until a wrong call did more than raise: nobody knows what such
a call did to the memory of its process.
"""

from __future__ import annotations

import contextlib
import importlib
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from rnn_contracts import devices
from rnn_contracts.checking import child, subjects
from rnn_contracts.checking.child import CannotBeSent, ChildDied
from rnn_contracts.checking.subjects import Subject
from rnn_contracts.drawing.attempt import Attempt
from rnn_contracts.drawing.case import Case
from rnn_contracts.helpers import HELPERS
from rnn_contracts.layer import CELLS, LAYERS

REFUSALS = (ValueError, RuntimeError, TypeError)
Expected = Literal["refused", "accepted", "undefined"]
"""What is known to come of a wrong call. Each has a child of its own."""


@dataclass(frozen=True)
class Outcome:
    """``what`` came of an attempt, and how: the type of a refusal, or a description.

    ``error`` is what the wrong call raised, if it raised anything, as the end of a traceback has it.

    refused         the wrong call raised a refusal, and everything else is as it was
    accepted        it raised nothing
    raised          it raised something else, and everything else is as it was
    broken          it left a layer or an argument changed
    died            its process ended, or did not answer in time
    unusable        the right call raised already
    no memory       an accelerator had no memory left, and nothing is known
    not supported   the right call raised NotImplementedError
    """

    what: str
    how: str
    error: str = ""


class Sandboxes:
    """The children of one run. ``close`` ends them."""

    def __init__(self) -> None:
        self._children: dict[tuple[str, Expected], _Child] = {}

    def run(
        self, attempt: Attempt, subject: Subject | None, expected: Expected = "refused"
    ) -> Outcome:
        """Try it in a child process."""
        device = attempt.case.device
        try:
            child_process = self._child(device, subject, expected)
        except CannotBeSent as error:
            return Outcome("not supported", f"wrong calls, which another process makes: {error}")
        except ChildDied as error:
            return Outcome("died", str(error))
        outcome = child_process.run(attempt)
        harmless = outcome.what in ("refused", "raised", "not supported")
        # A constructor runs no kernel and meta has no memory. Calls that are known to be accepted
        # have a child of their own, whose other verdicts do not matter.
        if outcome.what == "accepted":
            harmless = not attempt.right or device == "meta" or expected != "refused"
        if not harmless:
            self._discard(device, expected)
        return outcome

    def dies(self, case: Case, subject: Subject | None) -> bool:
        """Whether the call of the case ends its process, or hangs."""
        call = f"{case.moded}({case.call_arguments})"
        attempt = Attempt(case, "\n".join(case.setup()), "", "", call)
        died = self.run(attempt, subject).what == "died"
        self._discard(case.device, "refused")
        return died

    def close(self) -> None:
        """End the children."""
        while self._children:
            self._children.popitem()[1].close()

    def _child(self, device: str, subject: Subject | None, expected: Expected) -> _Child:
        """The child for the device, started anew if it died or would call other layers."""
        # Somebody may have put other classes and functions into torch.nn since the child was forked.
        layers = (subject, *(getattr(torch.nn, kind) for kind in LAYERS + CELLS))
        layers += tuple(getattr(torch.nn.utils.rnn, name) for name in HELPERS)
        known = self._children.get((device, expected))
        if known is None or known.layers != layers or not known.process.is_alive():
            self._discard(device, expected)
            if device == "meta":
                # The first call on meta imports this for more than a second. Forks inherit it.
                importlib.import_module("torch._dynamo")
            known = self._children[device, expected] = _Child(subject, layers)
        return known

    def _discard(self, device: str, expected: Expected) -> None:
        if known := self._children.pop((device, expected), None):
            known.close()


class _Child:
    """A process that tries one attempt after the other."""

    def __init__(self, subject: Subject | None, layers: object) -> None:
        self.layers = layers
        constructor = subject.constructor if subject else None
        self.process, self.pipe = child.start(_serve, constructor)

    def run(self, attempt: Attempt) -> Outcome:
        try:
            self.pipe.send(attempt)
            if not self.pipe.poll(child.SECONDS):
                self.close()
                return Outcome("died", f"hung for {child.SECONDS} s")
            return Outcome(*self.pipe.recv())
        except (EOFError, OSError):
            return Outcome("died", child.how_it_ended(self.process))

    def close(self) -> None:
        self.pipe.close()
        self.process.kill()
        self.process.join()


# --- In the child --------------------------------------------------------------------------------


def _serve(pipe: Connection, constructor: Any) -> None:
    with contextlib.suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            outcome = attempt_here(pipe.recv(), constructor)
            pipe.send((outcome.what, outcome.how, outcome.error))


def attempt_here(attempt: Attempt, constructor: Any = None) -> Outcome:
    """Try it in this process."""
    names: dict[str, Any] = {"torch": torch, "nn": torch.nn}
    if constructor is not None:
        names[attempt.case.callee] = constructor
    try:
        return _attempt(attempt, names)
    except Exception as error:
        if devices.is_out_of_memory(error):
            return Outcome("no memory", _raised(error))
        if devices.is_lost(error):
            return Outcome("died", f"{_raised(error)}, after which the device cannot be used")
        raise


def _attempt(attempt: Attempt, names: dict[str, Any]) -> Outcome:
    # The lines come from the table of wrong calls and from the case, never from somebody else.
    device = attempt.case.device
    try:
        exec(attempt.setup, names)  # noqa: S102
        expected = eval(attempt.right, names) if attempt.right else None  # noqa: S307
        devices.synchronize(device)
    except Exception as error:
        _raise_if_of_the_device(error)
        if subjects.says_not_supported(error):
            return Outcome("not supported", str(error))
        return Outcome("unusable", f"{type(error).__name__}: {error}")
    spoiled = dict(names)
    exec(attempt.spoil, spoiled)  # noqa: S102
    before = {name: _copy(spoiled[name]) for name in attempt.given}
    try:
        result = eval(attempt.wrong, spoiled)  # noqa: S307
        devices.synchronize(device)
    except REFUSALS as error:
        _raise_if_of_the_device(error)
        refusal, text = type(error).__name__, _as_in_a_traceback(error)
    except BaseException as error:
        how, text = f"raised {type(error).__name__}: {error}", _as_in_a_traceback(error)
        changed = _change_of_the_right_call(attempt, names, expected)
        return Outcome("broken" if changed else "raised", how, text)
    else:
        return Outcome("accepted", f"was accepted and gave {_described(result)}")
    for name, old in before.items():
        if not _same(old, spoiled[name]):
            how = f"was refused with {refusal}, but {name} is no longer what it was"
            return Outcome("broken", how, text)
    if changed := _change_of_the_right_call(attempt, names, expected):
        return Outcome(
            "broken", f"was refused with {refusal}, but the right call now {changed}", text
        )
    return Outcome("refused", refusal, text)


def _change_of_the_right_call(attempt: Attempt, names: dict[str, Any], expected: Any) -> str:
    """What the right call does after the wrong one that it did not do before, or nothing."""
    if not attempt.right:
        return ""
    try:
        again = eval(attempt.right, names)  # noqa: S307
        devices.synchronize(attempt.case.device)
    except Exception as error:
        _raise_if_of_the_device(error)
        return f"raises {_first_line(error)}"
    return "" if _same(expected, again) else "gives something else"


def _raise_if_of_the_device(error: Exception) -> None:
    """An error of the device says nothing of the call, though its type is that of a refusal."""
    if devices.is_out_of_memory(error) or devices.is_lost(error):
        raise error


def _as_in_a_traceback(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error)).strip()


def _raised(error: Exception) -> str:
    return f"raised {_first_line(error)}"


def _first_line(error: Exception) -> str:
    first = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {first}"


def _copy(value: Any) -> Any:
    if isinstance(value, PackedSequence):
        return value._replace(data=value.data.clone())
    if isinstance(value, list):
        return [*map(_copy, value)]
    return value.clone() if isinstance(value, Tensor) else value


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, (tuple, list)):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, int):
        return bool(one == other)
    if not isinstance(one, Tensor):
        return True
    return one.shape == other.shape and (one.is_meta or torch.equal(one, other))


def _described(result: Any) -> str:
    if isinstance(result, PackedSequence):
        return f"a PackedSequence of {_described(result.data)}"
    if isinstance(result, (tuple, list)):
        brackets = "[{}]" if isinstance(result, list) else "({})"
        return brackets.format(", ".join(map(_described, result)))
    if isinstance(result, torch.nn.Module):
        # Its repr may take many lines.
        return f"a layer {type(result).__name__}"
    return f"a tensor {tuple(result.shape)}" if isinstance(result, Tensor) else repr(result)
