"""The suite on an accelerator: the simulated device, and what it says of each limit and fault of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

SIMULATED = Path(__file__).parents[1] / "simulated"
KNOWN = SIMULATED / "deviations.toml"
PACKAGED = Path(__file__).parents[2] / "rnn_contracts" / "deviations.toml"

Check = Callable[..., pytest.RunResult]


@pytest.fixture
def check(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Run ``rnn-contracts check`` where torch has the device, in one of its variants."""
    monkeypatch.setenv("PYTHONPATH", str(SIMULATED), prepend=":")

    def check(*options: str, device: str = "", **environment: object) -> pytest.RunResult:
        for name, value in {"device": device, **environment}.items():
            monkeypatch.setenv(f"SIMULATED_{name.upper()}", str(value))
        usual = ("--hypothesis-profile=ci", "--rnn-device=simulated", f"--rnn-deviations={KNOWN}")
        return pytester.run("rnn-contracts", "check", *usual, *options)

    return check


def failed_rules(result: pytest.RunResult) -> set[str]:
    """The rules that the summary names as failed."""
    told = re.findall(r"^rnn-contracts: failed: (.*)$", result.stdout.str(), re.MULTILINE)
    return {name for line in told for name in line.split(", ")}


def test_a_right_device_is_green(check: Check) -> None:
    """Laws, modes, shapes, parameters and refusals, in workers and their children."""
    result = check("-n", "2", "-k", "GRUCell or LSTM-proj-batch_first-2_layers-bidirectional")
    result.assert_outcomes(**result.parseoutcomes() | {"failed": 0, "errors": 0})
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            "machine: *accelerator=Simulated_card_0",
            "rnn-contracts: devices simulated:0;*",
            "rnn-contracts: on simulated:0 the kernels of simulated compute, in float32, float64, *",
            "rnn-contracts: left out, they speak of another device: autocast-dtype, onnx-agrees",
        ]
    )


ONE = "GRU-sequence_first-1_layer-forward"
"""The tests of one grid point."""


def test_a_device_without_float64_is_green(check: Check) -> None:
    """It is checked in the dtypes that it has."""
    result = check("-k", f"{ONE} or GRUCell and float and not integer", device="no_float64")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*compute, in float32, bfloat16, float16; TF32 is off*"])


def of_cudnn() -> str:
    """What comes with the package for cuDNN, as if it were known of the simulated device.

    But for the forward mode, which the simulated device lacks for a reason of its own.
    """
    entries = PACKAGED.read_text("utf-8").split("[[deviation]]")[1:]
    entries = [it for it in entries if "forward-mode-agrees" not in it]
    name = 'devices = ["cudnn", "miopen"]'
    chosen = [it.replace(name, 'devices = ["simulated"]') for it in entries if name in it]
    return "".join(f"[[deviation]]{it.partition('# ---')[0]}" for it in chosen)


def test_what_cudnn_refuses_is_known(check: Check, pytester: pytest.Pytester) -> None:
    """The entries of the package fit, and the run says of each that it is confirmed."""
    pytester.path.joinpath("cudnn.toml").write_text(of_cudnn())
    result = check("-k", ONE, "--rnn-deviations=cudnn.toml", device="like_cudnn")
    assert result.ret == pytest.ExitCode.OK
    printed = result.stdout.str()
    confirmed = re.findall(r"cudnn.toml, deviation \d+: ([a-z-]+): .*: confirmed in", printed)
    assert {*confirmed} == {
        *("initial-hidden-shape", "memory-layout-is-irrelevant"),
        *("gradients-agree", "second-derivatives-exist", "checkpoint-agrees"),
        *("frozen-parameters-change-no-gradient", "parametrized-weights-are-used"),
    }
    assert "refuted" not in printed
    assert 'measured = "torch ' in printed
    assert ', accelerator Simulated_card_0"' in printed


def test_what_cudnn_refuses_is_red_where_nobody_knows_it(check: Check) -> None:
    """The plain call of a strided state is blamed, not every law that makes it."""
    result = check("-k", f"{ONE} and (initial_hidden or causal)", device="like_cudnn")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert failed_rules(result) == {"initial-hidden-shape"}
    result.stdout.fnmatch_lines(
        ["rnn-contracts: not reached because of initial-hidden-shape: steps-are-causal"]
    )


def test_without_cudnn_nothing_is_refused(check: Check) -> None:
    """``--rnn-native`` lets torch's own kernels compute."""
    result = check("-k", ONE, "--rnn-native", device="like_cudnn")
    assert result.ret == pytest.ExitCode.OK


EVERYWHERE_IN_TEN_BITS = """
import contextlib
import torch
from rnn_contracts.checking import surroundings

surroundings._compute_in_full_precision = lambda stack: None
"""


