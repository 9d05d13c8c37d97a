"""Make rnn_contracts/recorded_messages.json, which the package has of real runs, out of their reports.

    python docs/recorded_messages.py reports/torch2.0.xml reports/torch2.3.xml ...

Each is what ``tox -e torch2.0`` and the like wrote; ``tox -e upgrades`` does this for all. The refusals
alone are enough:

    python -m tox -e torch2.15 -- tests/contract/test_refusals.py --rnn-device cpu
"""

from __future__ import annotations

import sys
from pathlib import Path

from rnn_contracts.citing import recorded_messages
from rnn_contracts.results.recording_messages import record_messages
from rnn_contracts.results.report import read

# Of the checkout, since tox installs the package elsewhere.
FILE = Path(__file__).parents[1] / "rnn_contracts" / recorded_messages.FILE.name


def main(paths: list[str]) -> None:
    """Write the file."""
    recorded = record_messages(read(Path(path)) for path in paths)
    FILE.write_text(recorded_messages.as_text(recorded), "utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
