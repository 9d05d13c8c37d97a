"""Check torch at every level of the CPU that can be asked for, as on machines that have no more.

    python tests/levels/check_levels.py [LEVEL ...] [-- OPTION OF PYTEST ...]

Each level writes ``reports/levels/TORCH-LEVEL.xml``. The exit code is 1 if any of them fails.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import torch

HERE = Path(__file__).parent
REPORTS = Path("reports", "levels")

# As oneDNN names them, from the lowest; one above what the CPU has changes nothing.
ISAS = (
    *("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2"),
    *("AVX512_CORE", "AVX512_CORE_VNNI", "AVX512_CORE_BF16", "AVX10_1_512"),
)
LEVELS: dict[str, tuple[dict[str, str], list[str]]] = {
    "as-it-is": ({}, []),
    "aten-default": ({"ATEN_CPU_CAPABILITY": "default"}, []),
    "aten-avx2": ({"ATEN_CPU_CAPABILITY": "avx2"}, []),
    **{f"onednn-{isa}": ({"ONEDNN_MAX_CPU_ISA": isa}, []) for isa in ISAS},
    "onednn-off": ({"PYTHONPATH": str(HERE)}, ["-p", "without_onednn"]),
    "two-threads": ({}, ["--rnn-threads=2"]),
}
"""Of each level the environment variables and the options of pytest."""


def check(level: str, options: list[str]) -> int:
    """The exit code of pytest at that level."""
    variables, own = LEVELS[level]
    report = REPORTS / f"{torch.__version__.partition('+')[0]}-{level}.xml"
    print(f"\n{level}: {variables} {' '.join(own)}", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "auto", *own, f"--junitxml={report}"]
    return subprocess.run([*command, *options], env=os.environ | variables, check=False).returncode


def main(arguments: list[str]) -> int:
    """Check at the levels that are named, or at all."""
    split = arguments.index("--") if "--" in arguments else len(arguments)
    levels, options = arguments[:split], arguments[split + 1 :]
    unknown = [level for level in levels if level not in LEVELS]
    if unknown:
        print(f"no level {unknown[0]!r}; known: {', '.join(LEVELS)}", file=sys.stderr)
        return 2
    codes = {level: check(level, options) for level in levels or LEVELS}
    print("", *(f"{level}: exit code {code}" for level, code in codes.items()), sep="\n")
    return int(any(codes.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
