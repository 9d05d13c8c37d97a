"""The lines at the start of a run: what is checked, and how the cases are drawn."""

from __future__ import annotations

import functools

import hypothesis
import pytest
import torch

from rnn_contracts import devices, machine
from rnn_contracts.checking import surroundings
from rnn_contracts.checking.look import look_at
from rnn_contracts.plugin.session import LIMIT, SESSION
from rnn_contracts.results.words import counted
from rnn_contracts.rule_tests.examples import examples_of_a_point
from rnn_contracts.rule_tests.listing import devices_of
from rnn_contracts.rules import RULES


@functools.cache
def torch_build() -> str:
    """Release and build of torch."""
    version = torch.version
    build = "debug" if version.debug else "release"
    for name, built_for in (("CUDA", version.cuda), ("HIP", version.hip)):
        if built_for:
            build += f", {name} {built_for}"
    return f"{torch.__version__} (git {version.git_version[:12]}, {build} build)"


def lines(config: pytest.Config) -> list[str]:
    """What is checked and how; then what is left out, and why."""
    session, settings = config.stash[SESSION], hypothesis.settings()
    policy = "the same in every run" if settings.derandomize else f"seed {config.option.rnn_seed}"
    threads = counted(session.run.threads, "thread")
    shown = [
        f"torch: {torch_build()}, {threads} in each process",
        f"machine: {machine.as_line(session.machine)}",
        f"rnn-contracts: devices {', '.join(session.devices)}; Hypothesis profile "
        f"{settings.get_current_profile_name()}, "
        f"{counted(examples_of_a_point(), 'example')} a grid point and shape, {policy}",
    ]
    for device in filter(devices.is_accelerator, session.devices):
        shown.append(
            f"rnn-contracts: on {device} the kernels of {devices.backend(device)} compute, in "
            f"{', '.join(devices.dtypes(device))}; TF32 is off, since rules speak of full precision"
        )
    if limit := config.stash.get(LIMIT, ""):
        shown.append(f"rnn-contracts: {limit}")
    for change in surroundings.State.now().unusual():
        shown.append(f"rnn-contracts: set before the run, and set back for each test: {change}")
    for subject in session.subjects.values():
        shown += [f"rnn-contracts: {line}" for line in look_at(subject).lines()]
    for entry in session.known:
        if entry.limit and not entry.subject:
            shown.append(f"rnn-contracts: not drawn, since this torch cannot: {entry.reason}")
    if not surroundings.has_docstrings():
        shown.append("rnn-contracts: left out, python -OO has no docstrings: the tests of quotes")
    without = [rule for rule in RULES.values() if not devices_of(rule, session.devices)]
    for why, rules in (
        ("they speak of another device", [rule.id for rule in without if "device" in rule.domain]),
        ("meta has no values", [rule.id for rule in without if "device" not in rule.domain]),
    ):
        if rules:
            shown.append(f"rnn-contracts: left out, {why}: {', '.join(rules)}")
    early = [
        f"{rule.id} ({rule.since})" for rule in RULES.values() if not rule.covers(torch.__version__)
    ]
    if early:
        shown.append(f"rnn-contracts: left out, checked on later releases only: {', '.join(early)}")
    return shown
