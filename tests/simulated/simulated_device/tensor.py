"""Tensors on the device, and how an operation on them is done on the CPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._mode_utils import no_dispatch
from torch.utils._pytree import tree_map

from simulated_device import backend, cells, variants
from simulated_device.backend import NAME
from simulated_device.variants import ERRORS

aten = torch.ops.aten
CPU = torch.device("cpu")


class SimulatedTensor(Tensor):
    """A tensor on a card; ``raw``, a tensor of the CPU, has its numbers."""

    raw: Tensor
    _is_param: bool

    @staticmethod
    def __new__(cls, raw: Tensor, index: int) -> SimulatedTensor:
        """Make a tensor of the card with that number."""
        made: SimulatedTensor = Tensor._make_wrapper_subclass(
            cls,
            raw.size(),
            strides=raw.stride(),
            storage_offset=raw.storage_offset(),
            dtype=raw.dtype,
            layout=raw.layout,
            device=torch.device(NAME, index),
        )
        made.raw = raw
        return made

    def __init__(self, raw: Tensor, index: int) -> None:
        """Nothing is left to do."""

    def __repr__(self) -> str:  # type: ignore[override]  # torch's has an argument for torch alone
        return f"{self.detach().cpu()!r} on {self.device}"

    def __reduce_ex__(self, protocol: object) -> Any:
        is_parameter = getattr(self, "_is_param", False)
        return _rebuilt, (self.detach().cpu(), str(self.device), self.requires_grad, is_parameter)

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


# --- What is known of an operation -----------------------------------------------------------------


def _copy_from(source: Tensor, target: Tensor, non_blocking: bool = False) -> Tensor:
    return target.copy_(source)


KERNELS = {
    aten._copy_from.default: _copy_from,
    aten._thnn_fused_lstm_cell.default: cells.lstm_cell,
    aten._thnn_fused_lstm_cell_backward_impl.default: cells.lstm_cell_backward,
    aten._thnn_fused_gru_cell.default: cells.gru_cell,
    aten._thnn_fused_gru_cell_backward.default: cells.gru_cell_backward,
}
"""What the CPU has no kernel for."""
MIXING = {
    *(aten._copy_from.default, aten.copy_.default, aten._to_copy.default),
    *(aten.index.Tensor, aten.index_put_.default, aten.index_put.default),
    *(aten._index_put_impl_.default, aten._pack_padded_sequence.default),
    *(aten._pack_padded_sequence_backward.default, aten._pad_packed_sequence.default),
}
"""What takes tensors of the CPU beside those of a device."""
PRODUCTS = {
    *(aten.mm.default, aten.addmm.default, aten.bmm.default, aten.baddbmm.default),
    *(aten.mv.default, aten.addmv.default, aten.dot.default),
}
INDEXING = {aten.index_select.default, aten.index.Tensor, aten.gather.default}
WAITING = {
    *(aten._local_scalar_dense.default, aten.equal.default, aten.nonzero.default),
    *(aten.masked_select.default, aten.is_nonzero.default),
}
"""What the CPU must have the result of."""
_COMPOSITE = torch._C.DispatchKey.CompositeImplicitAutograd
IMPOSSIBLE = {aten.set_.source_Tensor, aten.set_.source_Storage, aten.resize_.default}


@dataclass(frozen=True)
class Operation:
    """What is known of an operation, asked of torch once."""

    function: Any
    is_composite: bool
    is_random: bool
    changes: str
    changes_at: int
    changes_shape: bool
    makes_view: bool
    host_results: tuple[int, ...]

    @classmethod
    def of(cls, func: Any) -> Operation:
        """Ask torch about it."""
        schema = func._schema
        returned = schema.returns[0].alias_info if schema.returns else None
        changed = [
            (index, it.name)
            for index, it in enumerate(schema.arguments)
            if it.alias_info and it.alias_info.is_write
        ]
        in_place = bool(changed and returned and returned.is_write)
        packs = func in (aten._pack_padded_sequence.default, aten._pad_packed_sequence.default)
        return cls(
            function=KERNELS.get(func, func),
            is_composite=func.has_kernel_for_dispatch_key(_COMPOSITE) and func not in MIXING,
            is_random=torch.Tag.nondeterministic_seeded in func.tags,
            changes=changed[0][1] if in_place else "",
            changes_at=changed[0][0] if in_place else 0,
            changes_shape=torch.Tag.inplace_view in func.tags,
            makes_view=bool(returned and not returned.is_write),
            # Lengths and batch sizes are always on the CPU.
            host_results=(1,) if packs else (),
        )


_OPERATIONS: dict[Any, Operation] = {}


def operation(func: Any) -> Operation:
    """What is known of it."""
    known = _OPERATIONS.get(func)
    if known is None:
        known = _OPERATIONS[func] = Operation.of(func)
    return known


# --- Doing it --------------------------------------------------------------------------------------


def run(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Do an operation."""
    known = operation(func)
    backend.use()
    if known.is_composite:
        # In inference mode these come whole. A device has kernels for their parts. Do not ask
        # ``func.decompose`` for them: of layers it has Python that leaves out dropout.
        return func._op_dk(_COMPOSITE, *args, **kwargs)
    if func in IMPOSSIBLE:
        raise NotImplementedError(f"{func} on {NAME}")
    met: list[Tensor] = []
    raw_args = [_raw(it, met) for it in args]
    raw_kwargs = {name: _raw(it, met) for name, it in kwargs.items()}
    index = _card(func, args, kwargs, met)
    ERRORS.surface(waiting=func in WAITING or _leaves_the_device(func, args, index))
    result = _computed(func, known, raw_args, raw_kwargs, index)
    if known.changes:
        changed = args[known.changes_at] if known.changes_at < len(args) else kwargs[known.changes]
        if known.changes_shape and isinstance(changed, SimulatedTensor):
            # What stands for the tensor has sizes and strides of its own.
            with no_dispatch():
                func(*args, **kwargs)
        return changed
    if func is aten._copy_from.default:
        return args[1]
    return _wrapped(result, index, known, met)


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


