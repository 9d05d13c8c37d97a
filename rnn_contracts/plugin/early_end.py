"""A run that somebody else's code ends: it must not look like one that passed."""

from __future__ import annotations

import functools
import os
from typing import NoReturn

import pytest


def tell(config: pytest.Config) -> None:
    """Say so, and give an exit code other than 0, if ``os._exit`` ends this process.

    Nothing of pytest is run after it. A worker of xdist needs no such thing, since the controller
    reports one that ends.
    """
    ending, here = os._exit, os.getpid()

    def end(status: int) -> NoReturn:
        if os.getpid() == here:
            # The output of tests is captured.
            if capture := config.pluginmanager.get_plugin("capturemanager"):
                capture.suspend_global_capture(in_=True)
            terminal = config.get_terminal_writer()
            terminal.line()
            terminal.line("rnn-contracts: os._exit ended the run before it had a verdict", red=True)
            terminal.flush()
            status = status or pytest.ExitCode.INTERNAL_ERROR
        ending(status)

    os._exit = end
    config.add_cleanup(functools.partial(setattr, os, "_exit", ending))
