"""Somebody else's code cannot end the run without a word: at import, in a constructor, in a call."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from run_suite import SUITE, run_suite
from torch import nn

from rnn_contracts.checking import child, subjects

ROOT = Path(__file__).parents[2]
ENDS = {
    "exit_0": ("os._exit(0)", "killed the process (exit code 0)"),
    "segfault": ("os.kill(os.getpid(), signal.SIGSEGV)", "killed the process (SIGSEGV)"),
    "interrupt": ("raise KeyboardInterrupt", "raised KeyboardInterrupt"),
    "hang": ("time.sleep(600)", "hung for 3 s"),
}
IMPORTS = "import os, signal, time\nfrom torch import nn\n"


@pytest.fixture(autouse=True)
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hang is told after three seconds."""
    monkeypatch.setattr(child, "SECONDS", 3)


@pytest.mark.parametrize("end", ENDS)
def test_the_import(end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child process tries it first."""
    code, how = ENDS[end]
    (tmp_path / f"import_{end}.py").write_text(f"{IMPORTS}{code}\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        subjects.parse([f"GRU=import_{end}:Mine"], require_all=False)
    assert str(caught.value) == f"GRU=import_{end}:Mine: the import {how}"


@pytest.mark.parametrize("end", ENDS)
def test_the_constructor(end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the import."""
    code, how = ENDS[end]
    text = f"{IMPORTS}class Mine(nn.GRU):\n    def __init__(self, *a, **k):\n        {code}\n"
    (tmp_path / f"made_{end}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        subjects.parse([f"GRU=made_{end}:Mine"], require_all=False)
    assert str(caught.value) == f"GRU=made_{end}:Mine: its constructor {how}"


def test_a_layer_is_no_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused as ``parametrize_with_rules`` refuses it."""
    (tmp_path / "an_instance.py").write_text(f"{IMPORTS}layer = nn.GRU(3, 4)\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match=r"expected a class or a factory, got GRU\(3, 4\)$"):
        subjects.parse(["GRU=an_instance:layer"], require_all=False)


def check(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rnn_contracts", "check", "--rnn-device=cpu", "-q", *options]
    variables = {name: value for name, value in os.environ.items() if "XDIST" not in name}
    return subprocess.run(
        command,
        cwd=directory,
        env=variables,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["one process", "a worker"])
@pytest.mark.parametrize("at", ["import", "call"])
def test_exit_code_0_is_no_verdict(at: str, workers: tuple[str, ...], tmp_path: Path) -> None:
    """A run that ``os._exit(0)`` ends says so and is not green."""
    forward = "class Mine(nn.GRU):\n    def forward(self, *a):\n        os._exit(0)\n"
    text = IMPORTS + ("os._exit(0)\n" if at == "import" else forward)
    (tmp_path / "mine.py").write_text(text)
    selected = "output_shape and sequence_first-1_layer-forward and not packed"
    done = check(tmp_path, "--rnn-subject=GRU=mine:Mine", "-k", selected, *workers)
    assert done.returncode != 0
    if at == "import":
        assert done.returncode == pytest.ExitCode.USAGE_ERROR
        assert "the import killed the process (exit code 0)" in done.stderr
    elif workers:
        assert "the process died of this call, or it hung and was ended" in done.stdout
    else:
        assert "rnn-contracts: os._exit ended the run before it had a verdict" in done.stdout
        assert done.returncode == pytest.ExitCode.INTERNAL_ERROR


def test_workers_that_never_run_a_test_are_not_replaced_for_ever(tmp_path: Path) -> None:
    """Here the module ends every process but the controller and its children."""
    (tmp_path / "mine.py").write_text(
        f"{IMPORTS}if 'PYTEST_XDIST_WORKER' in os.environ:\n    os._exit(0)\nMine = nn.GRU\n"
    )
    done = check(tmp_path, "--rnn-subject=GRU=mine:Mine", "-k", "output_shape", "-n1")
    assert done.returncode == 3, done.stdout
    assert "workers end before they run a test" in done.stdout


def test_a_worker_gets_what_the_controller_has_read(tmp_path: Path) -> None:
    """A file that can be read once is enough."""
    entry = (
        '[[deviation]]\nrule = "output-shape"\nkinds = ["RNN"]\ntorch = ">=2"\n'
        'reason = "no"\nmeasured = "here"\n'
    )
    command = (
        f"{sys.executable} -m rnn_contracts check --rnn-device=cpu -q -n1 -k 'output_shape and RNN "
        f"and 1_layer-forward and not Cell and not packed' --rnn-deviations=<(printf %s '{entry}')"
    )
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "output-shape: a known deviation no longer happens" in done.stdout


CHANGES = {
    "torch.set_default_dtype(torch.float64)": (
        "default dtype torch.float32 to torch.float64",
        torch.get_default_dtype,
    ),
    "torch.set_num_threads(3)": ("threads 1 to 3", torch.get_num_threads),
    "torch.set_grad_enabled(False)": ("grad mode True to False", torch.is_grad_enabled),
    "torch.use_deterministic_algorithms(True)": (
        "deterministic algorithms False to True",
        torch.are_deterministic_algorithms_enabled,
    ),
    "torch.set_default_device('meta')": (
        "default device cpu to meta",
        lambda: torch.empty(0).device.type,
    ),
    "warnings.simplefilter('ignore')": ("warning filters of", lambda: list(warnings.filters)),
    "os.chdir('/')": ("directory ", os.getcwd),
    "torch.manual_seed(12345)": ("seed of torch to 12345", torch.is_inference_mode_enabled),
}


@pytest.mark.parametrize("code", CHANGES)
def test_what_a_layer_changes_is_told_and_undone(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test fails of it, and the next finds everything as it was."""
    change, value = CHANGES[code]

    class Changes(nn.GRU):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            exec(code)

    before = value()
    monkeypatch.setattr(nn, "GRU", Changes)
    selected = "test_input_shape and 1_layer-forward and GRU-sequence and not Cell"
    outcome = run_suite("-k", selected, "--rnn-device=cpu")
    assert outcome.failed
    assert all(change in printed for printed in outcome.printed), outcome.printed
    assert value() == before


def test_what_was_set_before_is_told(tmp_path: Path) -> None:
    """By a plugin or a conftest; the tests do not heed it."""
    (tmp_path / "sets.py").write_text("import torch\ntorch.set_default_dtype(torch.float64)\n")
    selected = "test_input_shape and 1_layer-forward and GRU-sequence and not Cell"
    command = [sys.executable, "-m", "pytest", "-psets", "-prnn_contracts.plugin", str(SUITE)]
    done = subprocess.run(
        [*command, "-k", selected, "--rnn-device=cpu"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    line = "set before the run, and set back for each test: default dtype torch.float32 to torch.float64"
    assert f"rnn-contracts: {line}\n" in done.stdout
