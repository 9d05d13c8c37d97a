"""An accelerator in Python, on which the suite is tried where there is no other.

With this directory on ``PYTHONPATH`` torch has a device ``simulated``: torch loads it by itself, through
the entry point beside this package, in workers of xdist and in spawned children as well.

To torch it is a PrivateUse1 backend. A tensor on it stands for a tensor of the CPU, where every
operation is computed, so that the numbers are those of the CPU up to rounding. What is simulated:

- Tensors of another device are refused beside tensors of this one.
- RNN, GRU and LSTM take the path that they take on a GPU without cuDNN, with fused cells.
- It has random numbers of its own, a current card, ``synchronize`` and autocast, as ``torch.simulated``.
- A process that was forked after the device was used cannot use it.
- ``SIMULATED_CARDS`` says how many cards there are.
- ``SIMULATED_DEVICE`` names variants, which have the limits and the faults of devices that there are;
  see ``variants``.

What is not: memory and storages (``data_ptr()`` is 0), streams, generators as arguments, ``resize_``,
``set_`` to a storage, sparse tensors, ``torch.compile`` with a compiler, and the time that anything
takes.
"""

from __future__ import annotations


def autoload() -> None:
    """Make the device known to torch, which calls this at the end of its own import."""
    from simulated_device import registration

    registration.register()
