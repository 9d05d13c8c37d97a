"""Child processes: what somebody else's code does there does not end the run."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import pickle
import signal
import sys
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import torch

from rnn_contracts.devices import accelerators

SECONDS = 60
"""How long a child may take for one call before it counts as one that hangs."""
SECONDS_TO_START = 300
"""How long it may take to start, in which it imports torch and may meet a cold accelerator."""


class ChildDied(Exception):
    """The child ended, or did not answer in time; the text says how."""


class CannotBeSent(Exception):
    """No child can be given what it needs, since a process that is not forked imports it by name."""


def start(serve: Callable[..., None], *arguments: object) -> tuple[BaseProcess, Connection]:
    """A child that runs ``serve(pipe, *arguments)``, and this end of the pipe.

    ``ChildDied`` if it does not get that far, ``CannotBeSent`` if it would need what has no name.
    """
    # A forked child starts at once and sees the layers that stand in torch.nn now. The BLAS of
    # macOS does not survive a fork, nor does the runtime of an accelerator, which counting the
    # devices has started and calls on the CPU ask too. Windows has no fork.
    forks = sys.platform not in ("darwin", "win32") and not accelerators()
    context: Any = multiprocessing.get_context("fork" if forks else "spawn")
    pipe, end = context.Pipe()
    by_library = torch.backends.cudnn.enabled
    process = context.Process(
        target=_run, args=(serve, end, forks, by_library, arguments), daemon=True
    )
    with warnings.catch_warnings():
        # Python warns of forks beside threads, whose locks the child might wait for. The child
        # uses one thread.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            process.start()
        except (pickle.PicklingError, AttributeError, TypeError):
            raise CannotBeSent("its module does not have it under its name") from None
    end.close()
    try:
        if not pipe.poll(SECONDS_TO_START):
            process.kill()
            raise ChildDied(f"did not start in {SECONDS_TO_START} s")
        pipe.recv()
    except (EOFError, OSError):
        raise ChildDied(how_it_ended(process)) from None
    return process, pipe


def how_it_ended(process: BaseProcess) -> str:
    """``killed the process (SIGSEGV)``."""
    process.join()
    code = process.exitcode or 0
    death = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return f"killed the process ({death})"


def result_of(function: Callable[..., Any], *arguments: object) -> Any:
    """What the function returns in a child. It may raise ``ValueError``; ``ChildDied`` says the rest."""
    process, pipe = start(_answer, function, *arguments)
    try:
        if not pipe.poll(SECONDS):
            raise ChildDied(f"hung for {SECONDS} s")
        kind, answer = pipe.recv()
    except (EOFError, OSError):
        raise ChildDied(how_it_ended(process)) from None
    finally:
        pipe.close()
        process.kill()
        process.join()
    if kind == "raised":
        raise ValueError(answer)
    if kind == "interrupted":
        raise ChildDied(f"raised {answer}")
    return answer


# --- In the child --------------------------------------------------------------------------------


def _run(
    serve: Callable[..., None],
    pipe: Connection,
    forked: bool,
    by_library: bool,
    arguments: tuple[object, ...],
) -> None:
    faulthandler.disable()
    torch.backends.cudnn.enabled = by_library
    # A fork has none of its parent's threads, and would wait for them for ever.
    torch.set_num_threads(1)
    if forked:
        # Close the pipes that the parent has open: xdist would not notice that a worker died while
        # its child holds them.
        os.closerange(3, pipe.fileno())
        os.closerange(pipe.fileno() + 1, min(os.sysconf("SC_OPEN_MAX"), 2**16))
    pipe.send("ready")
    serve(pipe, *arguments)


def _answer(pipe: Connection, function: Callable[..., Any], *arguments: object) -> None:
    # What is printed here is printed by the parent again.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    answer: tuple[str, Any]
    try:
        answer = "returned", function(*arguments)
    except ValueError as error:
        answer = "raised", str(error)
    except BaseException as error:
        answer = "interrupted", type(error).__name__
    pipe.send(answer)
