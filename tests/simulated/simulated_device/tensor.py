"""Tensors on the device, and how an operation on them is done on the CPU."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor
from torch.utils._mode_utils import no_dispatch
from torch.utils._pytree import tree_map

from simulated_device import backend, variants
from simulated_device.backend import NAME
from simulated_device.operations import Operation, aten, operation
from simulated_device.variants import ERRORS

CPU = torch.device("cpu")
_ON_THE_CPU = -1
"""In the place of the number of a card."""


@functools.cache
def device_of(card: int) -> torch.device:
    """The device of that number; torch does not know its name before it is registered."""
    return torch.device(NAME, card)


class SimulatedTensor(Tensor):
    """A tensor on a card; ``raw``, a tensor of the CPU, has its numbers."""

    raw: Tensor
    card: int

    @staticmethod
    def __new__(cls, raw: Tensor, card: int) -> SimulatedTensor:
        """Make a tensor of the card with that number."""
        made: SimulatedTensor = Tensor._make_wrapper_subclass(
            cls,
            raw.size(),
            strides=raw.stride(),
            storage_offset=raw.storage_offset(),
            dtype=raw.dtype,
            layout=raw.layout,
            device=device_of(card),
        )
        made.raw, made.card = raw, card
        return made

    def __init__(self, raw: Tensor, card: int) -> None:
        """Nothing is left to do."""

    def __repr__(self) -> str:  # type: ignore[override]  # torch's has an argument for torch alone
        return f"{self.detach().cpu()!r} on {self.device}"

    def __reduce_ex__(self, protocol: object) -> Any:
        is_parameter = getattr(self, "_is_param", False)
        return _rebuilt, (self.detach().cpu(), str(self.device), self.requires_grad, is_parameter)

    @property
    def data(self) -> Tensor:
        """The tensor without its history, with the same numbers."""
        data: Tensor = Tensor.data.__get__(self)  # type: ignore[attr-defined]
        return data

    @data.setter
    def data(self, new: Tensor) -> None:
        """Take the numbers of another tensor, as a module does that is moved to another dtype."""
        assert isinstance(new, SimulatedTensor)
        Tensor.data.__set__(self, new)  # type: ignore[attr-defined]
        self.raw, self.card = new.raw, new.card

    def set_(self, new: Tensor) -> SimulatedTensor:  # type: ignore[override]  # torch's has forms
        """Take the numbers of another tensor, as a parametrization does that is registered."""
        self.data = new
        return self

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # torch sets the default to another function
        cls, func: Any, types: object, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Do any operation that has such a tensor among its arguments."""
        return run(func, args, kwargs or {})


def _rebuilt(raw: Tensor, device: str, requires_grad: bool, is_parameter: bool) -> Tensor:
    """A tensor that was pickled."""
    tensor = raw.to(device)
    if is_parameter:
        return torch.nn.Parameter(tensor, requires_grad)
    return tensor.requires_grad_(requires_grad)


