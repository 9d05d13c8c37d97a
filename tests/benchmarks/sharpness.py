"""What the suite catches, and how soon: the broken layers of rules of the default check, under -x.

    python tests/benchmarks/sharpness.py -o sharpness.json [--seeds 10] [--every 4] [NAME ...]

Each layer stands in the place of torch's, and the suite that users run is run on it in this process,
as the negative controls do: the tests of its rule with each seed, where nothing is shrunk; and once the
default check of all rules. Seconds are from the end of the collection to the report of the first red;
examples are those that held until then.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import Phase

sys.path.insert(0, str(Path(__file__).parents[1] / "project"))

from broken_layers import BROKEN
from run_suite import SUITE

from rnn_contracts.rules import RULES

SEEDS, WHOLE = "seeds", "whole check"


@dataclass
class Run:
    """One run of the suite on a broken layer, until its first red or its end."""

    layer: str
    rule: str
    run: str
    seed: int
    by: str = ""
    seconds: float = 0.0
    examples: int = 0

    @property
    def rejected(self) -> bool:
        """Whether the rule that is broken is red; of the whole check, any."""
        return self.by == self.rule or (self.run == WHOLE and bool(self.by))


class Watch:
    """A plugin that counts examples and seconds until the first red."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def pytest_collection_finish(self) -> None:
        """Start the clock."""
        self.start = time.perf_counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the examples, and stop the clock at the first red; a known deviation is not red."""
        properties = dict(report.user_properties)
        if report.when == "call":
            self.run.examples += int(str(properties.get("examples", 0)))
        if report.failed:
            self.run.seconds = round(time.perf_counter() - self.start, 3)
            self.run.by = str(properties.get("broken", report.nodeid))


def run(task: Run) -> Run:
    """Run the suite on the layer of the task."""
    broken = next(it for it in BROKEN if (it.rule, it.name) == (task.rule, task.layer))
    # What torch's documentation says of its own layers is told of no other.
    tests, marked = str(SUITE), "rule"
    if task.run != WHOLE:
        tests, marked = f"{SUITE}/{RULES[task.rule].test}", f"rule(id={task.rule!r})"
    options = ["-x", "-pno:cacheprovider", "-pno:terminal", "-m", marked]
    options += ["-Wignore:Module already imported:pytest.PytestAssertRewriteWarning"]
    options += [f"--hypothesis-profile={task.run}", f"--hypothesis-seed={task.seed}"]
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


def tasks(names: list[str], seeds: int, every: int) -> Iterator[Run]:
    """Every run. The default check leaves out slow rules, so their broken layers are left out too."""
    layers = [it for it in BROKEN if not RULES[it.rule].slow and (not names or it.name in names)]
    for broken in layers[::every]:
        for seed in range(1, seeds + 1):
            yield Run(broken.name, broken.rule, SEEDS, seed)
        yield Run(broken.name, broken.rule, WHOLE, 1)


def summary(runs: list[Run]) -> Iterator[str]:
    """What is printed: how many are caught how soon, and each that is missed."""
    for name in (SEEDS, WHOLE):
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
    parser.add_argument("--every", type=int, default=1, help="take one layer of so many")
    parser.add_argument("names", nargs="*", metavar="NAME")
    asked = parser.parse_args()
    if unknown := {*asked.names} - {broken.name for broken in BROKEN}:
        parser.error(f"no broken layer {', '.join(sorted(unknown))}")
    # What one run found is not to be known to the next.
    kept = hypothesis.settings(hypothesis.settings.get_profile("default"), database=None)
    hypothesis.settings.register_profile(WHOLE, kept)
    hypothesis.settings.register_profile(SEEDS, kept, phases=[Phase.generate])
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        runs = list(pool.map(run, tasks(asked.names, asked.seeds, asked.every)))
    # A line for each run.
    lines = ",\n".join(json.dumps(asdict(it)) for it in runs)
    asked.output.write_text(f"[\n{lines}\n]\n", "utf-8")
    print("\n".join(summary(runs)))


if __name__ == "__main__":
    main()
