"""Where the suite lies."""

from pathlib import Path

_INSTALLED = Path(__file__).with_name("suite")
SUITE = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parents[1] / "tests" / "contract"
"""The directory of the suite: ``rnn_contracts/suite``, or in a checkout ``tests/contract``."""