def run(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Do an operation."""
    backend.use()
    known = operation(func)
    if known.is_composite:
        # In inference mode it comes whole. A device has kernels for the parts.
        return known.in_parts(func, args, kwargs)
    if not known.is_possible:
        raise NotImplementedError(f"{func} on {NAME}")
    met: list[Tensor] = []
    raw_args = [_raw(it, met) for it in args]
    raw_kwargs = {name: _raw(it, met) for name, it in kwargs.items()} if kwargs else kwargs
    card = _card(met)
    if card != _ON_THE_CPU and not known.mixes:
        _refuse_other_devices(func, met, card)
    changed = None
    if known.changed:
        place, name = known.changed
        changed = args[place] if place < len(args) else kwargs[name]
        card = _card([changed])
    elif "device" in kwargs and kwargs["device"] is not None:
        named = kwargs["device"]
        card = backend.index_of(named) if named.type == NAME else _ON_THE_CPU
    ERRORS.surface(waiting=known.waits or (card == _ON_THE_CPU and bool(met)))
    result = _computed(func, known, raw_args, raw_kwargs, card)
    if changed is not None:
        if known.changes_shape and type(changed) is SimulatedTensor:
            # What stands for the tensor has sizes and strides of its own.
            with no_dispatch():
                func(*args, **kwargs)
        return changed
    return result if card == _ON_THE_CPU else _wrapped(result, card, known, met)


def _raw(value: Any, met: list[Tensor]) -> Any:
    """What the CPU takes in the place of an argument; the tensors among them are noted."""
    if type(value) is SimulatedTensor:
        met.append(value)
        return value.raw
    if isinstance(value, Tensor):
        met.append(value)
    elif isinstance(value, (list, tuple)):
        return [_raw(it, met) for it in value]
    elif isinstance(value, torch.device) and value.type == NAME:
        return CPU
    return value


def _card(tensors: list[Tensor]) -> int:
    """The card of the first tensor that is on one."""
    for tensor in tensors:
        if type(tensor) is SimulatedTensor:
            return tensor.card
    return _ON_THE_CPU


def _refuse_other_devices(func: Any, tensors: list[Tensor], card: int) -> None:
    """Refuse tensors elsewhere; a number of the CPU may stand beside them."""
    for tensor in tensors:
        same = tensor.card == card if type(tensor) is SimulatedTensor else not tensor.dim()
        if not same:
            raise RuntimeError(
                "Expected all tensors to be on the same device, but found at least two devices, "
                f"{device_of(card)} and {tensor.device}! ({func})"
            )


def _computed(func: Any, known: Operation, args: Any, kwargs: Any, card: int) -> Any:
    """What the CPU computes, with the faults that the device is to have."""
    try:
        if known.is_product:
            ERRORS.count_product()
            if variants.TEN_BITS and backend.allow_tf32 and torch.backends.cudnn.allow_tf32:
                # The first of three is added to the product.
                added = len(args) > 2
                args = [*args[:added], *map(variants.rounded, args[added:])]
        if known.is_random and card != _ON_THE_CPU:
            return backend.drawing(card, known.function, args, kwargs)
        return known.function(*args, **kwargs)
    except (IndexError, RuntimeError) as error:
        if not (known.is_indexing or isinstance(error, variants.KernelFailed)):
            raise
        ERRORS.happen(error)
        return _arbitrary(func, args, kwargs)


def _arbitrary(func: Any, args: Any, kwargs: Any) -> Any:
    """Zeros in the place of the results of a kernel that failed, of which nobody knows yet."""
    without_numbers = tree_map(lambda it: it.to("meta") if isinstance(it, Tensor) else it, args)
    shaped: Tensor = func(*without_numbers, **kwargs)
    return torch.zeros(shaped.shape, dtype=shaped.dtype)


def _wrapped(result: Any, card: int, known: Operation, met: list[Tensor]) -> Any:
    """The results as tensors of the card."""
    if isinstance(result, Tensor):
        return _wrap(result, card, known, met)
    if not isinstance(result, (tuple, list)):
        return result
    return type(result)(
        _wrap(it, card, known, met) if isinstance(it, Tensor) and place != known.on_the_cpu else it
        for place, it in enumerate(result)
    )


def _wrap(raw: Tensor, card: int, known: Operation, met: list[Tensor]) -> SimulatedTensor:
    if variants.LIMITS_TENSORS:
        variants.refuse_result(raw)
    if known.makes_view and torch.is_inference_mode_enabled() and not met[0].is_inference():
        # Torch takes a view for a tensor of the mode in which its base was made.
        with torch.inference_mode(False):
            return SimulatedTensor(raw, card)
    return SimulatedTensor(raw, card)


def copy_from(source: Tensor, target: Tensor, non_blocking: bool = False) -> Any:
    """Copy where torch itself has put the dispatch to Python aside, as in ``x[[1]]``."""
    return run(aten._copy_from.default, (source, target), {})
