"""What the suite catches, and how soon: every broken layer of the negative controls, under -x.

    python tests/benchmarks/sharpness.py -o sharpness.json [--seeds 10] [NAME ...]

Each layer stands in the place of torch's, and the suite that users run is run on it in this process,
as the negative controls do: the tests of its rule, under ``default`` with each seed and once under
``ci``; and once the default check of all rules. Seconds are from the end of the collection to the
report of the first red, made small by Hypothesis; examples up to the first that failed.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "project"))

from broken_layers import BROKEN
from run_suite import EVERYTHING, SUITE

from rnn_contracts.rules import RULES

RUNS = ("default", "ci", "whole check")
PROFILE = "without_database"  # What one run found is not to be known to the next.


@dataclass
class Run:
    """One run of the suite on a broken layer, until its first red or its end."""

    layer: str
    rule: str
    run: str
    seed: int
    slow: bool
    by: str = ""
    seconds: float = 0.0
    examples: int = 0

    @property
    def rejected(self) -> bool:
        """Whether the rule that is broken is red; of the whole check, any."""
        return self.by == self.rule or (self.run == "whole check" and bool(self.by))


class Watch:
    """A plugin that counts examples and seconds until the first red."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.red = False

    def pytest_collection_finish(self) -> None:
        """Start the clock."""
        self.start = time.perf_counter()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None]:
        """Count the examples of the test."""
        test: Any = getattr(item, "obj", None)
        if hasattr(test, "hypothesis"):
            test.hypothesis.inner_test = self._counted(test.hypothesis.inner_test)
        yield

    def _counted(self, check: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(check)
        def counted(*arguments: Any, **named: Any) -> Any:
            self.run.examples += not self.red
            try:
                return check(*arguments, **named)
            except AssertionError:
                self.red = True
                raise

        return counted

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Stop the clock, and note whose red it is; what is known to deviate is none."""
        self.red = report.failed
        if report.failed:
            self.run.seconds = round(time.perf_counter() - self.start, 3)
            properties = dict(report.user_properties)
            self.run.by = str(properties.get("broken", report.nodeid))


def run(task: Run) -> Run:
    """Run the suite on the layer of the task."""
    broken = next(it for it in BROKEN if (it.rule, it.name) == (task.rule, task.layer))
    # What torch's documentation says of its own layers is told of no other.
    tests, marked = str(SUITE), "rule"
    if task.run != "whole check":
        tests, marked = f"{SUITE}/{RULES[task.rule].test}", f"rule(id={task.rule!r})"
    if task.slow:
        marked += f" and ({EVERYTHING})"
    options = ["-x", "-pno:cacheprovider", "-pno:terminal", "-m", marked]
    options += ["-Wignore:Module already imported:pytest.PytestAssertRewriteWarning"]
    options += [f"--hypothesis-profile={'ci' if task.run == 'ci' else PROFILE}"]
    options += [f"--hypothesis-seed={task.seed}"] * (task.run != "ci")
    with in_place_of_torchs(broken):
        code = pytest.main([tests, *options], plugins=[Watch(task)])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"{task}: {code!r}")
    return task


@contextlib.contextmanager
def in_place_of_torchs(broken: Any) -> Iterator[None]:
    """Let the broken layer stand in ``torch.nn``."""
    with pytest.MonkeyPatch.context() as patch:
        broken.put_in_place(patch)
        yield


def tasks(names: list[str], seeds: int) -> Iterator[Run]:
    """Every run; what only the nightly profile checks has none of the whole default check."""
    for broken in BROKEN:
        if names and broken.name not in names:
            continue
        slow = RULES[broken.rule].slow
        described = functools.partial(Run, broken.name, broken.rule, slow=slow)
        yield from (described("default", seed=seed) for seed in range(seeds))
        yield described("ci", seed=0)
        if not slow:
            yield described("whole check", seed=0)


def summary(runs: list[Run]) -> Iterator[str]:
    """What is printed: how many are caught how soon, and each that is missed."""
    for name in RUNS:
        of_it = [it for it in runs if it.run == name]
        red = [it for it in of_it if it.rejected]
        if red:
            seconds = [it.seconds for it in red]
            examples = [it.examples for it in red]
            yield (
                f"{name}: {len(red)} of {len(of_it)} runs are red, in the median after "
                f"{statistics.median(seconds):.2f} s and {statistics.median(examples):g} examples "
                f"(at most {max(seconds):.1f} s and {max(examples)})"
            )
        for it in of_it:
            if not it.rejected:
                yield f"  missed: {it.layer} ({it.rule}), seed {it.seed}, red by {it.by or 'none'}"


def main() -> None:
    """Make every run on as many processes as there are cores, and keep what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("names", nargs="*", metavar="NAME")
    asked = parser.parse_args()
    hypothesis.settings.register_profile(
        PROFILE, hypothesis.settings.get_profile("default"), database=None
    )
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        runs = list(pool.map(run, tasks(asked.names, asked.seeds)))
    # A line for each run.
    lines = ",\n".join(json.dumps(asdict(it)) for it in runs)
    asked.output.write_text(f"[\n{lines}\n]\n", "utf-8")
    print("\n".join(summary(runs)))


if __name__ == "__main__":
    main()
