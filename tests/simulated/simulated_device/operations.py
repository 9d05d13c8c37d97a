"""What is known of an operation of torch, asked of torch once."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from simulated_device import cells

aten = torch.ops.aten
_COMPOSITE = torch._C.DispatchKey.CompositeImplicitAutograd


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
# Its schema does not say so.
_COPIES = {aten._copy_from.default: (1, "dst")}
IMPOSSIBLE = {aten.set_.source_Tensor, aten.set_.source_Storage, aten.resize_.default}


@dataclass(frozen=True)
class Operation:
    """How one operation is done.

    function       what computes it on the CPU
    is_possible    false where it needs storages
    is_composite   it is made of other operations
    is_random      it draws random numbers
    is_product     it multiplies matrices
    is_indexing    whether it succeeds depends on numbers on the device
    waits          its result is needed on the CPU
    mixes          it takes tensors of the CPU beside others
    changed        the argument that it changes and returns, by position and name, if it does that
    changes_shape  what it changes is the shape of that argument
    makes_view     its results are views of its first argument
    on_the_cpu     the place of a result that is always on the CPU, or -1
    """

    function: Any
    is_possible: bool
    is_composite: bool
    is_random: bool
    is_product: bool
    is_indexing: bool
    waits: bool
    mixes: bool
    changed: tuple[int, str] | None
    changes_shape: bool
    makes_view: bool
    on_the_cpu: int

    @classmethod
    def of(cls, func: Any) -> Operation:
        """Ask torch about it."""
        returns = func._schema.returns
        alias = returns[0].alias_info if returns else None
        packs = func in (aten._pack_padded_sequence.default, aten._pad_packed_sequence.default)
        return cls(
            function=KERNELS.get(func, func),
            is_possible=func not in IMPOSSIBLE,
            is_composite=func.has_kernel_for_dispatch_key(_COMPOSITE) and func not in MIXING,
            is_random=torch.Tag.nondeterministic_seeded in func.tags,
            is_product=func in PRODUCTS,
            is_indexing=func in INDEXING,
            waits=func in WAITING,
            mixes=func in MIXING,
            changed=_changed(func) if alias and alias.is_write else _COPIES.get(func),
            changes_shape=torch.Tag.inplace_view in func.tags,
            makes_view=bool(alias and not alias.is_write),
            # Lengths and batch sizes.
            on_the_cpu=1 if packs else -1,
        )

    def in_parts(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Do the operations that it is made of."""
        # Do not ask ``func.decompose`` for them: of layers it has Python that leaves out dropout.
        return func._op_dk(_COMPOSITE, *args, **kwargs)


def _changed(func: Any) -> tuple[int, str] | None:
    for place, argument in enumerate(func._schema.arguments):
        if argument.alias_info and argument.alias_info.is_write:
            return place, argument.name
    return None


@functools.cache
def operation(func: Any) -> Operation:
    """What is known of it."""
    return Operation.of(func)
