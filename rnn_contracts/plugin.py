"""The pytest plugin: which torch, which devices, which cases, and what was checked in the end.

A function that ``checks_rule`` (``rnn_contracts.rule_tests``) becomes a test for every grid cell of the
rule's layers and every device; Hypothesis draws the case.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import functools
import gc
import random
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import hypothesis
import pytest
import torch

from rnn_contracts import (
    calls,
    checks,
    crashes,
    deviations,
    machine,
    refusals,
    subjects,
    surroundings,
)
from rnn_contracts.compare import counted
from rnn_contracts.deviations import Deviation
from rnn_contracts.reports import Reports
from rnn_contracts.rule_tests import (
    RuleTest,
    examples_of_a_cell,
    expected_to_fail,
    nightly,
    stale,
    tests_of,
    torch_build,
    values_of,
)
from rnn_contracts.rules import RULES, Rule
from rnn_contracts.subjects import Subject

_DEVICES = pytest.StashKey[Sequence[str]]()
_KNOWN = pytest.StashKey[Sequence[Deviation]]()
_SUBJECTS = pytest.StashKey[Mapping[str, Subject]]()
_MACHINE = pytest.StashKey[Mapping[str, str]]()
_WATCHDOG = pytest.StashKey[crashes.Watchdog]()
_SECONDS = 900  # after which a test counts as one that hangs


# --- Set-up --------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that begin with ``--rnn-``."""
    group = parser.getgroup("rnn-contracts")
    group.addoption(
        "--rnn-subject",
        action="append",
        default=[],
        metavar="KIND=package.module:Name",
        help="check this class or factory in the place of torch's RNN, GRU or LSTM (repeatable)",
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
        help="expect the known deviations in this file too (repeatable); rnn_contracts/deviations.py "
        "says what it looks like",
    )
    group.addoption(
        "--rnn-device",
        action="append",
        metavar="NAME",
        help="check on this device only (repeatable): cpu, meta, cuda, cuda:0, mps, xpu, ...; "
        "default: every device that torch reports",
    )
    group.addoption(
        "--rnn-threads",
        type=_at_least_one,
        default=1,
        metavar="N",
        help="threads that torch may use in each process (default: 1, since xdist has the cores)",
    )
    group.addoption(
        "--rnn-timeout",
        type=_above_zero,
        metavar="SECONDS",
        help=f"end the process of a test that takes longer: it hangs (default: {_SECONDS})",
    )


def _above_zero(text: str) -> float:
    """A number of seconds."""
    with contextlib.suppress(ValueError):
        if 0 < float(text) < 10**9:
            return float(text)
    raise argparse.ArgumentTypeError(f"expected a number of seconds above 0, got {text!r}")


def _at_least_one(text: str) -> int:
    """A number of threads."""
    # More than torch can make would end the process.
    if text.isdecimal() and 1 <= int(text) <= 256:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a number of threads from 1 to 256, got {text!r}")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the marks, and find the devices, the subjects and what is known of them."""
    config.addinivalue_line("markers", "rule(id): the test checks this rule of the contract")
    config.addinivalue_line(
        "markers", "slow: left out but in the nightly profile, or if -m asks for it"
    )
    config.addinivalue_line("markers", "quote(id): the test checks that torch still says this rule")
    config.stash[_DEVICES] = _select(config.getoption("--rnn-device"), calls.available_devices())
    config.stash[_MACHINE] = machine.facts()
    config.stash[_KNOWN] = _known_deviations(config)
    config.stash[_SUBJECTS] = _chosen_subjects(config)
    config.pluginmanager.register(Reports(config), "rnn-contracts-reports")
    if config.getoption("maxworkerrestart", "") is None:
        # Each that dies is a finding; xdist would stop the run at four for each worker.
        config.option.maxworkerrestart = "1000"
    if hasattr(config, "workerinput"):
        crashes.keep_notes_in(Path(config.workerinput["rnn_crash_note"]))
    config.stash[_WATCHDOG] = crashes.Watchdog(config.getoption("--rnn-timeout") or _SECONDS)
    if not hasattr(config, "workerinput"):
        # After pytest's own clean-up, which collects garbage five times.
        config.add_cleanup(gc.unfreeze)
    config.add_cleanup(functools.partial(gc.set_threshold, *gc.get_threshold()))
    # What another session in this process has left.
    gc.unfreeze()
    checks.share(None)
    if not hasattr(config.option, "rnn_seed"):
        # Hypothesis's own is another in each process; xdist's workers are given these options.
        seed = config.getoption("hypothesis_seed", None)
        config.option.rnn_seed = random.getrandbits(32) if seed is None else seed


def _known_deviations(config: pytest.Config) -> list[Deviation]:
    """The entries of this torch and machine, those of the files first."""
    entries: list[Deviation] = []
    for file in config.getoption("--rnn-deviations"):
        try:
            entries += deviations.parse(Path(file).read_text("utf-8"), file)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise pytest.UsageError(f"--rnn-deviations: {file}: {why}") from None
    entries += deviations.known()
    facts = config.stash[_MACHINE]
    return [entry for entry in entries if entry.happens_on(torch.__version__, facts)]


