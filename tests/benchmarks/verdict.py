"""How soon the suite has a verdict: whole processes, with what they import and what they collect.

    python tests/benchmarks/verdict.py -o verdict.json
    python -m pyperf compare_to docs/verdict.json verdict.json --table

Minutes each, so that each is run once; ``--values 3`` runs each three times.
"""

import os
import sys
import tempfile
from pathlib import Path

import pyperf  # type: ignore[import-untyped]

PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
EXAMPLES = """
import hypothesis
for factor in (1, 3, 10):
    hypothesis.settings.register_profile(f"x{factor}", max_examples=100 * factor)
"""
ONE_RULE = ["-m", "rule(id='output-shape')"]


def main() -> None:
    """Time them all in one run, on the torch that is installed."""
    runner = pyperf.Runner(processes=1, values=1, warmups=0, loops=1)
    runner.argparser.set_defaults(inherit_environ=["PATH", "PYTHONPATH"])
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "factors.py").write_text(EXAMPLES, "utf-8")
        os.environ["PYTHONPATH"] = directory
        imports = "import torch, hypothesis, xdist, rnn_contracts.plugin"
        runner.bench_command("import", [sys.executable, "-c", imports])
        runner.bench_command("collect", [*PYTEST, "--collect-only"])
        for workers in (1, 2):
            runner.bench_command(f"check, {workers} workers", [*PYTEST, "-n", str(workers)])
        for factor in (1, 3, 10):
            profile = ["-p", "factors", "--hypothesis-profile", f"x{factor}"]
            runner.bench_command(f"one rule, x{factor}", [*PYTEST, *ONE_RULE, *profile])


if __name__ == "__main__":
    main()
