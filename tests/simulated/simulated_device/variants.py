"""Limits and faults that real devices have, each switched on by its name in ``SIMULATED_DEVICE``.

no_float64      refuses float64, as MPS does
like_cudnn      the layers, not the cells, refuse what cuDNN refuses; see ``cudnn``
ten_bits        matrix products round float32 to 10 bits of mantissa, as TF32 does, while both
                ``torch.simulated.allow_tf32`` and ``torch.backends.cudnn.allow_tf32`` are true
asynchronous    an error on the device shows when the device is next waited for
out_of_memory   every n-th matrix product of a process finds no memory, n being ``SIMULATED_OOM_AT``,
                and so does every tensor of more bytes than ``SIMULATED_OOM_OVER``
asserting       an error on the device makes all that follows fail in this process

An error on the device is an index out of range, or that of the matrix product whose number in the
process is ``SIMULATED_FAULT_AT``. CUDA is ``asynchronous,asserting``, and ``asserting`` alone is CUDA
with ``CUDA_LAUNCH_BLOCKING=1``.
"""

from __future__ import annotations

import os

import torch
from torch import Tensor

NAMES = (
    *("no_float64", "like_cudnn", "ten_bits"),
    *("asynchronous", "out_of_memory", "asserting"),
)
CHOSEN = frozenset(filter(None, os.environ.get("SIMULATED_DEVICE", "").split(",")))
if unknown := CHOSEN.difference(NAMES):
    raise ValueError(
        f"SIMULATED_DEVICE: no {', '.join(sorted(unknown))}; known: {', '.join(NAMES)}"
    )

NO_FLOAT64 = "no_float64" in CHOSEN
TEN_BITS = "ten_bits" in CHOSEN
ASYNCHRONOUS = "asynchronous" in CHOSEN
ASSERTING = "asserting" in CHOSEN
OUT_OF_MEMORY = "out_of_memory" in CHOSEN
LIMITS_TENSORS = NO_FLOAT64 or OUT_OF_MEMORY


def _number(name: str) -> int:
    """A number of the environment; 0 if there is none."""
    return int(os.environ.get(name, "0"))


FAULT_AT, OOM_AT, OOM_OVER = map(
    _number, ("SIMULATED_FAULT_AT", "SIMULATED_OOM_AT", "SIMULATED_OOM_OVER")
)


def refuse_result(raw: Tensor) -> None:
    """Raise if the device cannot have such a tensor."""
    if NO_FLOAT64 and raw.dtype in (torch.float64, torch.complex128):
        raise TypeError(
            "Cannot convert a simulated Tensor to float64 dtype as the simulated framework doesn't "
            "support float64. Please use float32 instead."
        )
    if OUT_OF_MEMORY and OOM_OVER and raw.nbytes > OOM_OVER:
        raise out_of_memory(raw.nbytes)


def out_of_memory(size: int) -> torch.OutOfMemoryError:
    """The error of an allocation of that many bytes."""
    return torch.OutOfMemoryError(f"simulated out of memory. Tried to allocate {size} bytes.")


def rounded(value: object) -> object:
    """A tensor of float32 with 10 bits of mantissa; anything else as it is."""
    if not isinstance(value, Tensor) or value.dtype != torch.float32:
        return value
    bits = value.contiguous().view(torch.int32)
    # Add half of the last bit that is kept, and drop the 13 bits behind it.
    near = ((bits + 0x1000) & ~0x1FFF).view(torch.float32)
    return torch.where(value.isfinite(), near, value)


class KernelFailed(RuntimeError):
    """What ``SIMULATED_FAULT_AT`` asks for."""


class Errors:
    """The errors of a process: one that nobody has waited for, and one that ended the device."""

    def __init__(self) -> None:
        self.products = 0
        self.pending: Exception | None = None
        self.fatal: str = ""

    def count_product(self) -> None:
        """Raise what this matrix product, one of many in the process, is to fail with."""
        self.products += 1
        if OUT_OF_MEMORY and OOM_AT and self.products % OOM_AT == 0:
            raise out_of_memory(2**31)
        if self.products == FAULT_AT:
            raise KernelFailed(f"the device failed in matrix product {FAULT_AT}")

    def happen(self, error: Exception) -> None:
        """An error on the device: raise it, or keep it until somebody waits for the device."""
        if ASSERTING:
            error = _assertion(f"device-side assert triggered: {error}")
        if not ASYNCHRONOUS:
            self._raise(error)
        self.pending = self.pending or error

    def surface(self, *, waiting: bool) -> None:
        """Raise what is to be raised before an operation, or when the device is waited for."""
        if self.fatal:
            raise _assertion(self.fatal)
        if waiting and self.pending:
            error, self.pending = self.pending, None
            self._raise(error)

    def _raise(self, error: Exception) -> None:
        if ASSERTING:
            self.fatal = str(error)
        raise error


def _assertion(text: str) -> Exception:
    # Torch before 2.8 raised RuntimeError.
    return getattr(torch, "AcceleratorError", RuntimeError)(text)


ERRORS = Errors()
