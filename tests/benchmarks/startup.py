"""How soon a command answers: `rnn-contracts list` beside `python -c pass`, whole processes.

    python tests/benchmarks/startup.py

In the environment that is to be measured: an editable install finds its files more slowly.
"""

import sys
from pathlib import Path

import pyperf  # type: ignore[import-untyped]

if __name__ == "__main__":
    runner = pyperf.Runner(processes=15, values=3, warmups=1, loops=1)
    runner.bench_command("python -c pass", [sys.executable, "-c", "pass"])
    command = str(Path(sys.executable).with_name("rnn-contracts"))
    runner.bench_command("rnn-contracts list", [command, "list"])
