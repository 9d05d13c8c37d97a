"""The time of `rnn-contracts list`, a whole process, over that of `python -c pass`.

    python tests/benchmarks/startup.py

In the environment that is to be measured: an editable install finds its files more slowly.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 31


def main() -> None:
    """Run both in turns, and print the median of each and the ratio."""
    python = sys.executable
    commands = ([python, "-c", "pass"], [str(Path(python).with_name("rnn-contracts")), "list"])
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(RUNS):
        for command, times in zip(commands, seconds, strict=True):
            start = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            times.append(time.perf_counter() - start)
    bare, listed = map(statistics.median, seconds)
    print(
        f"python -c pass {bare * 1e3:.1f} ms, list {listed * 1e3:.1f} ms: {listed / bare:.2f} times"
    )


if __name__ == "__main__":
    main()
