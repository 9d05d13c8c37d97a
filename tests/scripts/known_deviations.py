"""Scripts of the known deviations of one release, tried on another.

``write FILE`` runs the check on this torch and keeps the script of each known deviation. ``try FILE``,
on another torch, runs them: each must fail, unless its deviation is recorded as fixed by then. What is
undefined or ends the process is left out. A file holds code, so try only your own.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import warnings
from pathlib import Path

import torch
from packaging.version import Version

sys.path.insert(0, str(Path(__file__).parents[1] / "project"))

from run_suite import run_suite

from rnn_contracts.checking.violation import ContractViolation
from rnn_contracts.plugin.collection import TEST


def main() -> int:
    """Write or try; the exit code is 1 if a script did otherwise than recorded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("write", "try"))
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    return write(options.file) if options.what == "write" else try_scripts(options.file)


def write(file: Path) -> int:
    """Keep the scripts, by the names of the tests, each with the release that fixed it."""
    # Hypothesis is imported before pytest would rewrite its plugin.
    quiet = ("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning")
    chosen = ("--rnn-device=cpu", "-m", "rule", "-k", "refused or known")
    outcome = run_suite("--runxfail", *chosen, *quiet)
    tests = {item.nodeid: item.stash[TEST] for item in outcome.items if TEST in item.stash}
    scripts = {}
    for name, violation in outcome.failed.items():
        assert isinstance(violation, ContractViolation)
        entry = tests[name].known.entry_of(violation)
        assert entry is not None
        if not (entry.undefined or violation.died):
            scripts[name.rpartition("::")[2]] = {"code": violation.code, "fixed": entry.fixed}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(scripts, indent=1), "utf-8")
    print(f"torch {torch.__version__}: {len(scripts)} scripts of known deviations")
    return 0


def try_scripts(file: Path) -> int:
    """Run each script, and name those that did not do as recorded."""
    scripts = json.loads(file.read_text("utf-8"))
    here = Version(Version(torch.__version__).base_version)
    fixed = {name for name, it in scripts.items() if it["fixed"] and here >= Version(it["fixed"])}
    failed = {name for name, it in scripts.items() if fails(it["code"])}
    for name in sorted(scripts.keys() - failed - fixed):
        print(f"{name}: the script passed, and the deviation is not recorded as fixed")
    for name in sorted(failed & fixed):
        print(f"{name}: the script failed, and the deviation is recorded as fixed")
    passed = len(scripts) - len(failed)
    print(f"torch {torch.__version__}: {len(failed)} scripts failed, {passed} passed")
    return int(failed != scripts.keys() - fixed)


def fails(code: str) -> bool:
    """Whether the script fails."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            exec(code, {"__name__": "__main__"})
        except AssertionError:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
