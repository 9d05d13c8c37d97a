"""Make the tables and pictures of benchmarks.md out of two runs, the earlier first.

    python docs/benchmarks.py docs/benchmarks/first docs/benchmarks/newest

``tox -e bench`` makes the newest run, and puts what is made here between the marks of the page.
"""

from __future__ import annotations

import collections
import json
import math
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyperf  # type: ignore[import-untyped]
from figures import GREY, save

from rnn_contracts.citing.tables import markdown_table

DOCS = Path(__file__).parent
FACTORS = (1, 3, 10)
WORKERS = (1, 2)
COLOURS = ("#c8553d", "#2a9d8f")
WHOLE = "whole check"
PROFILES = ("c0657da.json", "newest.json")
"""Profiles of the commit before the cases were shared, and of the suite as it is."""


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

    def check(self, workers: int, factor: int = 1) -> float | None:
        """Seconds of the check with that many workers and times the examples."""
        return self.seconds.get(f"check, {workers} workers, x{factor}")

    @property
    def growth(self) -> float | None:
        """How many times as long ten times the examples take, with two workers."""
        return ratio(self.check(2, 10), self.check(2))

    @property
    def speed_up(self) -> float | None:
        """How many times as fast two workers are as one, without import and collection."""
        alone, shared = self.check(1), self.check(2)
        if alone is None or shared is None:
            return None
        # One process imports, then the workers import and collect.
        start = self.seconds["import"] + self.seconds["collect"]
        return (alone - start) / (shared - start)

    @property
    def capacity(self) -> float | None:
        """How many times the work of one core both do: two checks at once against one."""
        both = self.seconds.get("check, no workers, two at once")
        return both and 2 * self.seconds["check, no workers"] / both

    def of(self, name: str) -> list[dict[str, Any]]:
        """The runs of the suite on broken layers, of that name."""
        return [it for it in self.sharpness if it["run"] == name]

    @property
    def missed(self) -> list[str]:
        """The layers that some seed did not reject."""
        missed = ((it["rule"], it["layer"]) for it in self.of("default") if not rejected(it))
        return [
            f"`{layer}` of `{rule}` in {seeds}"
            for (rule, layer), seeds in collections.Counter(missed).items()
        ]

    @property
    def first_red(self) -> float | None:
        """Median seconds to the first red of the whole check."""
        times = [it["seconds"] if rejected(it) else math.inf for it in self.of(WHOLE)]
        return statistics.median(times) if times else None


def rejected(run: dict[str, Any]) -> bool:
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
    return f"{value:.{digits}f}{unit}"


def targets(runs: Sequence[Run]) -> str:
    """What was aimed at, beside what each run measured."""

    def seeds(run: Run) -> str:
        layers = {(it["rule"], it["layer"]) for it in run.of("default")}
        missed = f"; missed: {', '.join(run.missed)}" if run.missed else ""
        return f"{len(layers) - len(run.missed)} of {len(layers)}{missed}"

    rows: list[tuple[str, str, list[str]]] = [
        ("CPU of the check over that of its torch calls alone", "at most 1.5",
         [number(run.overhead["overhead"]) for run in runs]),
        ("default check on 2 cores, import included", "at most 30 s",
         [number(run.check(2), " s") for run in runs]),
        ("ten times the examples", "at most 10 times the time",
         [number(run.growth) for run in runs]),
        ("two workers over one, without import", "at least 1.7",
         [number(run.speed_up) for run in runs]),
        ("two checks at once over one: what both cores are worth", "",
         [number(run.capacity) for run in runs]),
        ("broken layers rejected by their rule in each of 10 seeds", "all",
         [seeds(run) for run in runs]),
        ("median time to the first red after collection, whole check", "at most 5 s",
         [number(run.first_red, " s") for run in runs]),
    ]  # fmt: skip
    return markdown_table(
        ["target", "asked", *names(runs)], [(what, asked, *found) for what, asked, found in rows]
    )


def names(runs: Sequence[Run]) -> list[str]:
    """How the runs are called."""
    return [f"{name}, {run.date}" for name, run in zip(("first", "newest"), runs, strict=True)]


def seconds(runs: Sequence[Run]) -> str:
    """Every process that was timed."""
    labels = dict.fromkeys(name for run in reversed(runs) for name in run.seconds)
    return markdown_table(
        ["seconds", *names(runs)],
        [(label, *(number(run.seconds.get(label)) for run in runs)) for label in labels],
    )


