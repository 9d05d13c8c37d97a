"""The devices that are checked, and what a run makes of an accelerator's own errors."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from test_compare import report

from rnn_contracts import cli, deviations
from rnn_contracts import devices as present
from rnn_contracts.checking import surroundings
from rnn_contracts.drawing.wrong_calls import WRONG_CALLS
from rnn_contracts.plugin import session, workers
from rnn_contracts.rules.refusals import OF_CONSTRUCTORS


class Accelerator:
    """A stand-in for ``torch.accelerator``; the code was never tried on the hardware itself."""

    def __init__(self, kind: str | None, count: int = 1) -> None:
        self.kind, self.count = kind, count

    def is_available(self) -> bool:
        return self.kind is not None

    def current_accelerator(self) -> object:
        if self.kind is None:
            raise RuntimeError("torch 2.6 raises where there is none")
        return SimpleNamespace(type=self.kind)

    def device_count(self) -> int:
        return self.count


@pytest.mark.parametrize(
    ("accelerator", "devices"),
    [
        (Accelerator(None), ()),
        (Accelerator("cuda"), ("cuda:0",)),
        (Accelerator("cuda", 2), ("cuda:0", "cuda:1")),
        (Accelerator("xpu"), ("xpu:0",)),
        (Accelerator("mps"), ("mps",)),
    ],
)
def test_accelerators(
    accelerator: Accelerator, devices: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cuda and xpu go by index, mps is one."""
    monkeypatch.setattr(torch, "accelerator", accelerator, raising=False)
    assert present.available_devices() == ("cpu", "meta", *devices)


