"""A call that kills its process, or hangs, fails its own test; the others run, and are reported."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest
from torch import nn

from rnn_contracts import machine
from rnn_contracts.checking.check import Check
from rnn_contracts.checking.run import Run
from rnn_contracts.checking.sandbox import Expected
from rnn_contracts.checking.violation import ContractViolation
from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.wrong_calls import WrongCall
from rnn_contracts.layer import Layer
from rnn_contracts.rules import rule

SUITE = """
    import os, signal, time
    import pytest
    from rnn_contracts.rule_tests.statement import rule_test, wrong_calls

    @wrong_calls
    def test_refused(check, wrong):
        # Its child process is still there when the worker dies.
        check.assert_refused(wrong)

    @rule_test()
    def test_final_hidden_shape(check):
        layer = check.case.layer
        if layer.bidirectional and layer.kind in {kinds}:
            {end}
        check.assert_shapes()

    @rule_test()
    def test_output_shape(check):
        check.assert_shapes()
"""


@pytest.fixture
def run() -> Iterator[Run]:
    """What a run owns; its child processes end with the test."""
    run = Run()
    yield run
    run.sandboxes.close()


DIES = "os.kill(os.getpid(), signal.SIGFPE)"
HANGS = "time.sleep(1000)"


@pytest.mark.parametrize("end", [DIES, HANGS], ids=["dies", "hangs"])
def test_the_call_is_told_and_the_run_goes_on(pytester: pytest.Pytester, end: str) -> None:
    """The report says rule, device and the very call, as if torch had raised."""
    pytester.makepyfile(test_small=SUITE.format(end=end, kinds=["GRU"]))
    result = pytester.runpytest_subprocess(
        *("-p", "rnn_contracts.plugin", "-W", "ignore:Failed to initialize NumPy"),
        *("--hypothesis-profile=ci", "--rnn-device=cpu", "-n2", "--junitxml=report.xml"),
        *("-o", f"faulthandler_timeout={30 if end == HANGS else 900}"),
        *("-o", "faulthandler_exit_on_timeout=true"),
        *("-k", "nonlinearity or (final and batch_first-1_layer) or (output and 1_layer)"),
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=27, failed=1, xfailed=4)
    result.stdout.fnmatch_lines(
        [
            "_* 1. the process died: 1 test _*",
            "final-hidden-shape",
            "  h_n is *",
            "  the process died of this call, or it hung and was ended",
            "  nn.GRU(*batch_first=True, bidirectional=True)   input (*   cpu, *",
            "input = torch.randn(*",
            "  in *::test_final_hidden_shape[[]GRU-batch_first-1_layer-bidirectional-cpu[]]",
            "rnn-contracts: 3 rules checked*",
            "rnn-contracts: failed: final-hidden-shape",
        ]
    )
    cases = list(ElementTree.parse(pytester.path / "report.xml").iter("testcase"))
    assert len(cases) == 32
    (failed,) = (case for case in cases if case.find("failure") is not None)
    properties = {it.get("name"): it.get("value") for it in failed.iter("property")}
    assert properties["rule"] == properties["broken"] == "final-hidden-shape"
    assert properties["point"] == "GRU-batch_first-1_layer-bidirectional"
    assert properties["device"] == "cpu"
    assert "layer = nn.GRU(" in (failed.findtext("failure") or "")


@pytest.mark.parametrize(
    ("arguments", "known", "processes"),
    [
        # What an accepted call did to its memory nobody knows.
        ("input", "refused", 2),
        ("input", "accepted", 1),
        # A call that raises has done nothing.
        ("input, input.missing", "refused", 1),
        ("input, input[0, 0, 0, 0]", "refused", 1),
    ],
)
def test_a_process_that_accepted_a_wrong_call_makes_no_other(
    arguments: str, known: Expected, processes: int, tmp_path: Path, run: Run
) -> None:
    """Unless the call is known to be accepted, and the process waits for no other verdict."""
    path = tmp_path / "processes.txt"
    note = f"print(__import__('os').getpid(), file=open({str(path)!r}, 'a'))"
    wrong = WrongCall("input-width-refused", "it", ("RNN",), note, arguments, "sequence first")
    for _ in range(2):
        check = Check(rule(wrong.rule), Case(Layer("RNN", 3, 4)), run)
        check.expects = known
        with contextlib.suppress(ContractViolation):
            check.assert_refused(wrong)
    assert len({*path.read_text("utf-8").split()}) == processes


def test_a_call_that_raises_does_not_die(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """Only a process that ends, or hangs, makes it a call that dies."""
    case = Case(Layer("GRU", 3, 4))
    assert not run.sandboxes.dies(case, None)
    for error in (ValueError(), pytest.fail.Exception("no"), SystemExit(3)):

        def forward(*_: object, error: BaseException = error) -> None:
            raise error

        monkeypatch.setattr(nn.GRU, "forward", forward)
        assert not run.sandboxes.dies(case, None)
    monkeypatch.setattr(nn.GRU, "forward", lambda *_: os.kill(os.getpid(), signal.SIGFPE))
    assert run.sandboxes.dies(case, None)


def test_many_deaths_do_not_end_the_run(pytester: pytest.Pytester) -> None:
    """Where xdist would stop: after four for each worker."""
    pytester.makepyfile(test_small=SUITE.format(end=DIES, kinds=["RNN", "GRU", "LSTM"]))
    result = pytester.runpytest_subprocess(
        *("-p", "rnn_contracts.plugin", "-W", "ignore:Failed to initialize NumPy"),
        *(
            "--hypothesis-profile=ci",
            "--rnn-device=cpu",
            "-n1",
            "-k",
            "not refused and ((final and 3_layers) or (output and 1_layer))",
        ),
    )
    result.assert_outcomes(passed=24, failed=8)


def test_every_report_says_what_was_checked(pytester: pytest.Pytester) -> None:
    """Rule, kind, cell, device, build of torch and number of examples."""
    pytester.makepyfile(test_small=SUITE.format(end="pass", kinds=[]))
    pytester.runpytest_subprocess(
        *("-p", "rnn_contracts.plugin", "-W", "ignore:Failed to initialize NumPy", "-n1"),
        *(
            "--hypothesis-profile=ci",
            "--junitxml=report.xml",
            "-k",
            "GRU and output and meta and 1_layer and not refused",
        ),
    )
    cases = list(ElementTree.parse(pytester.path / "report.xml").iter("testcase"))
    assert len(cases) == 4
    for case in cases:
        properties = {it.get("name"): str(it.get("value")) for it in case.iter("property")}
        assert re.match(r"\d+\.\d+\.\S+ \(git [0-9a-f]+, ", properties.pop("torch"))
        assert properties.pop("point") in str(case.get("name"))
        assert machine.from_line(properties.pop("machine")) == machine.facts()
        assert properties == {
            "rule": "output-shape",
            "family": "shape",
            "outcome": "passed",
            "device": "meta",
            "examples": "2",
        }
