"""From an item to a Hypothesis test, and from its report to what came of it."""

from __future__ import annotations

import gc
from collections.abc import Generator

import pytest
import torch
from packaging.version import Version

from rnn_contracts.checking.violation import ContractViolation
from rnn_contracts.deviations import Deviation
from rnn_contracts.plugin import causes
from rnn_contracts.plugin.collection import OTHER_WORDS, OWN, TEST
from rnn_contracts.plugin.crash_notes import CrashNotes
from rnn_contracts.plugin.session import SESSION, seed_of
from rnn_contracts.results import outcome
from rnn_contracts.results.outcome import Outcome
from rnn_contracts.rule_tests import first_pass
from rnn_contracts.rule_tests.rule_test import RuleTest


def set_up(item: pytest.Item) -> None:
    """Get ready for the test of a rule."""
    test = item.stash.get(TEST, None)
    if test is None:
        return
    session, seed = item.config.stash[SESSION], seed_of(item.config)
    if session.run.lost:
        pytest.exit(f"rnn-contracts: {session.run.lost}; the rest was not run", returncode=3)
    if isinstance(session.notes, CrashNotes):
        session.notes.begin(item.nodeid, item.user_properties)
    if OWN in item.stash:
        item.stash[OWN].seed = seed
    else:
        session.run.observed.begin(test.place(seed))


def _holds(**_: object) -> None:
    """The test of a rule that has held in the cases that were drawn."""


def _give_each_item_its_own_examples(item: pytest.Item) -> None:
    """Hypothesis gives an item a seed and a database key of its own where it sees this mark."""
    item.add_marker(pytest.mark.parametrize("check", []))


def call(item: pytest.Item) -> Generator[None, None, None]:
    """Run the test, and raise what is known at its end."""
    test = item.stash.get(TEST, None)
    if test is None:
        yield
    elif isinstance(item, pytest.Function) and OWN not in item.stash:
        run, seed = item.config.stash[SESSION].run, seed_of(item.config)
        try:
            with test.judged(run):
                if first_pass.holds(test, run, seed):
                    item.obj = _holds
                else:
                    item.obj = test.drawing(run, seed)
                    _give_each_item_its_own_examples(item)
                yield
        finally:
            if test.seen:
                # Tracebacks keep layers alive, and a test is kept to the end of the run. Those of the
                # failed test before this one are garbage, which is collected seldom.
                test.seen = None
                test.tally.raised.clear()
                gc.collect()
    else:
        yield
        item.stash[OWN].fail_if_not_called()


def finish_report(
    item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport
) -> None:
    """Say in the report what came of the test, in the words of the contract."""
    violation = call.excinfo.value if call.excinfo else None
    plain = item.config.getoption("tbstyle", "auto") == "auto"
    test = item.stash.get(TEST, None)
    if test and call.excinfo and isinstance(violation, ContractViolation) and report.failed:
        causes.note(report, violation)
        if plain:
            # The message of a violation says it all.
            report.longrepr = call.excinfo.getrepr(style="value", chain=False)
    if report.when != "call" and report.passed:
        return
    came = outcome_of(test, call, report) if test else _of_a_quote(item, report)
    if came is None:
        return
    if came.state == outcome.FIXED:
        entry = test.known.expected[0] if test else item.stash[OTHER_WORDS]
        report.longrepr = _no_longer_happens(entry, item.name)
    item.user_properties += came.as_properties()
    report.user_properties = [*item.user_properties]


def outcome_of(test: RuleTest, call: pytest.CallInfo[None], report: pytest.TestReport) -> Outcome:
    """What came of the test, as pytest has judged it."""
    violation = call.excinfo.value if call.excinfo else None
    broken = violation.rule_id if isinstance(violation, ContractViolation) else ""
    xfail = hasattr(report, "wasxfail")
    known: list[Deviation] = []
    if report.skipped and test.tally.difference:
        violation = test.tally.difference
        state, broken = outcome.DIFFERS, violation.rule_id
    elif report.skipped and xfail:
        state = outcome.KNOWN
        known = _met(test, violation)
    elif report.skipped:
        state = outcome.NOT_SUPPORTED if test.tally.unsupported else outcome.NOT_CHECKED
    elif report.passed:
        # Say it of undefined deviations even if they did not occur, so that two reports compare
        # equal: they may occur in the next run.
        known = [entry for entry in test.known.expected if xfail and entry.undefined]
        state = outcome.KNOWN if known else outcome.PASSED
    elif broken:
        state = outcome.FAILED
    else:
        # Pytest fails a test that it expects to fail and that raises nothing.
        state = outcome.NOT_CHECKED if call.excinfo else outcome.FIXED
    return Outcome(
        state,
        broken if state in (outcome.FAILED, outcome.KNOWN, outcome.DIFFERS) else "",
        {str(entry): entry.link for entry in known},
        tuple(sorted(test.tally.refusals)),
        tuple(sorted(test.tally.unsupported)),
        test.tally.examples,
        str(violation) if broken and state in (outcome.KNOWN, outcome.DIFFERS) else "",
        tuple(test.tally.errors.values()),
    )


def _met(test: RuleTest, violation: BaseException | None) -> list[Deviation]:
    """The known deviations that the test has met."""
    if isinstance(violation, ContractViolation) and (entry := test.known.entry_of(violation)):
        return [entry]
    met = test.tally.known and test.known.entry_of(test.tally.known)
    return [met] if met else [*test.tally.avoided.values()] or [*test.known.expected]


def _of_a_quote(item: pytest.Item, report: pytest.TestReport) -> Outcome | None:
    """What came of the test of a quote; None for a test of something else."""
    if not item.get_closest_marker("quote"):
        return None
    entry = item.stash.get(OTHER_WORDS, None)
    if report.passed:
        return Outcome(outcome.PASSED)
    if report.skipped and entry:
        return Outcome(outcome.KNOWN, known={str(entry): entry.link})
    if report.failed:
        # A quote is known to deviate, and its test fails only if it does not.
        return Outcome(outcome.FIXED if entry else outcome.FAILED)
    return Outcome(outcome.NOT_CHECKED)


def _no_longer_happens(entry: Deviation, test: str) -> str:
    """The text of a failure that is known and did not happen."""
    release = Version(Version(torch.__version__).base_version).base_version
    fixed = "" if entry.subject else f", or add fixed = {release!r}"
    return (
        f"{entry.rule}: a known deviation no longer happens on torch {torch.__version__}\n"
        f"  {entry.reason}\n"
        f"  {entry.origin}: take it out, leave out {test}{fixed}"
    )