@pytest.mark.parametrize(
    ("cuda", "mps", "devices"),
    [(0, False, ()), (2, False, ("cuda:0", "cuda:1")), (0, True, ("mps",))],
)
def test_accelerators_of_an_old_torch(
    cuda: int, mps: bool, devices: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before 2.6 there was no ``torch.accelerator``."""
    monkeypatch.delattr(torch, "accelerator", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert present.accelerators() == devices


@pytest.mark.parametrize(
    ("asked", "selected"),
    [
        (None, ("cpu", "meta", "cuda:0")),
        (["cuda"], ("cuda:0", "cuda:1")),
        (["cuda:1", "cpu"], ("cpu", "cuda:1")),
    ],
)
def test_one_card_of_a_kind_is_checked(
    asked: list[str] | None, selected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second card of the kind repeats the first, unless somebody asks for all of them."""
    monkeypatch.setattr(torch, "accelerator", Accelerator("cuda", 2), raising=False)
    config: Any = SimpleNamespace(getoption=lambda _: asked)
    assert session.selected_devices(config) == selected


@pytest.mark.parametrize(
    ("device", "library", "enabled", "hip", "backend"),
    [
        ("cpu", True, True, None, "cpu"),
        ("mps", False, True, None, "mps"),
        ("simulated:0", True, True, None, "simulated"),
        ("cuda:1", True, True, None, "cudnn"),
        ("cuda:1", True, True, "6.4", "miopen"),
        ("cuda:1", True, False, None, "cuda"),
        ("cuda:1", False, True, None, "cuda"),
    ],
)
def test_backends(
    device: str,
    library: bool,
    enabled: bool,
    hip: str | None,
    backend: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A device of CUDA computes by cuDNN, on ROCm by MIOpen, or by torch's own kernels."""
    monkeypatch.setattr(torch.backends.cudnn, "is_available", lambda: library)
    monkeypatch.setattr(torch.backends.cudnn, "enabled", enabled)
    monkeypatch.setattr(torch.version, "hip", hip)
    assert present.backend(device) == backend


LOST = getattr(torch, "AcceleratorError", RuntimeError)


@pytest.mark.parametrize(
    ("error", "lost", "out_of_memory"),
    [
        (LOST("CUDA error: device-side assert triggered"), True, False),
        (LOST("CUDA error: out of memory"), False, True),
        (torch.cuda.OutOfMemoryError("Tried to allocate 2 GiB"), False, True),
        (RuntimeError("rnn: hx is not contiguous"), False, False),
        (ValueError("CUDA error"), False, False),
    ],
)
def test_errors_of_a_device(error: Exception, lost: bool, out_of_memory: bool) -> None:
    """A device that is lost, or has no memory, is told from a call that is refused."""
    assert (present.is_lost(error), present.is_out_of_memory(error)) == (lost, out_of_memory)


@pytest.mark.parametrize(("gib", "workers_left"), [(79.0, 8), (5.0, 2), (0.5, 1), (None, 8)])
def test_memory_limits_the_workers(
    gib: float | None, workers_left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each worker has a context of its own; what does not tell its memory limits nothing."""
    monkeypatch.setattr(torch, "accelerator", Accelerator("cuda"), raising=False)
    monkeypatch.delenv("PYTEST_XDIST_AUTO_NUM_WORKERS", raising=False)
    free = None if gib is None else int(gib * 2**30)
    monkeypatch.setattr(present, "free_memory", lambda device: free if device == "cuda:0" else None)
    config: Any = SimpleNamespace(getoption=lambda _: None, stash=pytest.Stash())
    assert workers.limited(config, 8) == workers_left
    told = config.stash.get(session.LIMIT, "")
    assert bool(told) == (workers_left < 8)
    assert not told or f"{gib} GiB of cuda:0 are free" in told


def test_checks_compute_in_full_precision() -> None:
    """TF32 is off in a test, whoever has switched it on, and is on again afterwards."""
    library: Any = torch.backends.cudnn
    before = library.allow_tf32, torch.get_float32_matmul_precision()
    try:
        library.allow_tf32 = True
        torch.set_float32_matmul_precision("high")
        with surroundings.usual(1):
            assert not library.allow_tf32
            assert not torch.backends.cuda.matmul.allow_tf32
            assert torch.get_float32_matmul_precision() == "highest"
        assert library.allow_tf32
        assert torch.get_float32_matmul_precision() == "high"
        changes = surroundings.State.now().unusual()
        assert "float32 matmul precision highest to high" in changes
    finally:
        library.allow_tf32 = before[0]
        torch.set_float32_matmul_precision(before[1])


def test_refusals_of_constructors_know_no_device() -> None:
    """Their tests run on one device, so that there are none to compare on another."""
    rules = {wrong.rule for wrong in WRONG_CALLS if wrong.constructor}
    assert rules == {*OF_CONSTRUCTORS}
    assert not rules & {wrong.rule for wrong in WRONG_CALLS if not wrong.constructor}


# --- Entries that nobody has measured ------------------------------------------------------------

HAPPENS = """
[[deviation]]
rule = "state-structure-refused"
kinds = ["GRU"]
variants = ["two_tensors-batched"]
devices = ["cpu"]
torch = ">=2.0"
unmeasured = true
reason = "a tuple is not refused"
link = "https://github.com/pytorch/pytorch/issues/1"
"""
DOES_NOT = """
[[deviation]]
rule = "output-shape"
kinds = ["GRU"]
devices = ["cpu"]
when = {N = 2, num_layers = 1}
torch = ">=2.0"
unmeasured = true
reason = "two rows are one"
link = "https://github.com/pytorch/pytorch/issues/2"
"""


def test_what_is_undefined_may_be_refuted(pytester: pytest.Pytester) -> None:
    """A call that was refused did not happen, though the entry allows both."""
    text = HAPPENS.replace("state-structure-refused", "state-width-refused")
    text = text.replace("two_tensors-batched", "h_0-too_wide-batched")
    pytester.path.joinpath("mine.toml").write_text(text + "undefined = true\n")
    options = ("--rnn-deviations=mine.toml", "--rnn-device=cpu", "--hypothesis-profile=ci")
    result = pytester.run("rnn-contracts", "check", *options, "-k", "GRU-h_0-too_wide-batched")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*mine.toml, deviation 1: *: refuted in 1 test: take it out"])
    result.stdout.no_fnmatch_line("*confirmed*")


def test_a_run_measures_what_was_read(pytester: pytest.Pytester) -> None:
    """An entry that happens is printed as it is to stand from now on; one that does not is told."""
    pytester.path.joinpath("mine.toml").write_text(HAPPENS + DOES_NOT)
    options = ("--rnn-deviations=mine.toml", "--rnn-device=cpu", "--hypothesis-profile=ci")
    chosen = "GRU- and (two_tensors-batched or output_shape and 1_layer-forward)"
    result = pytester.run("rnn-contracts", "check", *options, "-k", chosen)
    assert result.ret == pytest.ExitCode.OK
    printed = result.stdout.str()
    assert "mine.toml, deviation 1" in printed
    assert "confirmed in 1 test; paste" in printed
    assert re.search(r"mine.toml, deviation 2: .*: refuted in 2 tests: take it out", printed)
    assert "when = {N = 2, num_layers = 1}" not in printed
    pasted = printed[printed.index("[[deviation]]") :].splitlines()
    end = next(i for i, line in enumerate(pasted) if " = " not in line and i)
    (entry,) = deviations.parse("\n".join(pasted[:end]))
    assert entry.measured == f"torch {torch.__version__}"
    assert not entry.unmeasured


def test_the_entry_that_happens_is_the_one_that_is_confirmed(pytester: pytest.Pytester) -> None:
    """Of two entries for one test the first tells what happened."""
    other = HAPPENS.replace("a tuple is not refused", "another reason")
    pytester.path.joinpath("mine.toml").write_text(HAPPENS + other)
    options = ("--rnn-deviations=mine.toml", "--rnn-device=cpu", "--hypothesis-profile=ci")
    result = pytester.run("rnn-contracts", "check", *options, "-k", "GRU-two_tensors-batched")
    told = re.findall(r"mine.toml, deviation (\d): .*: (confirmed|refuted)", result.stdout.str())
    assert told == [("1", "confirmed")]


def test_what_was_only_read_needs_a_source() -> None:
    """Nobody else can look it up."""
    text = HAPPENS.replace("link =", "measured =")
    with pytest.raises(ValueError, match="unmeasured: say where it is read, with link"):
        deviations.parse(text)


# --- Two devices in the diff ---------------------------------------------------------------------


def test_devices_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What passes on one device and fails on the other is named, by the names of the tests."""
    came = {
        "GRU-cpu": {"outcome": "passed", "device": "cpu"},
        "GRU-cuda:0": {
            "outcome": "failed", "broken": "output-shape", "ending": "failure", "device": "cuda:0"
        },
        "LSTM-cpu": {"outcome": "passed", "device": "cpu"},
        "LSTM-cuda:0": {"outcome": "passed", "device": "cuda:0"},
    }  # fmt: skip
    path = str(report(tmp_path / "run.xml", "2.13.0 (git 1)", came))
    assert cli.main(["diff", path, "--devices", "cpu", "cuda:0"]) == 1
    told = capsys.readouterr().out
    assert "torch 2.13.0 (git 1) on cpu -> torch 2.13.0 (git 1) on cuda:0: 1 rule, 2 tests" in told
    assert "Regressed: 1 test\n  output-shape: failed\n    GRU\n" in told
    assert cli.main(["diff", path, path, "--devices", "cuda:0", "cpu"]) == 0
    assert cli.main(["diff", path, "--devices", "cpu", "cpu"]) == 0


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "diff: expected two reports, or one and --devices OLD NEW"),
        (["--devices", "cpu", "mps"], "--devices: no test on 'mps' in the report; there are cpu"),
    ],
)
def test_a_device_without_tests(
    arguments: list[str], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told in one line."""
    path = report(tmp_path / "run.xml", "2.13.0 (git 1)", {"GRU-cpu": {"outcome": "passed"}})
    assert cli.main(["diff", str(path), *arguments]) == 2
    assert capsys.readouterr().err == f"rnn-contracts: {why}\n"


@pytest.mark.parametrize(
    ("rule", "other", "exit_code"),
    [
        ("recurrence", "cuda:0", 2),
        ("recurrence", "meta", 0),
        ("input-rank-refused", "meta", 0),
        ("autocast-dtype", "cuda:0", 0),
        ("size-refused", "cuda:0", 0),
        ("input-shape", "meta", 2),
    ],
)
def test_a_rule_that_one_device_lacks(
    rule: str, other: str, exit_code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is an obstacle, unless the rule says nothing of the device: meta has no numbers."""
    passed = {"outcome": "passed"}
    tests = {
        "GRU-cpu": passed,
        f"GRU-{other}": {**passed, "device": other},
        "RNN-cpu": {**passed, "rule": rule},
    }
    path = report(tmp_path / "run.xml", "2.13.0 (git 1)", tests)
    assert cli.main(["diff", str(path), "--devices", "cpu", other]) == exit_code
    assert (f"not checked in the new report: {rule}" in capsys.readouterr().out) == bool(exit_code)