def _chosen_subjects(config: pytest.Config) -> Mapping[str, Subject]:
    require_all = config.getoption("--rnn-require-all")
    chosen = config.getoption("--rnn-subject")
    if require_all and not chosen:
        raise pytest.UsageError("--rnn-require-all: say of what, with --rnn-subject")
    try:
        return subjects.parse(chosen, require_all=require_all)
    except ValueError as error:
        raise pytest.UsageError(f"--rnn-subject: {error}") from None


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep the thousands of items from being looked at in every garbage collection, and have fewer."""
    gc.freeze()
    often, *more = gc.get_threshold()
    if 0 < often < 50_000 and any(map(_of_the_suite, session.items)):
        gc.set_threshold(50_000, *more)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the processes in which wrong calls were tried, the notes and the watch."""
    if hasattr(config, "workerinput"):
        # Pytest would look for garbage five times, and Python once: 2 s, for a process that ends.
        gc.freeze()
    if watchdog := config.stash.get(_WATCHDOG, None):
        watchdog.close()
    refusals.close()
    crashes.close()


def _select(asked: list[str] | None, present: tuple[str, ...]) -> tuple[str, ...]:
    """The devices asked for; ``cuda`` asks for every ``cuda:0``, ``cuda:1``, ..."""
    if not asked:
        return present
    for name in asked:
        if not any(_is_called(device, name) for device in present):
            raise pytest.UsageError(
                f"--rnn-device: no device {name!r} here; present: {', '.join(present)}"
            )
    return tuple(device for device in present if any(_is_called(device, name) for name in asked))


def _is_called(device: str, name: str) -> bool:
    return name in (device, device.partition(":")[0])


def _devices(config: pytest.Config, rule: Rule) -> list[str]:
    """The selected devices on which the rule can be checked."""
    return [it for it in config.stash[_DEVICES] if values_of(it) or not rule.values]


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what is checked, and how the cases are drawn."""
    settings = hypothesis.settings()
    policy = "the same in every run" if settings.derandomize else f"seed {config.option.rnn_seed}"
    devices = config.stash[_DEVICES]
    threads = counted(config.getoption("--rnn-threads"), "thread")
    lines = [
        f"torch: {torch_build()}, {threads} in each process",
        f"machine: {machine.as_line(config.stash[_MACHINE])}",
        f"rnn-contracts: devices {', '.join(devices)}; Hypothesis profile "
        f"{settings.get_current_profile_name()}, {examples_of_a_cell()} examples a cell and shape, "
        f"{policy}",
    ]
    for subject in config.stash[_SUBJECTS].values():
        lacks = f", which does not take {', '.join(subject.lacks)}" * bool(subject.lacks)
        lines.append(f"rnn-contracts: {subject}{lacks}")
    limits = (entry for entry in config.stash[_KNOWN] if entry.limit and not entry.subject)
    lines += [f"rnn-contracts: not drawn, since this torch cannot: {it.reason}" for it in limits]
    if not surroundings.has_docstrings():
        lines.append("rnn-contracts: left out, python -OO has no docstrings: the tests of quotes")
    without = [rule.id for rule in RULES.values() if not _devices(config, rule)]
    if without:
        lines.append(f"rnn-contracts: left out, meta has no values: {', '.join(without)}")
    early = [
        f"{rule.id} ({rule.since})"
        for rule in RULES.values()
        if not rule.promised(torch.__version__)
    ]
    if early:
        lines.append(f"rnn-contracts: left out, promised of later releases: {', '.join(early)}")
    return lines


# --- Tests ---------------------------------------------------------------------------------------


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise ``case`` over the grid of the rule, or its wrong calls, and the devices."""
    if not hasattr(metafunc.function, "statement"):
        return
    if "case" not in metafunc.fixturenames:
        raise pytest.Collector.CollectError("the test of a rule takes an argument `case`")
    stash = metafunc.config.stash
    names = ["case", *({"wrong"} & {*metafunc.fixturenames})]
    tests = tests_of(metafunc.function, stash[_DEVICES], stash[_SUBJECTS])
    parameters = [pytest.param(test, *test.fixed.values(), id=test.id) for test in tests]
    metafunc.parametrize(names, parameters)


def _parameters(item: pytest.Item) -> Mapping[str, object]:
    return item.callspec.params if hasattr(item, "callspec") else {}


def _rule_test(item: pytest.Item) -> RuleTest | None:
    """What the test is parametrised with, if it is the test of a rule."""
    return next((it for it in _parameters(item).values() if isinstance(it, RuleTest)), None)


