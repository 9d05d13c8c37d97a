"""Where the CPU time of the default check goes, by part, by rule and by device, in one process.

    python tests/benchmarks/profile_check.py -o profile.json [pytest options]

A part has the time that is spent in it and in none of the parts that it calls. Child processes have
the CPU time of the children besides.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from rnn_contracts.checking import calls, equations, results, surroundings
from rnn_contracts.checking.check import Check
from rnn_contracts.checking.sandbox import Sandboxes
from rnn_contracts.checking.trial import Trial
from rnn_contracts.drawing import choices
from rnn_contracts.paths import SUITE
from rnn_contracts.rule_tests import drawn, first_pass
from rnn_contracts.rule_tests.rule_test import RuleTest

IMPORTED = time.process_time()
"""What the start of Python and the imports above took."""

CALLS: list[tuple[str, Any, str]] = [
    ("drawing choices", choices, "draw_choices"),
    ("making a case of choices", drawn, "case_of"),
    ("our own Python around a case", RuleTest, "try_case"),
    ("building layers", calls, "build"),
    ("drawing tensors", calls, "arguments"),
    ("calls of layers", calls, "call"),
    ("step equations", equations, "run"),
    ("comparisons", Trial, "_assert_close"),
    ("comparisons", Trial, "assert_that"),
    ("comparisons", results, "named_tensors"),
    ("comparisons", results, "shaped_tensors"),
    ("comparisons", results, "assert_shape"),
    ("other lines of a law", Check, "do"),
    ("child processes", Sandboxes, "run"),
]
"""The function that is a part, by its owner and name."""


class Parts:
    """A plugin that measures the parts, and what each test takes."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.times: dict[str, int] = defaultdict(int)
        self.of_tests: dict[tuple[str, str], float] = defaultdict(float)
        self._stack: list[str] = []
        self._since = time.process_time()

    def _turn(self) -> None:
        now = time.process_time()
        if self._stack:
            self.seconds[self._stack[-1]] += now - self._since
        self._since = now

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        """What is done within belongs to the part."""
        self._turn()
        self._stack.append(name)
        self.times[name] += 1
        try:
            yield
        finally:
            self._turn()
            self._stack.pop()

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, of which each call belongs to the part."""

        @functools.wraps(function)
        def timed(*arguments: Any, **options: Any) -> Any:
            with self.part(name):
                return function(*arguments, **options)

        return timed

    def entered(self, name: str, manager: Callable[..., Any]) -> Callable[..., Any]:
        """The context manager, whose beginning and end belong to the part."""

        @contextlib.contextmanager
        def entered(*arguments: Any) -> Iterator[None]:
            with contextlib.ExitStack() as stack:
                with self.part(name):
                    inner = manager(*arguments)
                    inner.__enter__()
                stack.push(self.timed(name, inner.__exit__))
                yield

        return entered

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self) -> Generator[None, Any, Any]:
        """Collection is a part."""
        with self.part("collection"):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """What pytest does for a test is a part."""
        before = time.process_time()
        with self.part("pytest, for each test"):
            result = yield
        rule = str(dict(item.user_properties).get("rule", ""))
        self.of_tests[rule, item.name.rpartition("-")[2].rstrip("]")] += (
            time.process_time() - before
        )
        return result


def patched(parts: Parts) -> pytest.MonkeyPatch:
    """Measure every part from now on."""
    patch = pytest.MonkeyPatch()
    for name, owner, function in CALLS:
        patch.setattr(owner, function, parts.timed(name, getattr(owner, function)))
    for manager in ("usual", "kept"):
        inner = getattr(surroundings, manager)
        patch.setattr(surroundings, manager, parts.entered("surroundings of a test", inner))
    holds = parts.timed("our own Python around a test", first_pass.holds)
    patch.setattr(first_pass, "holds", holds)
    drawing = RuleTest.drawing

    def timed_drawing(*arguments: Any, **options: Any) -> Any:
        return parts.timed("Hypothesis, for each example", drawing(*arguments, **options))

    patch.setattr(RuleTest, "drawing", parts.timed("Hypothesis, for each test", timed_drawing))
    return patch


def main() -> None:
    """Run the suite; print and keep the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True)
    asked, options = parser.parse_known_args()
    parts = Parts()
    patch = patched(parts)
    ignored = "-Wignore:Module already imported:pytest.PytestAssertRewriteWarning"
    started = time.process_time()
    code = pytest.main(
        [str(SUITE), "-q", "-pno:cacheprovider", "-mrule", ignored, *options], plugins=[parts]
    )
    patch.undo()
    if code != pytest.ExitCode.OK:
        sys.exit(f"the run to be measured ended with exit code {int(code)}")
    total = time.process_time() - started
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = dict(parts.seconds)
    seconds["import"] = IMPORTED
    seconds["child processes, in the children"] = children.ru_utime + children.ru_stime
    seconds["other"] = total - sum(parts.seconds.values())
    by_device: dict[str, float] = defaultdict(float)
    by_rule: dict[str, float] = defaultdict(float)
    for (rule, device), one in parts.of_tests.items():
        by_device[device] += one
        by_rule[rule] += one
    tables: dict[str, dict[str, Any]] = {
        "seconds": seconds,
        "times": parts.times,
        "by device": by_device,
        "by rule": by_rule,
    }
    asked.output.write_text(json.dumps(tables, indent=1), "utf-8")
    for title in ("seconds", "by device", "by rule"):
        print(f"\n{title}")
        largest = sorted(tables[title].items(), key=lambda row: -row[1])[:25]
        for name, one in largest:
            print(f"{one:8.2f}  {parts.times.get(name, ''):>7}  {name}")


if __name__ == "__main__":
    main()
