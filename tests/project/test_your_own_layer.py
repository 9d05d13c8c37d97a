"""The page about layers of one's own says what happens, and what is known of the examples holds."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest
from run_suite import run_suite

from rnn_contracts import deviations

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "your-own-layer.md"
EXAMPLES = ROOT / "examples"
FINDINGS = (ROOT / "docs" / "findings.md").read_text("utf-8")


def block(language: str) -> str:
    """The one block of the page in that language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return str(found)


def test_the_calls() -> None:
    """They give what they say."""
    result = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert (result.failed, result.attempted) == (0, 8)


def test_the_three_lines(tmp_path: Path) -> None:
    """They run as pasted beside the example, and ``-k`` selects a rule."""
    (tmp_path / "test_pasted.py").write_text(block("python"))
    (tmp_path / "plain_lstm.py").write_text((EXAMPLES / "plain_lstm.py").read_text())
    selected = "1_layer and cpu and (final-hidden-shape or autocast) or flag-refused and bias"
    command = [sys.executable, "-m", "pytest", "-q", "-k", selected]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"4 passed, 8 skipped, \d+ deselected, 8 xfailed", done.stdout)


def test_the_adapters() -> None:
    """The suite passes on them: what differs is adapted, and what is not supported is said."""
    selected = "refused or 1_layer-forward or 2_layers-bidirectional"
    command = [sys.executable, "-m", "pytest", "-q", "-k", selected, "test_adapters.py"]
    done = subprocess.run(command, cwd=EXAMPLES, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    adapters = re.findall(r"from adapters import (.*)", (EXAMPLES / "test_adapters.py").read_text())
    assert all(f"`{name}`" in PAGE.read_text("utf-8") for name in adapters[0].split(", "))


def test_the_deviation() -> None:
    """It is one."""
    (entry,) = deviations.parse(block("toml"))
    assert entry.concerns("LSTM", "", "cpu", "my_package.layers:MyLSTM")


@pytest.mark.parametrize(
    "subjects",
    [
        ["LSTM=plain_lstm:PlainLSTM"],
        ["LSTM=torch.ao.nn.quantizable:LSTM"],
        ["LSTM=quantised:dynamic_lstm", "GRU=quantised:dynamic_gru"],
    ],
)
def test_what_is_known_of_the_examples(
    subjects: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It happens, and nothing else does."""
    monkeypatch.syspath_prepend(EXAMPLES)
    options = [f"--rnn-subject={subject}" for subject in subjects]
    known = f"--rnn-deviations={EXAMPLES / 'deviations.toml'}"
    outcome = run_suite(*options, known, "-k", "2_layers or refused", "--rnn-device=cpu")
    assert outcome.failed == {}
    assert len(outcome.passed) > 50


def test_every_deviation_is_a_finding() -> None:
    """The page of findings was made after the last was added."""
    text = (EXAMPLES / "deviations.toml").read_text("utf-8")
    missing = [
        str(entry)
        for entry in deviations.parse(text)
        if f"### `{entry.rule}`: {entry.reason.replace('_', chr(92) + '_')}" not in FINDINGS
    ]
    assert missing == []


def test_the_module_of_the_example_expects_the_same() -> None:
    """By rule, what the file of deviations says."""
    text = (EXAMPLES / "deviations.toml").read_text("utf-8")
    known = {it.rule for it in deviations.parse(text) if it.subject == "plain_lstm:PlainLSTM"}
    module = (EXAMPLES / "test_plain_lstm.py").read_text("utf-8")
    assert {*re.findall(r'^    "([a-z-]+)(?:\[.*\])?": ', module, re.MULTILINE)} == known