def test_ten_bits_are_switched_off(check: Check, pytester: pytest.Pytester) -> None:
    """Rules speak of full precision. Without the switch one that compares numbers is red."""
    selected = ("-k", "GRUCell and (recurrence or tf32)")
    assert check(*selected, device="ten_bits").ret == pytest.ExitCode.OK
    pytester.path.joinpath("ten_bits.py").write_text(EVERYWHERE_IN_TEN_BITS)
    result = check(*selected, "-pten_bits", "-W", "ignore", device="ten_bits")
    assert failed_rules(result) == {"recurrence"}


def test_an_asynchronous_error_is_blamed_on_its_call(check: Check) -> None:
    """It is raised when the device is waited for, which is within the call that made it."""
    result = check("-k", ONE, device="asynchronous", fault_at=40)
    result.assert_outcomes(**result.parseoutcomes() | {"failed": 1})
    result.stdout.fnmatch_lines(
        [
            "_* 1. a lawful call raised: 1 test _*",
            "  the call raised KernelFailed: the device failed in matrix product 40",
            "  nn.GRU(*)   input (*   simulated:0, *",
            "  the same call did not do it again: it happens now and then",
        ]
    )


def test_memory_that_runs_out_breaks_no_rule(check: Check) -> None:
    """The test fails, and says that nothing is known."""
    result = check("-k", f"{ONE} and (causal or recurrence)", device="out_of_memory", oom_at=40)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert failed_rules(result) == set()
    result.stdout.fnmatch_lines(
        ["*: there is no memory left on simulated:0, so that nothing is known*"]
    )
    result.stdout.no_fnmatch_line("*cause of*")


def test_a_device_that_is_full_is_told_at_once(check: Check) -> None:
    """Not by thousands of tests."""
    result = check("-n0", device="out_of_memory", oom_at=1)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    why = (
        "simulated:0 cannot be used: OutOfMemoryError: simulated out of memory. Tried to allocate *"
    )
    result.stderr.fnmatch_lines([f"ERROR: --rnn-device: {why}"])


def test_a_lost_device_ends_its_worker(check: Check) -> None:
    """The rule of the call is told, and another worker goes on with a device that can compute."""
    selected = ("-k", f"{ONE} and (causal or recurrence or rows or split or dtype)")
    # Every worker loses the device after so many products, so some tests are red and others pass.
    result = check("-n2", *selected, device="asserting,asynchronous", fault_at=90)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    printed = result.stdout.str()
    assert (
        "the call raised AcceleratorError: device-side assert triggered: the device failed"
        in printed
    )
    assert "replacing crashed worker" in printed
    assert result.parseoutcomes()["passed"] > 0


def test_without_workers_a_lost_device_ends_the_run(check: Check) -> None:
    """What follows would fail in the name of another rule."""
    result = check("-k", ONE, device="asserting,asynchronous", fault_at=40)
    assert result.ret == 3
    result.stdout.fnmatch_lines(
        [
            "*rnn-contracts: simulated:0 was lost in test_*: the call raised AcceleratorError: "
            "device-side assert triggered: the device failed in matrix product 40*"
        ]
    )


def test_two_cards_are_compared(check: Check, pytester: pytest.Pytester) -> None:
    """One is checked unless the kind is named, and the diff holds one against the other."""
    selected = ("-k", "1_layer-forward and GRU-sequence and (output_shape or recurrence)")
    result = check(*selected, "--junitxml=run.xml", cards=2)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["rnn-contracts: devices simulated:0, simulated:1;*"])
    cards = ("--devices", "simulated:0", "simulated:1")
    difference = pytester.run("rnn-contracts", "diff", "run.xml", *cards)
    assert difference.ret == 0
    difference.stdout.fnmatch_lines(
        ["torch * on simulated:0 -> torch * on simulated:1: 3 rules, 3 tests"]
    )


NAMELESS = """
import torch
from rnn_contracts import parametrize_with_rules

@parametrize_with_rules(
    GRU=lambda *args, **options: torch.nn.GRU(*args, **options), devices=["simulated:0"]
)
def test_mine(check):
    check()
"""


def test_a_class_without_a_name_is_told(check: Check, pytester: pytest.Pytester) -> None:
    """A process that is not forked cannot import it, so that wrong calls are not tried."""
    pytester.makepyfile(test_mine=NAMELESS)
    check("--version")
    selected = "sequence_first-1_layer-forward and output-shape or two_tensors-batched"
    result = pytester.runpytest_subprocess("-p", "rnn_contracts.plugin", "-rs", "-k", selected)
    result.assert_outcomes(passed=2, skipped=1)
    told = "SKIPPED *not supported: wrong calls, which another process makes: its module does not have*"
    result.stdout.fnmatch_lines([told])
