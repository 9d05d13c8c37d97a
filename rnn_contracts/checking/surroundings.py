"""What a test of the suite relies on, whatever a conftest has set before."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import pytest
import torch

from rnn_contracts.checking.violation import ContractViolation


@contextlib.contextmanager
def usual(threads: int) -> Iterator[None]:
    """That number of threads, torch's own defaults, and warnings that are shown and break no rule.

    Float32 is computed in float32: TF32, which keeps 10 bits of 23, is a choice and no fault of a layer.

    What was there before is there again afterwards, whoever has changed it: threads, dtype and device
    of new tensors, deterministic algorithms, the grad mode, the filters of warnings, the directory and
    the random numbers of torch.
    """
    with contextlib.ExitStack() as stack:
        if directory := _directory():
            stack.callback(os.chdir, directory)
        stack.callback(torch.set_rng_state, torch.get_rng_state())
        stack.callback(torch.set_num_threads, torch.get_num_threads())
        torch.set_num_threads(threads)
        stack.callback(torch.set_default_dtype, torch.get_default_dtype())
        torch.set_default_dtype(torch.float32)
        _let_algorithms_be_nondeterministic(stack)
        _compute_in_full_precision(stack)
        device = torch.empty(0).device
        stack.callback(torch.set_default_device, None if device.type == "cpu" else device)
        torch.set_default_device(None)
        stack.enter_context(torch.enable_grad())
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("default")
        for message in _OF_NO_INTEREST:
            warnings.filterwarnings("ignore", message, UserWarning)
        yield


_OF_NO_INTEREST = (
    # Torch says these once in a process, in whichever test that is.
    "LSTM with projections is not supported with oneDNN",
    "LSTM with projections is not supported with MIOpen",
    # It copies the weights in each call, as where functional_call gives them, which breaks no rule.
    "RNN module weights are not part of single contiguous chunk",
    # Rules of their own hold what comes of these.
    "There is a performance drop because we have not yet implemented the batching rule",
    "None of the inputs have requires_grad=True",
    # A rule of its own asks for this one.
    "dropout option adds dropout after all",
    # Torch 2.0 says it of what torch.load does itself.
    "TypedStorage is deprecated",
)


def _let_algorithms_be_nondeterministic(stack: contextlib.ExitStack) -> None:
    before = _deterministic_algorithms()

    def restore() -> None:
        # Torch imports its compiler to set this, which takes seconds, so set it only if it changed.
        if _deterministic_algorithms() != before:
            torch.use_deterministic_algorithms(before[0], warn_only=before[1])

    stack.callback(restore)
    if before[0]:
        torch.use_deterministic_algorithms(False)


def _deterministic_algorithms() -> tuple[bool, bool]:
    enabled = torch.are_deterministic_algorithms_enabled()
    return enabled, torch.is_deterministic_algorithms_warn_only_enabled()


def _compute_in_full_precision(stack: contextlib.ExitStack) -> None:
    stack.callback(torch.set_float32_matmul_precision, _float32_matmul_precision())
    torch.set_float32_matmul_precision("highest")
    library: Any = torch.backends.cudnn
    matmul: Any = torch.backends.cuda.matmul
    flags: list[tuple[Any, str, object]] = [
        (library, "allow_tf32", False),
        (matmul, "allow_tf32", False),
    ]
    if hasattr(library, "rnn"):
        # Newer names for the same, which the older ones set too.
        flags += [(library.rnn, "fp32_precision", "ieee"), (matmul, "fp32_precision", "ieee")]
    for owner, name, value in flags:
        # Torch does not tell the older flags where somebody has set the newer ones alone.
        with contextlib.suppress(RuntimeError):
            stack.callback(setattr, owner, name, getattr(owner, name))
        setattr(owner, name, value)


def _float32_matmul_precision() -> str:
    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:
        # It was set by newer names, which say the same of each library.
        return "highest"


@dataclass(frozen=True)
class State:
    """What a process has one of, and a layer has no business to change."""

    threads: int
    default_dtype: torch.dtype
    default_device: torch.device
    deterministic_algorithms: bool
    grad_mode: bool
    float32_matmul_precision: str
    warning_filters: tuple[object, ...]
    directory: str

    @classmethod
    def now(cls) -> State:
        """As it is."""
        return cls(
            torch.get_num_threads(),
            torch.get_default_dtype(),
            torch.empty(0).device,
            torch.are_deterministic_algorithms_enabled(),
            torch.is_grad_enabled(),
            _float32_matmul_precision(),
            tuple(warnings.filters),
            _directory(),
        )

    def unusual(self) -> list[str]:
        """What is not as torch has it at first, in words."""
        usual = replace(
            self,
            default_dtype=torch.float32,
            default_device=torch.device("cpu"),
            deterministic_algorithms=False,
            grad_mode=True,
            float32_matmul_precision="highest",
        )
        return self.changes_from(usual)

    def changes_from(self, before: State) -> list[str]:
        """What is no longer as it was, in words."""
        return [
            f"{field.name.replace('_', ' ')} {_shown(before, field.name)} to {_shown(self, field.name)}"
            for field in fields(State)
            if getattr(self, field.name) != getattr(before, field.name)
        ]


def _shown(state: State, name: str) -> str:
    return f"of {len(value)}" if isinstance(value := getattr(state, name), tuple) else f"{value}"


def _directory() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""


@contextlib.contextmanager
def kept(seeds: Callable[[], Collection[int]]) -> Iterator[None]:
    """Tell what a test has changed: a test that passed fails of it, and a violation names it.

    ``seeds`` gives those that the test has set itself. ``usual`` undoes the changes.
    """
    before, seed, modules = State.now(), torch.initial_seed(), len(sys.modules)

    def changes() -> list[str]:
        now = State.now()
        if len(sys.modules) > modules:
            # A module sets its filters once, when it is imported, which may be within a call.
            now = replace(now, warning_filters=before.warning_filters)
        found = now.changes_from(before)
        if torch.initial_seed() not in (seed, *seeds()):
            found.append(f"seed of torch to {torch.initial_seed()}")
        return [f"the layer changed the {change}" for change in found]

    try:
        yield
    except ContractViolation as violation:
        for change in changes():
            violation.add_line(change)
        raise
    except Exception as error:
        if found := changes():
            told = "; ".join([*found, f"then {type(error).__name__}: {error}"])
            pytest.fail(told, pytrace=False)
        raise
    if found := changes():
        pytest.fail("; ".join(found), pytrace=False)


def has_docstrings() -> bool:
    """Whether this Python keeps docstrings: ``python -OO`` drops them."""
    return sys.flags.optimize < 2