def _of_the_suite(item: pytest.Item) -> bool:
    """Whether it takes the case, where a test of somebody else's takes the whole check."""
    return isinstance(_parameters(item).get("case"), RuleTest)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Note what the test of a rule is about, and what is known of it."""
    for mark in item.iter_markers("quote"):
        item.user_properties.append(("quote", mark.args[0]))
    test = _rule_test(item)
    if test is None:
        return
    item.add_marker(pytest.mark.rule(id=test.rule.id))
    item.add_marker("hypothesis")
    if test.slow:
        item.add_marker("slow")
    if _of_the_suite(item):
        test.expect(item.config.stash[_KNOWN])
    test.threads = item.config.getoption("--rnn-threads")
    test.describe(machine.as_line(item.config.stash[_MACHINE]))
    # One list: what is said of the test is reported.
    item.user_properties = test.properties


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what is slow, or not promised, or of which there is nothing to check here."""
    slow = nightly() or "slow" in config.getoption("markexpr", "")
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        if test := _rule_test(item):
            asked = test.rule.promised(torch.__version__) and (slow or not test.slow)
        elif hasattr(getattr(item, "obj", None), "statement"):
            # None of the rule's layers, or devices, is selected.
            asked = False
        else:
            # Torch's documentation is that of no subject, and python -OO has none.
            quotable = surroundings.has_docstrings() and not config.stash[_SUBJECTS]
            asked = quotable or not item.get_closest_marker("quote")
        (kept if asked else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
    items[:] = _soonest_red_first(kept)


def _soonest_red_first(items: list[pytest.Item]) -> list[pytest.Item]:
    """A look at every rule before the rest, in what is quick and tells most.

    Within a file tests that look at the same calls are neighbours.
    """
    seen: collections.Counter[object] = collections.Counter()
    files: dict[object, int] = {}
    draws: dict[str, int] = {}
    keys: dict[pytest.Item, tuple[bool, int, int]] = {}
    for item in items:
        test = _rule_test(item)
        if test is None or not _of_the_suite(item):
            keys[item] = (False, 0, 0)
            continue
        file = files.setdefault(item.path, len(files))
        neighbour = (
            draws.setdefault(test.draws_as, len(draws)) if test.rule.family == "shape" else 0
        )
        # One layer forward, two of two directions, and a fourth of what is refused.
        looked_at = seen[test.function] % 4 == 0
        if test.cell is None:
            seen[test.function] += 1
        else:
            looked_at = test.cell.num_layers == 1 + test.cell.bidirectional
        keys[item] = (not looked_at, file, neighbour)
    return sorted(items, key=keys.__getitem__)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Turn the test of a rule into a Hypothesis test that draws its case.

    Not when it is collected: most of what a worker collects is run by another, or by none.
    """
    test = _rule_test(item)
    if test is None:
        item.config.stash[_WATCHDOG].rest()
        return
    pytest_watches = item.config.pluginmanager.hasplugin("faulthandler")
    if pytest_watches and item.config.getini("faulthandler_timeout"):
        # Pytest ends every watch with the test.
        item.config.stash[_WATCHDOG].rest()
    item.config.stash[_WATCHDOG].watch()
    test.seed = "" if hypothesis.settings().derandomize else item.config.option.rnn_seed
    crashes.begin(item.nodeid, test.properties)
    if isinstance(item, pytest.Function) and _of_the_suite(item):
        # The rules of shapes look at the same calls.
        checks.share(f"{test.seed} {test.draws_as}")
        item.obj = test.drawing()
        # Hypothesis gives every item its own seed and database key where it sees this mark.
        item.add_marker(pytest.mark.parametrize("case", []))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Watch nothing but tests of rules."""
    if nextitem is None or _rule_test(nextitem) is None:
        item.config.stash[_WATCHDOG].rest()


@pytest.hookimpl(tryfirst=True)
def pytest_exception_interact(node: pytest.Item | pytest.Collector) -> None:
    """Do not watch who may be in a debugger."""
    node.config.stash[_WATCHDOG].rest()


@pytest.hookimpl(tryfirst=True)
def pytest_enter_pdb(config: pytest.Config) -> None:
    """Do not watch who is in a debugger."""
    config.stash[_WATCHDOG].rest()


# --- What was checked ----------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Hold what comes of a test against what is known."""
    test = _rule_test(item)
    if test is not None and _of_the_suite(item):
        with test.verdict():
            yield
    elif quote := item.get_closest_marker("quote"):
        yield from _quoted(item, quote.args[0])
    else:
        yield
        if test is not None and "examples" not in dict(test.properties):
            pytest.fail(f"{test.rule.id}: the test did not call its check", pytrace=False)


def _quoted(item: pytest.Item, rule: str) -> Generator[None, None, None]:
    """Words are no behaviour: they have entries of their own."""
    kind = str(_parameters(item)["kind"])
    entries = (it for it in item.config.stash[_KNOWN] if it.quote and it.rule == rule)
    known = next((entry for entry in entries if kind in entry.kinds), None)
    try:
        yield
    except pytest.fail.Exception:
        if known:
            expected_to_fail(item.user_properties, known)
        raise
    if known:
        stale(item.user_properties, known, item.name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Print the message of a violation alone, unless ``--tb`` asks for more."""
    report = yield
    violated = call.excinfo is not None and call.excinfo.errisinstance(checks.ContractViolation)
    if call.excinfo and violated and item.config.getoption("tbstyle", "auto") == "auto":
        report.longrepr = call.excinfo.getrepr(style="value", chain=False)
    return report
