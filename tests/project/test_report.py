"""``rnn-contracts report``: a failure as Markdown for an upstream issue."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def report(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rnn_contracts", "report", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE)


def test_a_failure_is_reported_whole() -> None:
    """Title, expectation, script, its output, releases and versions."""
    subject = "GRU=subject_layers:Outer.FollowsBatchFirst"
    done = report("final-hidden-shape", "--rnn-subject", subject)
    assert (done.returncode, done.stderr) == (0, "")
    for part in (
        "# `FollowsBatchFirst(5, 3, batch_first=True)`: h_n.shape = (4, 1, 3) expected (1, 4, 3)\n",
        "Expected: h_n is (D*num_layers, N, H_out), regardless of batch_first.\n",
        "```python\nimport torch; from torch import nn\nfrom subject_layers import Outer",
        "AssertionError: h_n.shape = (4, 1, 3)   expected (1, 4, 3)\n```",
        "- passed on torch ",
        "PyTorch version: ",
    ):
        assert part in done.stdout


def test_a_known_deviation_is_reported() -> None:
    """As it is read upstream: with what torch raised."""
    done = report("flag-refused", "-k", "LSTM")
    assert (done.returncode, done.stderr) == (0, "")
    assert "expected ValueError, RuntimeError or TypeError\n```" in done.stdout
    assert "The documentation does not say so in words" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["output-shape", "-k", "GRU-sequence_first-1_layer-forward-cpu"],
            1,
            "nothing failed, in 1",
        ),
        (["output-shap"], 2, "no rule 'output-shap'; did you mean output-shape"),
        (["flag-refused", "-k", "LSTM", "-n1"], 2, "report takes no -n"),
        (["flag-refused", "-k", "nosuch"], 2, "no test of flag-refused was run"),
        (["flag-refused", "--collect-only"], 2, "no test of flag-refused was run"),
        (["flag-refused", "--help"], 0, "Exit code: 0 if a report was printed"),
        ([], 2, "usage: rnn-contracts report RULE"),
        (["output-shape", "--rnn-subject", "GRU=no:Layer"], 2, "GRU=no:Layer: "),
    ],
)
def test_what_is_not_reported(arguments: list[str], code: int, message: str) -> None:
    """One line says why, and nothing is printed to be pasted."""
    done = report(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
