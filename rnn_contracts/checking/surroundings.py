"""What a test of the suite relies on, whatever a conftest has set before."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def usual(threads: int) -> Iterator[None]:
    """That number of threads, torch's own defaults, and warnings that are shown and break no rule.

    What a conftest has set to another value is there again afterwards: threads, dtype and device of
    new tensors, deterministic algorithms, the grad mode and the filters of warnings.
    """
    with contextlib.ExitStack() as stack:
        stack.callback(torch.set_num_threads, torch.get_num_threads())
        torch.set_num_threads(threads)
        stack.callback(torch.set_default_dtype, torch.get_default_dtype())
        torch.set_default_dtype(torch.float32)
        stack.callback(
            torch.use_deterministic_algorithms,
            torch.are_deterministic_algorithms_enabled(),
            warn_only=torch.is_deterministic_algorithms_warn_only_enabled(),
        )
        torch.use_deterministic_algorithms(False)
        device = torch.empty(0).device
        if device.type != "cpu":
            stack.callback(torch.set_default_device, device)
            torch.set_default_device(None)
        stack.enter_context(torch.enable_grad())
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("default")
        # Torch says it once in a process, in whichever test that is.
        warnings.filterwarnings(
            "ignore", "LSTM with projections is not supported with oneDNN", UserWarning
        )
        # A rule of its own asks for this warning; to others it is of no interest.
        warnings.filterwarnings("ignore", "dropout option adds dropout after all", UserWarning)
        yield


def has_docstrings() -> bool:
    """Whether this Python keeps docstrings: ``python -OO`` drops them."""
    return sys.flags.optimize < 2