def overhead(runs: Sequence[Run]) -> str:
    """The counts and CPU seconds of one process."""
    return markdown_table(
        ["one process", *names(runs)],
        [(name, *(str(run.overhead.get(name, "")) for run in runs)) for name in runs[-1].overhead],
    )


def profile(before: Path, newest: Path) -> str:
    """CPU seconds of the parts of the check in one process, the largest first."""
    found = [json.loads(path.read_text("utf-8"))["seconds"] for path in (before, newest)]
    parts = dict.fromkeys([*sorted(found[1], key=lambda part: -found[1][part]), *found[0]])
    rows = [(part, *(f"{one[part]:.1f}" if part in one else "" for one in found)) for part in parts]
    whole = ("all", *(f"{sum(one.values()):.1f}" for one in found))
    return markdown_table(["CPU seconds", before.stem, newest.stem], [*rows, whole])


def picture_of_growth(runs: Sequence[Run]) -> str:
    """Time by examples and workers."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
    said = []
    for run, name, colour in zip(runs, names(runs), COLOURS, strict=True):
        for workers, style in zip(WORKERS, ("--", "-"), strict=True):
            points = [(it, value) for it in FACTORS if (value := run.check(workers, it))]
            what = f"{workers} worker{'s' * (workers > 1)}, {name}"
            axes.plot(*zip(*points, strict=True), style, color=colour, marker="o", label=what)
            said.append(f"{what}: {', '.join(f'{y:.0f} s for {x} times' for x, y in points)}")
    axes.set_xlabel("examples, times those of the default profile")
    axes.set_ylabel("seconds of the whole check")
    axes.set_ylim(bottom=0)
    return finish(figure, axes, "growth", f"Time by examples and workers. {'; '.join(said)}.")


def picture_of_sharpness(runs: Sequence[Run]) -> str:
    """The share of the broken layers that is red by then."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
    said = []
    for run, name, colour in zip(runs, names(runs), COLOURS, strict=True):
        for kind, style in (("default", "-"), (WHOLE, ":")):
            times = sorted(it["seconds"] for it in run.of(kind) if rejected(it))
            if not times:
                continue
            runs_of_it = len(run.of(kind))
            shares = [(n + 1) / runs_of_it for n in range(len(times))]
            what = "tests of the rule alone" if kind == "default" else "whole check"
            axes.step(times, shares, style, where="post", color=colour, label=f"{what}, {name}")
            reached = [
                f"{share:.0%} by {time:.2f} s"
                for share in (0.5, 0.9)
                for time in times[int(share * runs_of_it) :][:1]
            ]
            said.append(f"{what}, {name}: {', '.join(reached)}")
    axes.set_xscale("log")
    axes.set_xlabel("seconds after collection")
    axes.set_ylabel("share of the runs that are red")
    alternative = f"Share of the runs on broken layers that are red by then. {'; '.join(said)}."
    return finish(figure, axes, "sharpness", alternative)


def finish(figure: Any, axes: Any, name: str, alternative: str) -> str:
    """Colour what frames the picture, write it, and give the Markdown that shows it."""
    axes.tick_params(colors=GREY)
    axes.xaxis.label.set_color(GREY)
    axes.yaxis.label.set_color(GREY)
    axes.spines[:].set_color(GREY)
    axes.legend(frameon=False, labelcolor=GREY)
    save(figure, DOCS / "benchmarks" / f"{name}.svg", alternative)
    return f"![{alternative}](benchmarks/{name}.svg)"


def machine(run: Run) -> str:
    """What it ran on."""
    said = run.machine
    return (
        f"{said['cpu_count']} cores ({said['cpu_model_name']}), {said['platform']}, Python "
        f"{run.overhead['python']}, torch {run.overhead['torch']}."
    )


def main(directories: list[str]) -> None:
    """Draw the pictures, and put them and the tables where the page has their marks."""
    runs = [Run(Path(directory)) for directory in directories]
    made = {
        "machine": machine(runs[-1]),
        "targets": targets(runs),
        "growth": picture_of_growth(runs),
        "seconds": seconds(runs),
        "overhead": overhead(runs),
        "sharpness": picture_of_sharpness(runs),
        "profile": profile(*(DOCS / "benchmarks" / "profile" / name for name in PROFILES)),
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
