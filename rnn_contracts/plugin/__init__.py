"""The pytest plugin: which torch, which devices, which cases, and what was checked in the end.

A test function that states a rule (``rnn_contracts.rule_tests.statement``) becomes a test for every
point of the grid and every device; Hypothesis draws the cases.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Generator

import pytest

from rnn_contracts.plugin import collection, early_end, header, running, session, workers
from rnn_contracts.plugin.causes import Blocks
from rnn_contracts.plugin.collection import TEST
from rnn_contracts.plugin.options import add_options, check_options
from rnn_contracts.plugin.session import SESSION
from rnn_contracts.plugin.summary import Summary
from rnn_contracts.plugin.unmeasured import Confirmations
from rnn_contracts.plugin.workers import Workers
from rnn_contracts.rules.rule import TOOLS


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the options that begin with ``--rnn-``."""
    add_options(parser)
    if not pluginmanager.hasplugin("faulthandler"):
        # The configuration names these two, which pytest would not know without its own plugin.
        for name in ("faulthandler_timeout", "faulthandler_exit_on_timeout"):
            parser.addini(name, "not heeded, since faulthandler is switched off", default="0")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the marks, and find the devices, the subjects and what is known of them."""
    config.addinivalue_line("markers", "rule(id): the test checks this rule of the contract")
    config.addinivalue_line(
        "markers", "slow: left out but in the nightly profile, or if -m asks for it"
    )
    for tool, needs in TOOLS.items():
        config.addinivalue_line("markers", f"{tool}: left out unless -m asks for it; needs {needs}")
    config.addinivalue_line("markers", "quote(id): the test checks that torch still says this rule")
    check_options(config)
    config.stash[SESSION] = session.start(config)
    config.add_cleanup(config.stash[SESSION].close)
    session.choose_seed(config)
    if not hasattr(config, "workerinput"):
        early_end.tell(config)
    config.pluginmanager.register(Workers(config), "rnn-contracts-workers")
    config.pluginmanager.register(Summary(config), "rnn-contracts-summary")
    config.pluginmanager.register(Confirmations(config), "rnn-contracts-confirmations")
    config.pluginmanager.register(Blocks(config), "rnn-contracts-blocks")
    if config.getoption("maxworkerrestart", "") is None:
        # Each worker that dies is a finding; xdist would end the run at four for each worker.
        config.option.maxworkerrestart = "1000"


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> Generator[None, int, int]:
    """Start no more workers than an accelerator has memory for."""
    return workers.limited(config, (yield))


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what is checked, and how the cases are drawn."""
    return header.lines(config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise the functions that state a rule."""
    collection.generate_tests(metafunc)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Note what the test of a rule is about."""
    collection.note_item(item)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Select and sort the tests of rules."""
    collection.select_and_sort(config, items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Collect garbage more seldom, and without looking at the thousands of items: it takes seconds."""
    if any(TEST in item.stash for item in session.items):
        session.config.add_cleanup(functools.partial(gc.set_threshold, *gc.get_threshold()))
        session.config.add_cleanup(gc.unfreeze)
        gc.freeze()
        gc.set_threshold(50_000)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Turn the test of a rule into a Hypothesis test."""
    running.set_up(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Run the test of a rule."""
    yield from running.call(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say in the report what came of the test of a rule."""
    report = yield
    running.finish_report(item, call, report)
    return report
