"""Of how many broken layers the first block of the output is about the rule that they break.

    python tests/benchmarks/first_block.py [NAME ...]

Each broken layer of the negative controls stands in the place of torch's, and the suite takes its first
look at the kinds of it on the CPU. A fault in numbers breaks several laws; then the place of its own
rule among the blocks is printed.
"""

from __future__ import annotations

import collections
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "project"))

import hypothesis
from broken_layers import BROKEN, Broken
from minimal import in_torch
from run_suite import SUITE

from rnn_contracts.plugin.causes import Failure, by_cause, failure_of
from rnn_contracts.plugin.collection import TEST


def main(names: list[str]) -> None:
    """Print the place of each, and how many there are of each place."""
    places: collections.Counter[str] = collections.Counter()
    for broken in BROKEN:
        if names and broken.name not in names:
            continue
        blocks = by_cause(failures(broken))
        own = [i for i, block in enumerate(blocks, 1) if broken.rule in {it.rule for it in block}]
        place = str(own[0]) if own else "none"
        places[place] += 1
        print(f"{place} of {len(blocks)}: {broken.rule}: {broken.name}", flush=True)
    print(dict(places))


def failures(broken: Broken) -> list[Failure]:
    """What the suite finds, as the plugin notes it."""
    found = Failures()
    kinds = " or ".join(f"{kind}-" for kind in broken.kinds)
    selected = f"cpu and ({kinds})"
    options = ["--hypothesis-profile=ci", "-pno:terminal", "-pno:cacheprovider"]
    options += ["-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"]
    with in_torch(broken):
        profile = hypothesis.settings.get_current_profile_name()
        try:
            pytest.main([str(SUITE), *options, "-k", selected], plugins=[found])
        finally:
            hypothesis.settings.load_profile(profile)
    return found.failures


class Failures:
    """Collects the failures of a run."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the first look."""
        items[:] = [item for item in items if TEST in item.stash and item.stash[TEST].first_look]

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what the plugin has noted."""
        if failure := failure_of(report):
            self.failures.append(failure)


if __name__ == "__main__":
    main(sys.argv[1:])
