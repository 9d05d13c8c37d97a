"""The devices on which layers can be called here, what they can compute, and with what."""

from __future__ import annotations

import functools
from typing import Any

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
    elif hasattr(torch, "xpu") and torch.xpu.is_available():
        kind, count = "xpu", torch.xpu.device_count()
    else:
        kind, count = "mps", int(torch.backends.mps.is_available())
    return (kind,) * count if kind == "mps" else tuple(f"{kind}:{i}" for i in range(count))


def available_devices() -> tuple[str, ...]:
    """Every device on which layers can be called here."""
    return ("cpu", "meta", *accelerators())


def devices_by_default() -> tuple[str, ...]:
    """Those that are checked unless others are asked for: of several accelerators the first."""
    return ("cpu", "meta", *accelerators()[:1])


def backend(device: str) -> str:
    """Whose kernels compute there: cpu, meta, cudnn, miopen, cuda, mps, xpu, or the device's name.

    It is cuda where neither cuDNN nor MIOpen is to be used, so that torch's own kernels compute.
    """
    name = device.partition(":")[0]
    # Torch speaks of MIOpen as cuDNN, and of a ROCm device as cuda.
    library: Any = torch.backends.cudnn
    if name != "cuda" or not (library.is_available() and library.enabled):
        return name
    return "miopen" if torch.version.hip else "cudnn"


@functools.cache
def dtypes(device: str) -> tuple[str, ...]:
    """Those of ``DTYPES`` in which the device multiplies matrices (no float64 on mps, say)."""
    return tuple(dtype for dtype in DTYPES if _multiplies(device, getattr(torch, dtype)))


def _multiplies(device: str, dtype: torch.dtype) -> bool:
    try:
        ones = torch.ones(2, 2, device=device, dtype=dtype)
        torch.tanh(ones @ ones)
        synchronize(device)
    except (TypeError, NotImplementedError):
        return False
    except RuntimeError as error:
        # A device that is busy or out of memory can still compute in the dtype.
        if "support" in str(error) or "not implemented" in str(error):
            return False
        raise
    return True


def has_numbers(device: str) -> bool:
    """Whether tensors on the device have numbers; on meta they have shapes alone."""
    return device != "meta"


def is_accelerator(device: str) -> bool:
    """Whether calls there may fail later than they are made, or spoil the device for all others."""
    return device not in ("cpu", "meta")


def prepare(device: str) -> None:
    """Let cuDNN draw for dropout once, with gradients.

    Torch seems to keep what the first call that drops has made. If that call is in inference mode, later
    calls raise "Inference tensors cannot be saved for backward", as was seen in one run on an H100.
    """
    if backend(device) in ("cudnn", "miopen"):
        layer = torch.nn.LSTM(1, 1, 2, dropout=0.5, device=device)
        layer(torch.zeros(1, 1, 1, device=device))


def synchronize(device: str) -> None:
    """Wait until the device has computed what it was asked for, and raise what went wrong."""
    if not is_accelerator(device):
        return
    module: Any = getattr(torch, device.partition(":")[0], None)
    if wait := getattr(module, "synchronize", None):
        # The module of mps has one device, and takes none.
        wait(*([torch.device(device)] if ":" in device else []))


def free_memory(device: str) -> int | None:
    """The bytes of an accelerator that nobody uses; None where it does not tell."""
    if not is_accelerator(device):
        return None
    ask = getattr(getattr(torch, device.partition(":")[0], None), "mem_get_info", None)
    return int(ask(torch.device(device))[0]) if ask else None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an accelerator had no memory left, which says nothing of the call."""
    known = getattr(torch, "OutOfMemoryError", torch.cuda.OutOfMemoryError)
    if isinstance(error, (known, MemoryError)):
        return True
    return _is_of_accelerator(error) and "out of memory" in str(error)


def is_lost(error: BaseException) -> bool:
    """Whether the error has spoiled the device: every later call of the process raises it again."""
    return _is_of_accelerator(error) and not is_out_of_memory(error)


def _is_of_accelerator(error: BaseException) -> bool:
    if hasattr(torch, "AcceleratorError"):
        return isinstance(error, torch.AcceleratorError)
    # Before torch 2.8 only the text tells.
    return isinstance(error, RuntimeError) and str(error).startswith(("CUDA error", "HIP error"))
