"""The options that begin with ``--rnn-``."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import hypothesis
import pytest

from rnn_contracts.checking import limits


def add_options(parser: pytest.Parser) -> None:
    """Add them to pytest's own."""
    group = parser.getgroup("rnn-contracts")
    group.addoption(
        "--rnn-subject",
        action="append",
        default=[],
        metavar="KIND=package.module:Name",
        help="check this class or factory in the place of torch's RNN, GRU or LSTM (repeatable)",
    )
    group.addoption(
        "--rnn-without",
        action="append",
        default=[],
        metavar="LIMIT,...",
        help="what the subject does not do, which is not tried and counts as not supported: "
        f"{', '.join((*limits.CALLS, *limits.ARGUMENTS))} (repeatable)",
    )
    group.addoption(
        "--rnn-require-all",
        action="store_true",
        help="fail where the subject does not take an argument, or raises NotImplementedError",
    )
    group.addoption(
        "--rnn-deviations",
        action="append",
        default=[],
        metavar="FILE",
        help="expect the known deviations in this file too (repeatable); "
        "rnn_contracts/deviations/__init__.py says what it looks like",
    )
    group.addoption(
        "--rnn-device",
        action="append",
        metavar="NAME",
        help="check on this device only (repeatable): cpu, meta, cuda, cuda:0, mps, xpu, ...; "
        "default: cpu, meta and the first accelerator that torch reports; cuda is every CUDA device",
    )
    group.addoption(
        "--rnn-native",
        action="store_true",
        help="let torch's own kernels compute on CUDA and ROCm, without cuDNN and MIOpen",
    )
    group.addoption(
        "--rnn-threads",
        type=_number_of_threads,
        default=1,
        metavar="N",
        help="threads that torch may use in each process (default: 1, since xdist has the cores)",
    )


def _number_of_threads(text: str) -> int:
    # More threads than the system can start would end the process.
    if text.isdecimal() and 1 <= int(text) <= 256:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a number of threads from 1 to 256, got {text!r}")


def check_options(config: pytest.Config) -> None:
    """Refuse a Hypothesis profile that is none, and a JUnit report that cannot be written.

    Hypothesis raises an internal error of pytest, and pytest finds out after the run.
    """
    profile = config.getoption("--hypothesis-profile", None)
    try:
        if profile:
            hypothesis.settings.get_profile(profile)
    except hypothesis.errors.InvalidArgument:
        raise pytest.UsageError(
            f"--hypothesis-profile: no profile {profile!r}; there are default, ci, quick, nightly and "
            "those that your conftest.py registers"
        ) from None
    asked = config.getoption("xmlpath", None)
    runs = not (config.getoption("help", False) or hasattr(config, "workerinput"))
    if asked and runs:
        try:
            # What is there already would be taken for the report of this run if it does not end.
            # Like pytest, os.path leaves "~nobody" as it is, where pathlib raises.
            path = Path(os.path.expanduser(os.path.expandvars(asked)))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n")
        except OSError as error:
            raise pytest.UsageError(f"--junitxml: {asked}: {error.strerror}") from None
