"""What pytest loads of itself where the package is installed: blocks for ``parametrize_with_rules``.

It adds no option and imports nothing else until such a test fails.
"""

from __future__ import annotations

import sys
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note what the test of a rule has found, as the whole plugin does."""
    report = yield
    parametrize = sys.modules.get("rnn_contracts.parametrize")
    if parametrize and call.excinfo and report.failed and hasattr(item, "callspec"):
        from rnn_contracts.checking.violation import ContractViolation
        from rnn_contracts.plugin import causes

        own = any(isinstance(it, parametrize.OwnTest) for it in item.callspec.params.values())
        violation = call.excinfo.value
        if own and isinstance(violation, ContractViolation):
            causes.note(report, violation)
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
