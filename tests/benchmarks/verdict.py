"""How soon the suite has a verdict, and how that grows: whole processes, timed by pyperf.

    python tests/benchmarks/verdict.py -o verdict.json

Minutes each, so that each is run once; ``--values 3`` runs each three times. What is cold compiles
all Python that it imports, torch's own included, as on a machine where nothing was run before.
"""

import os
import sys
import tempfile
from pathlib import Path

import pyperf  # type: ignore[import-untyped]

PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
GROWN = """
import hypothesis
hypothesis.settings.register_profile("x10", max_examples=1000)
"""
DIRECTORY = "RNN_BENCHMARK_DIRECTORY"


def main() -> None:
    """Time them all in one run, on the torch that is installed."""
    if DIRECTORY in os.environ:
        # One of the processes that pyperf starts: what the first wrote is warm for the next.
        measure()
        return
    with tempfile.TemporaryDirectory() as directory:
        os.environ[DIRECTORY] = directory
        Path(directory, "grown.py").write_text(GROWN, "utf-8")
        os.environ["PYTHONPATH"] = os.pathsep.join(
            filter(None, [directory, os.getenv("PYTHONPATH")])
        )
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(directory, "bytecode"))
        measure()


def measure() -> None:
    """Each command once."""
    runner = pyperf.Runner(processes=1, values=1, warmups=0, loops=1)
    passed = [DIRECTORY, "PATH", "PYTHONPATH", "PYTHONPYCACHEPREFIX"]
    runner.argparser.set_defaults(inherit_environ=passed)

    def check(name: str, *options: str) -> None:
        runner.bench_command(name, [*PYTEST, *options])

    check("2 workers, cold", "-n", "2")
    check("collect", "--collect-only")
    check("1 worker", "-n", "1")
    check("2 workers", "-n", "2")
    check("2 workers, x10", "-n", "2", "-p", "grown", "--hypothesis-profile", "x10")


if __name__ == "__main__":
    main()
