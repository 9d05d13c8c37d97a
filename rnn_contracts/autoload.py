"""What pytest loads of itself where the package is installed, for ``parametrize_with_rules``.

It prints blocks, and fails a test that did not call its check. It adds no option and imports nothing
else until such a test fails.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from rnn_contracts.parametrize import OwnTest


def own_tests(item: pytest.Item) -> list[OwnTest]:
    """The tests of rules that the item should call, which is one or none."""
    parametrize = sys.modules.get("rnn_contracts.parametrize")
    if parametrize is None or not hasattr(item, "callspec"):
        return []
    return [it for it in item.callspec.params.values() if isinstance(it, parametrize.OwnTest)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test that did not call its check, which has then checked nothing."""
    yield
    for test in own_tests(item):
        test.fail_if_not_called()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note what the test of a rule has found, as the whole plugin does."""
    report = yield
    if call.excinfo and report.failed and own_tests(item):
        from rnn_contracts.checking.violation import ContractViolation
        from rnn_contracts.plugin import causes

        if isinstance(call.excinfo.value, ContractViolation):
            causes.note(report, call.excinfo.value)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> Generator[None, None, None]:
    """Print a block for each cause, unless the whole plugin does."""
    failed = terminalreporter.stats.get("failed", [])
    loaded = config.pluginmanager.has_plugin("rnn-contracts-blocks")
    if loaded or not any(hasattr(report, "rnn_failure") for report in failed):
        yield
        return
    from rnn_contracts.plugin.causes import Blocks

    yield from Blocks(config).pytest_terminal_summary(terminalreporter)
