"""From the test functions of the suite to the items that pytest runs, and their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

import pytest
import torch

from rnn_contracts import machine
from rnn_contracts.checking import surroundings
from rnn_contracts.deviations import Deviation
from rnn_contracts.parametrize import OwnTest
from rnn_contracts.plugin.header import torch_build
from rnn_contracts.plugin.session import SESSION, Session
from rnn_contracts.plugin.unmeasured import UNMEASURED
from rnn_contracts.results.outcome import Properties
from rnn_contracts.rule_tests.examples import is_nightly
from rnn_contracts.rule_tests.listing import tests_of
from rnn_contracts.rule_tests.rule_test import RuleTest
from rnn_contracts.rule_tests.statement import TAKEN, statement_of

TEST = pytest.StashKey[RuleTest]()
"""The test of a rule that an item is, in the suite or in a module of somebody else's."""
OTHER_WORDS = pytest.StashKey[Deviation]()
"""The known deviation of the documentation that an item meets, which is the test of a quote."""
IDLE = pytest.StashKey[list[str]]()
"""The known deviations that no test heeds, in words."""
OWN = pytest.StashKey[OwnTest]()
"""What an item in a module of somebody else's calls."""


def generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise a function of the suite over the grid of its rule, or the wrong calls, and devices."""
    statement = statement_of(metafunc.function)
    if statement is None:
        return
    taken = [name for name in TAKEN if name in metafunc.fixturenames]
    if not taken:
        raise pytest.Collector.CollectError(
            "the test of a rule takes `check`, `trial` or `packing`"
        )
    names = [taken[0], *(["wrong"] if statement.rule is None else [])]
    session = metafunc.config.stash[SESSION]
    parameters = []
    for listed in tests_of(statement, session.devices, session.subjects):
        for test in listed.expecting(session.known_of(listed)):
            marks = [test.mark] if test.mark else []
            values = [test, test.wrong] if statement.rule is None else [test]
            parameters.append(pytest.param(*values, id=test.id, marks=marks))
    metafunc.parametrize(names, parameters)


def note_item(item: pytest.Item) -> None:
    """Mark an item that is the test of a rule or of a quote, and say what it is about."""
    session = item.config.stash[SESSION]
    parameters: Mapping[str, object] = item.callspec.params if hasattr(item, "callspec") else {}
    for mark in item.iter_markers("quote"):
        item.user_properties.append(("quote", mark.args[0]))
        _expect_other_words(item, mark.args[0], str(parameters["kind"]), session)
    tests = [value for value in parameters.values() if isinstance(value, (RuleTest, OwnTest))]
    if not tests:
        return
    test = tests[0].test if isinstance(tests[0], OwnTest) else tests[0]
    item.stash[TEST] = test
    if isinstance(tests[0], OwnTest):
        item.stash[OWN] = tests[0]
        # A module of somebody else's may check one rule in several functions.
        item.user_properties.append(("function", item.nodeid.partition("[")[0]))
    item.add_marker(pytest.mark.rule(id=test.rule.id))
    item.add_marker("hypothesis")
    if test.slow:
        item.add_marker("slow")
    if test.rule.tool:
        item.add_marker(test.rule.tool)
    item.user_properties += _about(test, session)


def _expect_other_words(item: pytest.Item, rule_id: str, kind: str, session: Session) -> None:
    """Documentation has known deviations of its own."""
    for entry in session.known:
        if entry.quote and entry.rule == rule_id and kind in entry.kinds:
            item.stash[OTHER_WORDS] = entry
            reason = f"{entry.rule}: {entry.reason} ({entry.origin})"
            item.add_marker(
                pytest.mark.xfail(
                    raises=pytest.fail.Exception, strict=not entry.undefined, reason=reason
                )
            )


def _about(test: RuleTest, session: Session) -> Properties:
    """What a report says of a test, whatever comes of it."""
    properties: Properties = [("rule", test.rule.id), ("family", test.rule.family)]
    properties += [("torch", torch_build()), ("device", test.device)]
    properties.append(("machine", machine.as_line(session.machine)))
    if test.point:
        properties.append(("point", str(test.point)))
    for entry in test.known.expected:
        if entry.unmeasured and entry.rule == test.rule.id:
            properties.append((UNMEASURED, entry.origin))
    if test.pinned:
        properties.append(("part of", test.part_of))
    if test.subject:
        properties.append(("subject", str(test.subject)))
    return properties


def idle_entries(config: pytest.Config, items: Sequence[pytest.Item]) -> list[str]:
    """The entries of the user's files that no test heeds, though there are tests of their rules.

    Entries of a subject that is not checked in this run are left out.
    """
    session = config.stash[SESSION]
    names = [subject.name for subject in session.subjects.values()]
    tests = [item.stash[TEST] for item in items if TEST in item.stash]
    heeded = {entry.origin for test in tests for entry in test.known.of_its_rule(test.rule)}
    heeded |= {item.stash[OTHER_WORDS].origin for item in items if OTHER_WORDS in item.stash}
    rules = {test.rule.id for test in tests}
    return [
        f"{entry.origin}: {entry.rule}: {entry.reason}"
        for entry in session.known
        if entry.origin.startswith(tuple(f"{name}, " for name, _ in session.deviation_files))
        and entry.origin not in heeded
        and entry.rule in rules
        and (not entry.subject or any(fnmatchcase(name, entry.subject) for name in names))
    ]


def select_and_sort(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what is slow, not for this release, or has nothing to check here; then sort the rest."""
    config.stash[IDLE] = (
        idle_entries(config, items) if config.stash[SESSION].deviation_files else []
    )
    if hasattr(config, "workeroutput"):
        config.workeroutput["rnn_idle_entries"] = config.stash[IDLE]
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        (kept if _is_wanted(item, config) else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
    groups: dict[str, int] = {}
    items[:] = sorted(kept, key=lambda item: _place(item, groups))


def _is_wanted(item: pytest.Item, config: pytest.Config) -> bool:
    test = item.stash.get(TEST, None)
    if test is not None:
        asked = (test.rule.tool or "slow") in config.getoption("markexpr", "")
        # What it needs is no part of torch, so that no profile asks for it.
        asked |= is_nightly() and not test.rule.tool
        return test.rule.covers(torch.__version__) and (asked or not test.slow)
    if statement_of(getattr(item, "obj", None)) is not None:
        # None of the classes that the rule speaks of is selected, or none of the devices.
        return False
    # Torch's documentation speaks of no subject, and python -OO has none.
    quotable = surroundings.has_docstrings() and not config.stash[SESSION].subjects
    return quotable or not item.get_closest_marker("quote")


def _place(item: pytest.Item, groups: dict[str, int]) -> tuple[bool, bool, str, int]:
    """Put a look at every rule first, and tests that look at the same calls beside each other.

    Laws come last in the first look, since they take the most time. ``groups`` numbers the places of
    tests that look at the same calls in the order in which they come.
    """
    test = item.stash.get(TEST, None)
    if test is None or OWN in item.stash:
        return False, False, "", 0
    shares = test.rule.family == "shape"
    group = groups.setdefault(test.place(""), len(groups)) if shares else 0
    slower = test.first_look and test.rule.family == "law"
    return not test.first_look, slower, item.path.name, group