def _card(func: Any, args: Any, kwargs: dict[str, Any], met: list[Tensor]) -> int:
    """The card on which the result is, or -1; tensors of several devices are refused."""
    cards = [it.device.index for it in met if type(it) is SimulatedTensor]
    if func not in MIXING:
        index = cards[0] if cards else 0
        for it in met:
            own = type(it) is SimulatedTensor
            if (own and it.device.index != index) or (not own and it.dim() > 0 and cards):
                raise RuntimeError(
                    "Expected all tensors to be on the same device, but found at least two "
                    f"devices, {NAME}:{index} and {it.device}! ({func})"
                )
    device = kwargs.get("device")
    if device is not None:
        return backend.index_of(device) if torch.device(device).type == NAME else -1
    if func in (aten._copy_from.default, aten.copy_.default):
        target = args[1] if func is aten._copy_from.default else args[0]
        return target.device.index if type(target) is SimulatedTensor else -1
    return cards[0] if cards else -1


def _leaves_the_device(func: Any, args: Any, index: int) -> bool:
    return index < 0 and bool(args)


def _computed(func: Any, known: Operation, args: Any, kwargs: Any, index: int) -> Any:
    """What the CPU computes, with the faults that the device is to have."""
    try:
        if func in PRODUCTS:
            ERRORS.count_product()
            if variants.TEN_BITS and backend.allow_tf32 and torch.backends.cudnn.allow_tf32:
                # The first of three is added to the product.
                added = len(args) > 2
                args = [*args[:added], *map(variants.rounded, args[added:])]
        if known.is_random and index >= 0:
            return backend.drawing(index, known.function, args, kwargs)
        return known.function(*args, **kwargs)
    except (IndexError, RuntimeError) as error:
        failed_on_the_device = func in INDEXING or (func in PRODUCTS and type(error) is IndexError)
        if not failed_on_the_device:
            raise
        ERRORS.happen(error)
        return _arbitrary(func, args, kwargs)


def _arbitrary(func: Any, args: Any, kwargs: Any) -> Any:
    """Zeros in the place of the results of a kernel that failed and of which nobody knows yet."""
    without_numbers = tree_map(lambda it: it.to("meta") if isinstance(it, Tensor) else it, args)
    shaped = func(*without_numbers, **kwargs)
    return tree_map(
        lambda it: torch.zeros(it.shape, dtype=it.dtype) if isinstance(it, Tensor) else it, shaped
    )


def _wrapped(result: Any, index: int, known: Operation, met: list[Tensor]) -> Any:
    """The results as tensors of the card."""
    if index < 0:
        return result
    if isinstance(result, Tensor):
        return wrap(result, index, view_of=met[0] if known.makes_view and met else None)
    if not isinstance(result, (tuple, list)):
        return result
    base = met[0] if known.makes_view and met else None
    return type(result)(
        wrap(it, index, view_of=base)
        if isinstance(it, Tensor) and place not in known.host_results
        else it
        for place, it in enumerate(result)
    )


def wrap(raw: Tensor, index: int, *, view_of: Tensor | None = None) -> SimulatedTensor:
    """A tensor of the card that stands for one of the CPU."""
    variants.refuse_result(raw)
    if view_of is not None and torch.is_inference_mode_enabled() and not view_of.is_inference():
        # Torch takes a view for a tensor of the mode in which its base was made.
        with torch.inference_mode(False):
            return SimulatedTensor(raw, index)
    return SimulatedTensor(raw, index)
