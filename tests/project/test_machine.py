"""The machine is part of a run, and what a conftest has set does not change the verdict."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from rnn_contracts import machine
from rnn_contracts.checking import surroundings

ROOT = Path(__file__).parents[2]
# Layers, cells and refusals of one kind.
QUIETLY = ("-q", "-p", "no:cacheprovider", "--hypothesis-profile=ci")
SMALL = ("-k", "GRU and (batch_first-1_layer-forward or recurrence or input-width-refused)")


def check(*options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The check of torch by itself, in a process with these environment variables."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", *QUIETLY, "--rnn-device=cpu", *SMALL, *options],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_facts_have_no_spaces_and_are_read_again() -> None:
    """So that a line of them is one for people and for the diff."""
    facts = machine.facts()
    assert [*facts][:7] == [
        "architecture",
        "os",
        "python",
        "cpu_capability",
        "onednn",
        "onednn_bfloat16",
        "onednn_float16",
    ]
    assert machine.from_line(machine.as_line(facts)) == facts
    assert {facts[name] for name in machine.PROBES} <= {"true", "false"}
    assert all(re.fullmatch(r"[\w.+-]+", value) for value in facts.values())
    assert machine.from_line("no facts at all = here x=") == {"x": ""}


def test_facts_are_those_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether oneDNN is switched on, and what lowers the CPU."""
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2 = of mine")
    assert machine.facts()["ONEDNN_MAX_CPU_ISA"] == "AVX2_of_mine"
    monkeypatch.setattr(torch.backends.mkldnn, "enabled", False)
    assert machine.facts()["onednn"] == "false"


def test_no_answer_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch 2.0 has neither question: its text and a try of oneDNN answer the same."""
    asked = machine.facts()
    monkeypatch.delattr(torch.backends, "cpu")
    monkeypatch.setattr(torch.ops, "mkldnn", object())
    tried = machine.facts()
    assert tried["onednn_bfloat16"] == asked["onednn_bfloat16"]
    assert tried["cpu_capability"] in torch.__config__.show().replace(" ", "_")
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    without = machine.facts()
    assert {without[name] for name in (*machine.PROBES, "onednn_float16")} == {"false"}


HEADER = re.compile(r"^machine: (.*)$", re.MULTILINE)


def test_a_lower_level_of_the_cpu() -> None:
    """Without bfloat16 in oneDNN an LSTM fails under autocast, which is known."""
    result = check(
        "-v", "-k", "autocast and LSTM-sequence_first-1_layer", ONEDNN_MAX_CPU_ISA="SSE41"
    )
    assert result.returncode == 0, result.stdout
    (line,) = HEADER.findall(result.stdout)
    facts = machine.from_line(line)
    assert facts["ONEDNN_MAX_CPU_ISA"] == "SSE41"
    if facts["onednn"] == "true" and facts["architecture"] == "x86_64":
        assert facts["onednn_bfloat16"] == "false"
        assert "without bfloat16 in oneDNN" in result.stdout


SETTINGS = {
    "default_dtype": "torch.set_default_dtype(torch.float64)",
    "default_device": "torch.set_default_device('meta')",
    "deterministic": "torch.use_deterministic_algorithms(True)",
    "grad_mode": "torch.set_grad_enabled(False)",
    "threads": "torch.set_num_threads(3)",
    "without_onednn": "torch.backends.mkldnn.set_flags(False)",
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_what_a_conftest_sets_changes_no_verdict(setting: str, tmp_path: Path) -> None:
    """The suite runs under torch's own defaults."""
    (tmp_path / "somebody.py").write_text(f"import torch\n{SETTINGS[setting]}\n", "utf-8")
    result = check("-p", "somebody", PYTHONPATH=str(tmp_path))
    assert result.returncode == 0, result.stdout


def test_settings_are_there_again_afterwards() -> None:
    """A conftest finds them as it left them."""
    state: dict[str, Callable[[], object]] = {
        "dtype": torch.get_default_dtype,
        "threads": torch.get_num_threads,
        "deterministic": torch.are_deterministic_algorithms_enabled,
        "warn only": torch.is_deterministic_algorithms_warn_only_enabled,
        "grad": torch.is_grad_enabled,
        "device": lambda: str(torch.empty(0).device),
    }
    before = {name: get() for name, get in state.items()}
    try:
        torch.set_default_dtype(torch.float64)
        torch.set_default_device("meta")
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.set_num_threads(3)
        torch.set_grad_enabled(False)
        theirs = {name: get() for name, get in state.items()}
        with surroundings.usual(2):
            usual = {name: get() for name, get in state.items()}
        assert {name: get() for name, get in state.items()} == theirs
    finally:
        torch.set_grad_enabled(True)
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)
        torch.use_deterministic_algorithms(False)
        torch.set_num_threads(int(str(before["threads"])))
    assert usual == {
        "dtype": torch.float32,
        "threads": 2,
        "deterministic": False,
        "warn only": False,
        "grad": True,
        "device": "cpu",
    }
    assert {name: get() for name, get in state.items()} == before


def test_python_without_docstrings() -> None:
    """The quotes are left out, which is said once; the rest is checked as ever."""
    result = check(
        "-k", "quote or (GRU-batch_first-1_layer-forward and shape)", "-v", PYTHONOPTIMIZE="2"
    )
    assert result.returncode == 0, result.stdout
    line = "rnn-contracts: left out, python -OO has no docstrings: the tests of quotes"
    assert result.stdout.count(line) == 1
    assert "test_quote" not in result.stdout


def test_pytest_without_faulthandler() -> None:
    """A plugin of pytest's own that somebody may have switched off."""
    result = check("-p", "no:faulthandler")
    assert result.returncode == 0, result.stdout


def test_a_locale_of_ascii() -> None:
    """Files of the project are UTF-8 wherever they are read."""
    result = check(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert result.returncode == 0, result.stdout


WITHOUT_NUMPY = """
from importlib.machinery import PathFinder

find_spec = PathFinder.find_spec
PathFinder.find_spec = lambda name, *more: (
    None if name.partition(".")[0] == "numpy" else find_spec(name, *more)
)
"""


def test_torch_without_numpy(tmp_path: Path) -> None:
    """It warns of it, once."""
    (tmp_path / "without_numpy.py").write_text(WITHOUT_NUMPY, "utf-8")
    result = check("-p", "without_numpy", PYTHONPATH=str(tmp_path))
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("threads", ["0", "-1", "two", "1000"])
def test_no_number_of_threads(threads: str) -> None:
    """One line says what is accepted."""
    result = check(f"--rnn-threads={threads}")
    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    expected = f"--rnn-threads: expected a number of threads from 1 to 256, got {threads!r}"
    assert expected in result.stderr
    assert "Traceback" not in result.stderr


def test_two_threads() -> None:
    """The header says how many there are."""
    result = check("--rnn-threads=2", "-v")
    assert result.returncode == 0, result.stdout
    assert ", 2 threads in each process" in result.stdout
