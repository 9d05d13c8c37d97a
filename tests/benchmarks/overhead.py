"""CPU time of the contract check over that of the same torch calls made bare, in one process.

Run it as ``python tests/benchmarks/overhead.py [pytest options]`` where the suite is installed.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from rnn_contracts import calls
from rnn_contracts.calls import Case

SUITE = Path(__file__).parents[1] / "contract"


def main() -> int:
    """Run the suite, recording its torch calls; make them again; print both times."""
    made: list[tuple[Case, bool]] = []
    build, call = calls.build, calls.call

    def recorded_build(case: Case) -> Any:
        made.append((case, False))
        return build(case)

    def recorded_call(case: Case, module: Any, *arguments: Any) -> Any:
        made[-1] = (case, True)
        return call(case, module, *arguments)

    calls.build, calls.call = recorded_build, recorded_call  # type: ignore[assignment]
    start = time.process_time()
    exit_code = pytest.main(["-q", "-p", "no:cacheprovider", str(SUITE), *sys.argv[1:]])
    check = time.process_time() - start
    calls.build, calls.call = build, call
    bare = sum(bare_seconds(case, called=called) for case, called in made)
    print(f"{len(made)} layers built, {sum(called for _, called in made)} calls")
    print(f"CPU time: contract check {check:.1f} s, bare {bare:.1f} s, ratio {check / bare:.2f}")
    return int(exit_code)


def bare_seconds(case: Case, *, called: bool) -> float:
    """CPU seconds of torch's constructor and, if the layer was called, of its call."""
    layer = case.layer
    constructor = getattr(torch.nn, layer.kind)
    options = {**layer.arguments, "device": case.device, "dtype": getattr(torch, case.dtype)}
    start = time.process_time()
    module = constructor(layer.input_size, layer.hidden_size, **options).train(case.training)
    spent = time.process_time() - start
    if called:
        seen = calls.call(case, module, *calls.arguments(case))
        arguments = (seen.input, seen.state if len(seen.state) > 1 else (*seen.state, None)[0])
        with getattr(torch, case.grad_mode)():
            start = time.process_time()
            module(*arguments)
            spent += time.process_time() - start
    return spent


if __name__ == "__main__":
    raise SystemExit(main())
