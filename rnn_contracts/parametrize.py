"""The whole suite for a layer of one's own, in a test module of one's own."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
import torch

from rnn_contracts import deviations, machine, rules
from rnn_contracts.checking import limits, subjects
from rnn_contracts.checking.run import Run
from rnn_contracts.checking.subjects import Subject
from rnn_contracts.deviations import Deviation
from rnn_contracts.devices import available_devices, devices_by_default
from rnn_contracts.paths import SUITE
from rnn_contracts.rule_tests import first_pass
from rnn_contracts.rule_tests.examples import is_nightly
from rnn_contracts.rule_tests.listing import tests_of
from rnn_contracts.rule_tests.rule_test import RuleTest
from rnn_contracts.rule_tests.statement import Statement, statement_of

Constructor = Callable[..., Any]


def parametrize_with_rules(
    *,
    RNN: Constructor | None = None,
    GRU: Constructor | None = None,
    LSTM: Constructor | None = None,
    expected_failures: Mapping[str, str] | None = None,
    devices: Sequence[str] | None = None,
    require_all: bool = False,
    without: Sequence[str] = (),
) -> pytest.MarkDecorator:
    """Parametrise a test with every check of the suite, made of a class or factory of your own.

    ``RNN``, ``GRU`` and ``LSTM`` take the arguments of torch's constructors. The test gets one
    argument, ``check``, and calls it::

        @rnn_contracts.parametrize_with_rules(LSTM=MyLSTM)
        def test_my_lstm(check):
            check()

    ``expected_failures`` gives a reason for each rule that is known to fail, or for some of its tests
    alone, by a pattern (``fnmatch``) of what their ids say between kind and device:
    ``{"copies-agree": "holds a lambda", "layers-compose[*-deep-*]": "rounds"}``. They are
    strict: a test that is expected to fail and does not, fails. What torch's own layer of the kind is
    known to do wrong is excused. An argument that the constructor does not take, or what it raises
    ``NotImplementedError`` for, is skipped as not supported, unless ``require_all``. So is what
    ``without`` names, such as ``["unbatched", "packed"]``; ``rnn_contracts.checking.limits`` has all.
    ``devices`` are the CPU, meta and the first accelerator if left out. What is slow needs the
    Hypothesis profile ``nightly``.

    ``ValueError`` if a rule, a device or a limit is unknown, or a pattern fits no test.
    """
    chosen = {"RNN": RNN, "GRU": GRU, "LSTM": LSTM}
    expected = list(_expected(expected_failures or {}))
    selected = _present(devices)
    facts = machine.facts(selected[-1])
    entries = deviations.known_on(torch.__version__)
    known = [entry for entry in entries if entry.happens_on(torch.__version__, facts)]
    taken = _subjects(chosen, require_all=require_all, without=limits.parse(without))
    tests = [
        test
        for statement in _statements()
        for listed in tests_of(statement, selected, taken)
        for test in listed.expecting(filter(listed.is_meant_by, [*expected, *known]))
    ]
    for entry in expected:
        if not any(entry in test.known.expected for test in tests):
            raise ValueError(f"{entry.origin}: there is no such test")
    return pytest.mark.parametrize("check", list(_parameters(tests, Run())))


def _parameters(tests: Sequence[RuleTest], run: Run) -> Iterator[Any]:
    """The tests that are run on this torch."""
    for test in tests:
        asked = not test.slow or (is_nightly() and not test.rule.tool)
        if test.rule.covers(torch.__version__) and asked:
            id = f"{test.rule.id}-{test.id.removeprefix(f'{test.rule.id}-')}"
            yield pytest.param(OwnTest(test, run), id=id, marks=[test.mark] if test.mark else [])


class OwnTest:
    """The test of a rule, for a test function of one's own to call."""

    def __init__(self, test: RuleTest, run: Run) -> None:
        self.test, self.run = test, run
        self.seed: object = None
        self.was_called = False

    def __call__(self) -> None:
        """Run the test."""
        __tracebackhide__ = True
        self.was_called = True
        # The next test may be of a layer that does otherwise, so share no calls.
        self.run.observed.begin(None)
        with self.test.judged(self.run):
            if not first_pass.holds(self.test, self.run, self.seed, database=False):
                self.test.drawing(self.run, self.seed, database=False)()

    def fail_if_not_called(self) -> None:
        """A test function that did not call it has checked nothing."""
        __tracebackhide__ = True
        if not self.was_called:
            pytest.fail(f"{self.test.rule.id}: the test did not call its check", pytrace=False)


def _subjects(
    chosen: Mapping[str, Constructor | None], *, require_all: bool, without: tuple[str, ...]
) -> Mapping[str, Subject]:
    taken = {}
    for kind, constructor in chosen.items():
        if constructor is not None:
            if not callable(constructor) or isinstance(constructor, torch.nn.Module):
                got = type(constructor).__qualname__
                raise ValueError(f"{kind}: expected a class or a factory, got {got}")
            name = subjects.name_of(constructor)
            taken[kind] = subjects.make(
                kind, name, constructor, require_all=require_all, without=without
            )
    if not taken:
        raise ValueError("parametrize_with_rules: give it an RNN, a GRU or an LSTM")
    return taken


def _expected(failures: Mapping[str, str]) -> Iterator[Deviation]:
    for tests, reason in failures.items():
        rule, _, pattern = tests.removesuffix("]").partition("[")
        rules.rule(rule)
        yield Deviation(
            rule,
            torch=">=0",
            reason=reason,
            variants=(pattern or "*",),
            subject="*",
            origin=f"expected_failures[{tests!r}]",
        )


def _present(devices: Sequence[str] | None) -> Sequence[str]:
    present = available_devices()
    if isinstance(devices, str):
        raise ValueError(f"devices: expected a list of names, got {devices!r}")
    for device in devices or ():
        if device not in present:
            raise ValueError(f"devices: no device {device!r} here; present: {', '.join(present)}")
    return devices or devices_by_default()


def _statements() -> Iterator[Statement]:
    """What the test functions of the suite state."""
    for path in sorted({*SUITE.glob("test_*.py")} - {SUITE / "test_documentation.py"}):
        name = f"rnn_contracts.suite.{path.stem}"
        if name not in sys.modules:
            # Import it by its path, since a checkout has the suite elsewhere.
            spec = importlib.util.spec_from_file_location(name, path)
            assert spec is not None
            assert spec.loader is not None
            sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(sys.modules[name])
        for function in vars(sys.modules[name]).values():
            if statement := statement_of(function):
                yield statement
