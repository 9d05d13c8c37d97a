"""What torch calls ``torch.simulated``: the cards, the one that is current, random numbers, waiting."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from simulated_device.variants import ERRORS

NAME = "simulated"
CARDS = int(os.environ.get("SIMULATED_CARDS", "1"))
Device = torch.device | str | int | None

allow_tf32 = True
"""Whether products may be computed with 10 bits; of use with the variant ``ten_bits`` alone."""


class _Process:
    """What a process knows of the device."""

    current = 0
    used = False
    forked = False
    # The CPU computes the random numbers of a card, from a state of the card's own.
    generators = tuple(torch.Generator("cpu") for _ in range(CARDS))


def _was_forked() -> None:
    _Process.forked = _Process.used


os.register_at_fork(after_in_child=_was_forked)


def use() -> None:
    """Note that the device is used, which no process may do that was forked from one that did."""
    if _Process.forked:
        raise RuntimeError(
            "Cannot re-initialize the simulated device in forked subprocess. To use it with "
            "multiprocessing, you must use the 'spawn' start method"
        )
    _Process.used = True


def index_of(device: Device = None) -> int:
    """The number of a card; that of the current one if the device has none."""
    if isinstance(device, int):
        index: int | None = device
    else:
        index = None if device is None else torch.device(device).index
    if index is None:
        return _Process.current
    if index >= CARDS:
        raise RuntimeError(f"invalid device ordinal: {NAME} has {CARDS}, and no number {index}")
    return index


# --- What torch asks of a backend ----------------------------------------------------------------


_initialized = True
"""Without it ``torch.utils.checkpoint`` does not keep the random numbers of a device."""


def is_initialized() -> bool:
    """Whether the device was used."""
    return _Process.used


def is_available() -> bool:
    """Whether there is a card."""
    return CARDS > 0


def device_count() -> int:
    """The number of cards."""
    return CARDS


def current_device() -> int:
    """The card on which tensors are made where no other is named."""
    return _Process.current


def set_device(device: Device) -> None:
    """Make a card the current one; a negative number changes nothing."""
    if (index := index_of(device)) >= 0:
        _Process.current = index


@contextlib.contextmanager
def device(device: Device) -> Iterator[None]:
    """Make a card the current one within."""
    before = _Process.current
    set_device(device)
    try:
        yield
    finally:
        _Process.current = before


def exchange_device(index: int) -> int:
    """Make a card the current one, and return the one before."""
    before = _Process.current
    set_device(index)
    return before


def get_device_name(device: Device = None) -> str:
    """The name of a card."""
    return f"Simulated card {index_of(device)}"


def synchronize(device: Device = None) -> None:
    """Wait for the device, which raises the errors that came of earlier calls."""
    use()
    ERRORS.surface(waiting=True)


def empty_cache() -> None:
    """Do nothing: no memory is cached."""


def get_amp_supported_dtype() -> list[torch.dtype]:
    """The dtypes that autocast may use."""
    return [torch.bfloat16, torch.float16]


def _is_in_bad_fork() -> bool:
    return _Process.forked


# --- Random numbers ------------------------------------------------------------------------------


def manual_seed(seed: int) -> None:
    """Seed the current card."""
    _Process.generators[_Process.current].manual_seed(seed)


def manual_seed_all(seed: int) -> None:
    """Seed every card."""
    for generator in _Process.generators:
        generator.manual_seed(seed)


def initial_seed() -> int:
    """The seed of the current card."""
    return _Process.generators[_Process.current].initial_seed()


def get_rng_state(device: Device = None) -> Tensor:
    """The state of a card's random numbers."""
    return _Process.generators[index_of(device)].get_state()


def set_rng_state(new_state: Tensor, device: Device = None) -> None:
    """Set the state of a card's random numbers."""
    _Process.generators[index_of(device)].set_state(new_state)


def get_rng_state_all() -> list[Tensor]:
    """The states of all cards."""
    return [generator.get_state() for generator in _Process.generators]


def set_rng_state_all(new_states: Iterable[Tensor]) -> None:
    """Set the states of all cards."""
    for card, state in enumerate(new_states):
        set_rng_state(state, card)


def drawing(index: int, function: Any, args: Any, kwargs: Any) -> Any:
    """Call a function of the CPU that draws random numbers, with those of a card."""
    generator, cpu = _Process.generators[index], torch.default_generator
    before = cpu.get_state()
    cpu.set_state(generator.get_state())
    try:
        return function(*args, **kwargs)
    finally:
        generator.set_state(cpu.get_state())
        cpu.set_state(before)
