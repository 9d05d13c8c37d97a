"""Somebody else's code cannot end the run without a word: at import, in a constructor, in a call."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
import torch
from run_suite import SUITE, run_suite
from torch import nn

from rnn_contracts.checking import child, subjects
from rnn_contracts.drawing.case import Case
from rnn_contracts.layer import Layer
from rnn_contracts.plugin import crash_notes

ROOT = Path(__file__).parents[2]
ENDS = {
    "exit_0": ("os._exit(0)", "killed the process (exit code 0)"),
    "segfault": ("os.kill(os.getpid(), signal.SIGSEGV)", "killed the process (SIGSEGV)"),
    "interrupt": ("raise KeyboardInterrupt", "raised KeyboardInterrupt"),
    "hang": ("time.sleep(600)", "hung for 3 s"),
}
IMPORTS = "import os, signal, time\nfrom torch import nn\n"


@pytest.fixture
def ending(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The code of an end, and how it is told; a hang after three seconds."""
    code, how = ENDS[request.param]
    if request.param == "hang":
        monkeypatch.setattr(child, "SECONDS", 3)
    return code, how


each_end = pytest.mark.parametrize("ending", ENDS, indirect=True)


@each_end
def test_the_import(
    ending: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child process tries it first."""
    code, how = ending
    (tmp_path / "ends_at_import.py").write_text(f"{IMPORTS}{code}\n")
    monkeypatch.syspath_prepend(tmp_path)
    told = re.escape(f"GRU=ends_at_import:Mine: the import {how}")
    with pytest.raises(ValueError, match=f"^{told}$"):
        subjects.parse(["GRU=ends_at_import:Mine"], require_all=False)


@each_end
def test_the_constructor(
    ending: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the import."""
    code, how = ending
    name = f"ends_when_made_{len(code)}"  # the module stays imported
    text = f"{IMPORTS}class Mine(nn.GRU):\n    def __init__(self, *a, **k):\n        {code}\n"
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    told = re.escape(f"GRU={name}:Mine: its constructor {how}")
    with pytest.raises(ValueError, match=f"^{told}$"):
        subjects.parse([f"GRU={name}:Mine"], require_all=False)


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


def test_filters_of_a_module_that_a_call_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are set once in a process, and are no doing of the layer."""
    name = "imported_within_a_call"
    text = "import warnings\nwarnings.filterwarnings('ignore', 'something')\n"
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)

    class Imports(nn.GRU):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            __import__(name)

    monkeypatch.setattr(nn, "GRU", Imports)
    selected = "test_input_shape and 1_layer-forward and GRU-sequence and not Cell"
    assert run_suite("-k", selected, "--rnn-device=cpu").exit_code == pytest.ExitCode.OK
    assert name in sys.modules


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


IDLE = """
[[deviation]]
rule = "output-shape"
kinds = ["GRU"]
variants = ["*-11_layers-*"]
torch = ">=2"
reason = "no test has that name"
measured = "here"

[[deviation]]
rule = "output-shape"
kinds = ["LSTM"]
devices = ["abacus"]
torch = ">=2"
reason = "there is no such device"
measured = "here"

[[deviation]]
rule = "weight-ih-shape"
kinds = ["LSTM"]
torch = ">=2"
reason = "its rule is not selected, so nobody knows"
measured = "here"

[[deviation]]
rule = "output-shape"
subject = "somebody:Else"
torch = ">=2"
reason = "it is not checked here"
measured = "here"
"""


@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["one process", "a worker"])
def test_a_deviation_that_no_test_heeds_is_told(workers: tuple[str, ...], tmp_path: Path) -> None:
    """It may be misspelt; that of another layer, or of a rule without tests, need not be."""
    (tmp_path / "idle.toml").write_text(IDLE)
    path = str(SUITE / "test_shapes.py")
    selected = ("-k", "test_output_shape and 1_layer-forward")
    done = check(tmp_path, "--rnn-deviations=idle.toml", *selected, path, *workers)
    assert done.returncode == 0, done.stdout
    told = [line for line in done.stdout.splitlines() if "no test is as this" in line]
    assert told == [
        "rnn-contracts: no test is as this known deviation says: idle.toml, deviation 1: "
        "output-shape: no test has that name",
        "rnn-contracts: no test is as this known deviation says: idle.toml, deviation 2: "
        "output-shape: there is no such device",
    ]


def test_what_is_left_out_selects_nothing(tmp_path: Path) -> None:
    """The rest of the suite is run, and no test of this directory."""
    (tmp_path / "test_mine.py").write_text("def test_mine(): raise ValueError\n")
    chosen = "mine or final_hidden_shape and GRU and 1_layer-forward"
    done = check(tmp_path, "-k", chosen, "--ignore", str(SUITE / "test_laws.py"))
    assert done.returncode == 0, done.stdout
    assert "rnn-contracts: 1 rule checked" in done.stdout


def test_help_empties_no_report(tmp_path: Path) -> None:
    """A run empties it, so that an earlier report is never taken for its own."""
    kept = tmp_path / "kept.xml"
    kept.write_text("<testsuites/>")
    assert check(tmp_path, "--junitxml=kept.xml", "--help").returncode == 0
    assert kept.read_text() == "<testsuites/>"


def test_a_name_that_a_run_prints_is_found_from_anywhere(tmp_path: Path) -> None:
    """It is relative to the root of the suite, and not to this directory."""
    name = "test_shapes.py::test_final_hidden_shape[GRU-sequence_first-1_layer-forward-cpu]"
    done = check(tmp_path, f"{SUITE.relative_to(ROOT).as_posix()}/{name}")
    assert done.returncode == 0, done.stderr
    assert "1 passed" in done.stdout


USAGE = {
    "--hypothesis-profile=nope": "--hypothesis-profile: no profile 'nope'; there are default, ci, ",
    "--junitxml=/proc/nothing/r.xml": "--junitxml: /proc/nothing/r.xml: No such file or directory",
    "--junitxml=/dev/full": "--junitxml: /dev/full: No space left on device",
    "--rnn-native": "--rnn-native: no accelerator among cpu",
    "--rnn-deviations=deep.toml": "--rnn-deviations: deep.toml: not a TOML file: nested too deeply",
    "--rnn-deviations=keys.toml": "in one line, got a value that is nested too deeply",
    "--rnn-deviations=lines.toml": "reason: expected text in one line, got ",
    "--rnn-deviations=latin.toml": "--rnn-deviations: latin.toml: is no text in UTF-8",
    "loop": "file or directory not found: loop",
}


@pytest.mark.parametrize("option", USAGE)
def test_usage_errors(option: str, tmp_path: Path) -> None:
    """One line before the run, and the exit code of wrong usage."""
    (tmp_path / "keys.toml").write_text(f"[[deviation]]\nrule{'.a' * 5000} = 1\n")
    (tmp_path / "deep.toml").write_text("a=" + "[" * 5000)
    (tmp_path / "lines.toml").write_text(
        '[[deviation]]\nrule="size-refused"\ntorch=">=2"\nreason="a\\nb"\nmeasured="here"\n'
    )
    (tmp_path / "latin.toml").write_bytes(b"a = '\xe9'\n")
    (tmp_path / "loop").symlink_to("loop")
    done = check(tmp_path, "-k", "nothing", option)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert USAGE[option] in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


SHELL = {
    "mkdir gone; cd gone; rmdir ../gone; {check} check --version": (
        "check needs a directory to run in: No such file or directory"
    ),
    "{check} list >&-": "cannot write: the output is closed",
    "{check} check >&-": "cannot write: the output is closed",
    "{check} list >/dev/full": "cannot write: No space left on device",
    "{check} --help >/dev/full": "cannot write: No space left on device",
    "{check} --version >/dev/full": "cannot write: No space left on device",
    "{check} explain nonsense": "no rule 'nonsense'; ",
    "{check} explain nonsense 2>/dev/full": "",
    "{check} explain nonsense 2>&-": "",
    "{check} diff $'a\\nb' c": "a\\nb: cannot be read as XML: ",
}


@pytest.mark.parametrize("command", SHELL)
def test_outputs_and_directories_that_are_gone(command: str, tmp_path: Path) -> None:
    """One line where there is a stream for it, nothing in its place, and exit code 2."""
    program = f"PYTHONPATH={ROOT} {sys.executable} -m rnn_contracts"
    done = subprocess.run(
        ["bash", "-c", command.format(check=program)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert SHELL[command] in done.stderr
    assert len(done.stderr.splitlines()) == bool(SHELL[command])


@pytest.mark.parametrize("size", [0, 1, 5, 50, -1])
def test_a_torn_crash_note_is_none(size: int, tmp_path: Path) -> None:
    """Its process died as it wrote it, or the disk was full."""
    path = tmp_path / "note"
    notes = crash_notes.CrashNotes.at(path)
    assert isinstance(notes, crash_notes.CrashNotes)
    notes.begin("test", [])
    notes.write("output-shape", Case(Layer("GRU", 3, 4), seed=1))
    notes.close()
    assert crash_notes.read(path, "test") is not None
    path.write_bytes(path.read_bytes()[:size])
    assert crash_notes.read(path, "test") is None
    full = crash_notes.CrashNotes(FileIO("/dev/full", "w"))
    full.begin("test", [])
    full.write("output-shape", Case(Layer("GRU", 3, 4), seed=1))
    full.close()
