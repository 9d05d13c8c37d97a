"""Makes the device known to torch."""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

from simulated_device import backend, cells, cudnn, variants
from simulated_device.backend import NAME
from simulated_device.tensor import copy_from, run

aten = torch.ops.aten
# Torch's libraries have no annotations, and torch forgets the kernels of one that is no longer there.
_LIBRARY: Any = torch.library.Library
_EVERYTHING, _ATEN = _LIBRARY("_", "IMPL"), _LIBRARY("aten", "IMPL")


def register() -> None:
    """Name the device, and register what torch does on it."""
    _setup_privateuseone_for_python_backend(NAME, backend_module=sys.modules[backend.__name__])
    _EVERYTHING.fallback(_anything, "PrivateUse1")
    _EVERYTHING.fallback(torch.library.fallthrough_kernel, "AutocastPrivateUse1")
    _ATEN.impl("empty.memory_format", _factory(aten.empty.memory_format), "PrivateUse1")
    _ATEN.impl("empty_strided", _factory(aten.empty_strided.default), "PrivateUse1")
    _ATEN.impl("_copy_from", copy_from, "PrivateUse1")
    _ATEN.impl("_thnn_fused_gru_cell", cells.gru_cell_without_numbers, "Meta")
    _answer_for_the_accelerator()
    if "like_cudnn" in variants.CHOSEN:
        cudnn.limit_layers()


def _anything(func: Any, *args: Any, **kwargs: Any) -> Any:
    return run(func, args, kwargs)


def _factory(func: Any) -> Any:
    def make(*args: Any, **kwargs: Any) -> Any:
        kwargs.pop("pin_memory", None)
        return run(func, args, {**kwargs, "device": kwargs.get("device") or torch.device(NAME)})

    return make


def _answer_for_the_accelerator() -> None:
    """Answer what ``torch.accelerator`` asks: of a backend in Python torch knows one card alone."""
    answers = {
        "_accelerator_synchronizeDevice": backend.synchronize,
        "_accelerator_getDeviceIndex": backend.current_device,
        "_accelerator_setDeviceIndex": backend.set_device,
        "_accelerator_exchangeDevice": backend.exchange_device,
        "_accelerator_maybeExchangeDevice": backend.exchange_device,
    }
    for name, answer in answers.items():
        if hasattr(torch._C, name):
            setattr(torch._C, name, answer)
    if backend.CARDS > 1:
        # Autograd has a thread for each card that torch knows, and none for a second one.
        torch.autograd.set_multithreading_enabled(False)
