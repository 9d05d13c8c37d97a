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
IMPORTS = "import torch, hypothesis, pytest, xdist, rnn_contracts.plugin"
FACTORS = """
import hypothesis
for factor in (1, 3, 10):
    hypothesis.settings.register_profile(f"x{factor}", max_examples=100 * factor)
"""
# What two cores are worth: two checks of one process each, at once.
AT_ONCE = """
import subprocess, sys
for check in [subprocess.Popen(sys.argv[1:]) for _ in range(2)]:
    check.wait()
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
        Path(directory, "factors.py").write_text(FACTORS, "utf-8")
        Path(directory, "at_once.py").write_text(AT_ONCE, "utf-8")
        os.environ["PYTHONPATH"] = directory
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(directory, "bytecode"))
        measure()


def measure() -> None:
    """Each command once."""
    runner = pyperf.Runner(processes=1, values=1, warmups=0, loops=1)
    passed = [DIRECTORY, "PATH", "PYTHONPATH", "PYTHONPYCACHEPREFIX"]
    runner.argparser.set_defaults(inherit_environ=passed)

    def check(name: str, *options: str) -> None:
        runner.bench_command(name, [*PYTEST, *options])

    check("check, 2 workers, cold", "-n", "2")
    runner.bench_command("import", [sys.executable, "-c", IMPORTS])
    check("collect", "--collect-only")
    check("check, no workers")
    at_once = [sys.executable, str(Path(os.environ[DIRECTORY], "at_once.py"))]
    runner.bench_command("check, no workers, two at once", [*at_once, *PYTEST])
    for workers in (1, 2):
        for factor in (1, 3, 10):
            profile = ["-p", "factors", "--hypothesis-profile", f"x{factor}"]
            check(f"check, {workers} workers, x{factor}", "-n", str(workers), *profile)


if __name__ == "__main__":
    main()
