"""Make the tables of benchmarks.md out of two runs, the earlier first.

    python docs/benchmarks.py docs/benchmarks/c0657da docs/benchmarks/newest

``tox -e bench`` makes the newest run, and puts what is made here between the marks of the page.
"""

from __future__ import annotations

import collections
import json
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyperf  # type: ignore[import-untyped]

from rnn_contracts.citing.tables import markdown_table

DOCS = Path(__file__).parent
WHOLE = "whole check"
NAMES = ("c0657da", "newest")
"""The commit before the cases were shared, and the suite as it is."""


class Run:
    """What one run of the benchmarks measured; what it did not, is None."""

    def __init__(self, directory: Path) -> None:
        suite = pyperf.BenchmarkSuite.load(str(directory / "verdict.json"))
        startup = pyperf.BenchmarkSuite.load(str(directory / "startup.json"))
        self.seconds: dict[str, float] = {
            bench.get_name(): bench.median() for bench in (*suite, *startup)
        }
        self.machine: dict[str, Any] = suite.get_metadata()
        self.date = min(bench.get_dates()[0] for bench in suite).date()
        self.overhead = json.loads((directory / "overhead.json").read_text("utf-8"))
        self.sharpness: list[dict[str, Any]] = json.loads(
            (directory / "sharpness.json").read_text("utf-8")
        )

    @property
    def growth(self) -> float | None:
        """How many times as long ten times the examples take."""
        return ratio(self.seconds.get("2 workers, x10"), self.seconds["2 workers"])

    def of(self, name: str) -> list[dict[str, Any]]:
        """The runs of the suite on broken layers, of that name."""
        return [it for it in self.sharpness if it["run"] == name]

    @property
    def rejected(self) -> str:
        """How many layers each seed rejected by their rule, and those that some seed did not."""
        runs = self.of("seeds")
        if not runs:
            return number(None)
        layers = {(it["rule"], it["layer"]) for it in runs}
        missed = collections.Counter((it["rule"], it["layer"]) for it in runs if not is_red(it))
        said = [f"`{layer}` of `{rule}` in {n}" for (rule, layer), n in missed.items()]
        named = f"; missed: {', '.join(said)}" if said else ""
        return f"{len(layers) - len(missed)} of {len(layers)}{named}"

    def first_red(self, share: float) -> float | None:
        """Seconds by which that share of the broken layers is red in the whole check."""
        times = sorted(it["seconds"] if is_red(it) else math.inf for it in self.of(WHOLE))
        return times[math.ceil(share * len(times)) - 1] if times else None


def is_red(run: dict[str, Any]) -> bool:
    """Whether the layer was rejected by its rule, or by any in the whole check."""
    return bool(run["by"] == run["rule"] or (run["run"] == WHOLE and run["by"]))


def ratio(one: float | None, other: float | None) -> float | None:
    """None if either was not measured."""
    return None if one is None or other is None else one / other


def number(value: float | None, unit: str = "") -> str:
    """As it stands in a table."""
    if value is None:
        return "not measured"
    if value == math.inf:
        return "never"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}{unit}"


ROWS: list[tuple[str, str, Callable[[Run], str]]] = [
    ("whole check, 2 workers", "half", lambda run: number(run.seconds["2 workers"], " s")),
    ("the same, nothing compiled", "", lambda run: number(run.seconds["2 workers, cold"], " s")),
    ("whole check, 1 worker", "", lambda run: number(run.seconds["1 worker"], " s")),
    ("cases checked", "twice as many", lambda run: f"{run.overhead['examples']:,}"),
    ("calls of layers", "", lambda run: f"{run.overhead['calls']:,}"),
    ("CPU of one process", "", lambda run: number(run.overhead["check"], " s")),
    ("CPU of its torch calls alone", "", lambda run: number(run.overhead["bare"], " s")),
    ("the one over the other", "at most 2.0", lambda run: number(run.overhead["overhead"])),
    ("CPU of pytest for as many tests of nothing", "",
     lambda run: number(run.overhead.get("tests of nothing"), " s")),
    ("collection, with import", "under 2 s", lambda run: number(run.seconds["collect"], " s")),
    ("ten times the examples, 2 workers", "at most 6 times the time",
     lambda run: number(run.growth, " times")),
    ("one broken layer in four: rejected by its rule in each of 10 seeds", "all",
     lambda run: run.rejected),
    ("half of them are red in the whole check, so long after collection", "no more",
     lambda run: number(run.first_red(0.5), " s")),
    ("nine tenths of them after", "no more", lambda run: number(run.first_red(0.9), " s")),
    ("`rnn-contracts list`", "", lambda run: number(run.seconds["rnn-contracts list"], " s")),
]  # fmt: skip
"""What a row of the table is, the target, and how a run tells it."""


def table(runs: Sequence[Run]) -> str:
    """The targets, beside what each run measured."""
    rows = [(what, target, *(tell(run) for run in runs)) for what, target, tell in ROWS]
    return markdown_table(["measured", "target", *NAMES], rows)


def profile(before: Path, newest: Path) -> str:
    """CPU seconds of the parts of the check in one process, the largest first."""
    found = [json.loads(path.read_text("utf-8"))["seconds"] for path in (before, newest)]
    parts = dict.fromkeys([*sorted(found[1], key=lambda part: -found[1][part]), *found[0]])
    rows = [(part, *(f"{one[part]:.1f}" if part in one else "" for one in found)) for part in parts]
    whole = ("all", *(f"{sum(one.values()):.1f}" for one in found))
    return markdown_table(["CPU seconds", before.stem, newest.stem], [*rows, whole])


def machine(run: Run) -> str:
    """What it ran on."""
    said = run.machine
    return (
        f"{said['cpu_count']} cores ({said['cpu_model_name']}, "
        f"{run.overhead['cpu_capability']}), {said['platform']}, Python "
        f"{run.overhead['python']}, torch {run.overhead['torch']}."
    )


def main(directories: list[str]) -> None:
    """Put the tables where the page has their marks."""
    runs = [Run(Path(directory)) for directory in directories]
    made = {
        "machine": machine(runs[-1]),
        "table": table(runs),
        "profile": profile(*(DOCS / "benchmarks" / "profile" / f"{name}.json" for name in NAMES)),
    }
    page = DOCS / "benchmarks.md"
    text = page.read_text("utf-8")
    for name, part in made.items():
        start, end = f"<!-- {name} -->\n", "<!-- end -->"
        before, _, rest = text.partition(start)
        text = f"{before}{start}\n{part}\n\n{end}{rest.partition(end)[2]}"
    page.write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
