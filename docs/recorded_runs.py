"""Make rnn_contracts/recorded_runs.json, which the package has of real runs, out of their reports.

    python docs/recorded_runs.py reports/torch2.0.xml reports/torch2.3.xml ...

Each is what ``tox -e torch2.0`` and the like wrote; ``tox -e upgrades`` does this for all. Reports
of other machines may be among them, and one of a rule that is slow:

    python -m tox -e torch2.15 -- -m "slow and rule(id='export-agrees')" --junitxml reports/slow.xml
    python -m tox -e upgrades -- reports/slow.xml
"""

from __future__ import annotations

import sys
from pathlib import Path

from rnn_contracts.citing import recorded_runs
from rnn_contracts.results.recording import record
from rnn_contracts.results.report import read

# Of the checkout, since tox installs the package elsewhere.
FILE = Path(__file__).parents[1] / "rnn_contracts" / recorded_runs.FILE.name


def main(paths: list[str]) -> None:
    """Write the file."""
    recorded = record(read(Path(path)) for path in paths)
    FILE.write_text(recorded_runs.as_text(recorded), "utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
