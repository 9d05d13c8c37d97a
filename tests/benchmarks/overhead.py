"""CPU time of the contract check over that of the same torch calls made bare, in one process.

    python tests/benchmarks/overhead.py -o overhead.json [pytest options]

Every layer that the check builds and every call of one is recorded and made again, alone. Beside it
stands what pytest takes for as many tests of nothing at all.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from rnn_contracts.checking import calls
from rnn_contracts.checking.recorder import Recorder
from rnn_contracts.drawing.case import Case
from rnn_contracts.paths import SUITE

NOTHING = """
import pytest

@pytest.mark.parametrize("n", range({tests}))
def test_nothing(n):
    pass
"""


class Count:
    """A plugin that counts the tests and their examples."""

    tests = examples = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one test."""
        if report.when == "call":
            self.tests += 1
            self.examples += int(str(dict(report.user_properties).get("examples", 0)))


def main() -> None:
    """Run the suite, recording its torch calls; make them again; print and keep the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True)
    asked, options = parser.parse_known_args()
    made: list[tuple[Case, bool]] = []
    build, call = calls.build, calls.call

    def recorded_build(case: Case, *arguments: Any) -> Any:
        made.append((case, False))
        return build(case, *arguments)

    def recorded_call(case: Case, module: Any, *arguments: Any) -> Any:
        made.append((case, True))
        return call(case, module, *arguments)

    count = Count()
    calls.build, calls.call = recorded_build, recorded_call  # type: ignore[assignment]
    check = cpu_seconds([str(SUITE), *options], count)
    calls.build, calls.call = build, call
    torch.set_num_threads(1)  # As the check has it.
    bare = sum(bare_seconds(case, called=called) for case, called in made)
    with tempfile.TemporaryDirectory() as directory:
        nothing = Path(directory, "test_nothing.py")
        nothing.write_text(NOTHING.format(tests=count.tests), "utf-8")
        of_nothing = cpu_seconds([f"--rootdir={directory}", "-c", "/dev/null", str(nothing)])
    found: dict[str, object] = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "tests": count.tests,
        "examples": count.examples,
        "layers built": sum(not called for _, called in made),
        "calls": sum(called for _, called in made),
        "check": round(check, 2),
        "bare": round(bare, 2),
        "tests of nothing": round(of_nothing, 2),
        "overhead": round(check / bare, 2),
    }
    asked.output.write_text(json.dumps(found, indent=0) + "\n", "utf-8")
    print("CPU seconds of the check, of its torch calls alone, and of as many tests of nothing:")
    print("\n".join(f"  {name}: {value}" for name, value in found.items()))


def cpu_seconds(options: list[str], *plugins: object) -> float:
    """Those of one run of pytest, children that have ended included."""
    before = sum(time_of_process())
    code = pytest.main(["-q", "-pno:cacheprovider", *options], plugins=[*plugins])
    if code != pytest.ExitCode.OK:
        sys.exit(f"the run to be measured ended with exit code {int(code)}")
    return sum(time_of_process()) - before


def time_of_process() -> tuple[float, ...]:
    """CPU seconds so far."""
    return tuple(os.times())[:4]


def bare_seconds(case: Case, *, called: bool) -> float:
    """CPU seconds of torch's constructor, or of the call of a layer."""
    layer = case.layer
    constructor = getattr(torch.nn, layer.kind)
    options = {**layer.arguments, "device": case.device, "dtype": getattr(torch, case.dtype)}
    start = time.process_time()
    module = constructor(layer.input_size, layer.hidden_size, **options).train(case.training)
    spent = time.process_time() - start
    if not called:
        return spent
    seen = calls.call(case, module, *calls.arguments(case, Recorder()), Recorder())
    arguments = (seen.input, seen.state if len(seen.state) > 1 else (*seen.state, None)[0])
    with getattr(torch, case.grad_mode)():
        start = time.process_time()
        module(*arguments)
        return time.process_time() - start


if __name__ == "__main__":
    main()
