"""The devices on which layers can be called here, and what they can compute."""

from __future__ import annotations

import functools

import torch

from rnn_contracts.variations import DTYPES


def accelerators() -> tuple[str, ...]:
    """The accelerators that torch reports: cuda:0, cuda:1, xpu:0, mps, ..."""
    if hasattr(torch, "accelerator"):
        count = torch.accelerator.device_count() if torch.accelerator.is_available() else 0
        current = torch.accelerator.current_accelerator() if count else None
        kind = current.type if current else ""
    elif torch.cuda.is_available():
        kind, count = "cuda", torch.cuda.device_count()
    else:
        kind, count = "mps", int(torch.backends.mps.is_available())
    return (kind,) * count if kind == "mps" else tuple(f"{kind}:{i}" for i in range(count))


def available_devices() -> tuple[str, ...]:
    """Every device on which layers can be called here."""
    return ("cpu", "meta", *accelerators())


@functools.cache
def dtypes(device: str) -> tuple[str, ...]:
    """Those of ``DTYPES`` in which the device multiplies matrices (no float64 on mps, say)."""
    return tuple(dtype for dtype in DTYPES if _multiplies(device, getattr(torch, dtype)))


def _multiplies(device: str, dtype: torch.dtype) -> bool:
    try:
        ones = torch.ones(2, 2, device=device, dtype=dtype)
        torch.tanh(ones @ ones)
    except (RuntimeError, TypeError):
        return False
    return True


def has_numbers(device: str) -> bool:
    """Whether tensors on the device have numbers; on meta they have shapes alone."""
    return device != "meta"
