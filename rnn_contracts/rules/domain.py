"""Where a rule is said to hold: data that its test draws whole, and that every page shows.

A domain is a mapping from conditions to the value that each must have, or to a tuple of such values:
``{"bidirectional": False, "dtype": ("float32", "float64")}``. What it does not name is free.
The conditions are those of ``variations.CONDITIONS``, and these:

least_N       the least number of sequences
dropout_acts  whether dropout changes anything: in training, between two layers
smooth        whether rounding cannot choose between two gradients: not relu in less than float64
autocast      whether the call is made under autocast to bfloat16
device        the type of the device
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rnn_contracts.variations import CONDITIONS, DEEP, DROPOUTS, FLAGS, NUM_LAYERS

Domain = Mapping[str, Any]

EVERYWHERE = "every valid layer and call, outside torch.autocast"

SEQUENCES = "every batch of sequences of one step or more, in both layouts, with all options"
"""Where a rule about the helpers of packing holds that names no condition."""

CONDITIONS_OF_DOMAINS: Mapping[str, tuple[object, ...]] = {
    **CONDITIONS,
    "dropout": (*DROPOUTS, 0.2, 0.8, 1.0),
    "least_N": (1, 2),
    "dropout_acts": (False,),
    "smooth": (True,),
    "autocast": FLAGS,
    "device": ("cpu",),
}
"""What a domain may speak of, and the values that it may have."""

_WORDS: Mapping[str, Callable[[object], str]] = {
    "least_N": lambda least: f"N >= {least}",
    "N": lambda N: f"N = {N}",
    "dropout_acts": lambda _: "dropout = 0 or eval mode",
    "smooth": lambda _: "tanh, or relu in float64",
    "autocast": lambda on: f"{'under' if on else 'outside'} torch.autocast",
    "device": lambda device: f"on {device}",
    "layout": lambda layout: f"{layout} input",
    "initial_state": lambda given: f"{'with' if given else 'without'} an initial state",
    "equal_lengths": lambda _: "sequences of one length",
    "projection": lambda _: "proj_size > 0",
    "grad_mode": lambda mode: f"under torch.{mode}",
}


def values_of(domain: Domain, condition: str) -> tuple[Any, ...]:
    """The values that the domain allows; empty if it allows any."""
    if condition not in domain:
        return ()
    allowed = domain[condition]
    return allowed if isinstance(allowed, tuple) else (allowed,)


def in_words(domain: Domain) -> str:
    """The domain as text: ``bidirectional = False; packed input``; see ``EVERYWHERE``."""
    return "; ".join(_condition(domain, name) for name in domain) or EVERYWHERE


def _condition(domain: Domain, name: str) -> str:
    values = values_of(domain, name)
    if name == "num_layers" and DEEP in values:
        return f"num_layers > {max({*NUM_LAYERS} - {*values})}"
    if name in _WORDS:
        return " or ".join(_WORDS[name](value) for value in values)
    return f"{name} = {' or '.join(map(str, values))}"
