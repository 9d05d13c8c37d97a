"""Known deviations are data, checked when they are read, and strict both ways."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from broken_layers.alter import altered_call, batch_size
from run_suite import run_suite
from torch import nn

from rnn_contracts import deviations, machine

ENTRY = """
[[deviation]]
rule = "size-refused"
kinds = ["RNNCell"]
variants = ["input_size=0-*"]
torch = ">=2.13"
fixed = "2.15.0"
reason = "the cells accept a size of 0"
link = "https://example.org/1"
"""


SHAPES = """
[[deviation]]
rule = "output-shape"
kinds = ["GRU"]
when = {dtype = "float16"}
torch = ">=2"
reason = "one axis too many in float16"
measured = "here"
"""


def test_an_entry_covers_its_releases_kinds_and_variants() -> None:
    """A build or a nightly belongs to the release that it is made from."""
    (entry,) = deviations.parse(ENTRY)
    assert entry.happens_on("2.13.0+cpu", {})
    assert entry.happens_on("2.14.0.dev20260101+cu130", {})
    assert not entry.happens_on("2.15.0", {})
    assert entry.concerns("RNNCell", "input_size=0-keyword", "cpu")
    assert not entry.concerns("GRUCell", "input_size=0-keyword", "cpu")
    assert not entry.concerns("RNNCell", "input_size=-1-keyword", "cpu")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[deviation", "not a TOML file: "),
        ("a = " + "[" * 5000, "not a TOML file: "),
        ("[other]", r"expected nothing but \[\[deviation\]\] tables"),
        (ENTRY.replace("reason", "why"), "deviation 1: no field 'why'; known: rule, "),
        (
            ENTRY.replace('reason = "the cells accept a size of 0"', ""),
            "deviation 1: reason is missing",
        ),
        (
            ENTRY.replace('["RNNCell"]', '"RNNCell"'),
            "deviation 1: kinds: expected a list of texts, got",
        ),
        (
            ENTRY.replace('"size-refused"', "1"),
            "deviation 1: rule: expected text in one line, got 1",
        ),
        (
            ENTRY.replace("size-refused", "sise-refused"),
            "deviation 1: no rule 'sise-refused'; did you",
        ),
        (ENTRY.replace(">=2.13", "about 2"), "deviation 1: Invalid specifier"),
        (ENTRY.replace("2.15.0", "soon"), "deviation 1: Invalid version"),
        (ENTRY.replace("link", "# link"), "deviation 1: link or measured is missing"),
        (ENTRY + "dies = 1", "deviation 1: dies: expected true or false, got 1"),
        (ENTRY + "when = {N = 0}", "deviation 1: when: a refusal is known by its variants"),
        (ENTRY + "when = {size = 0}", "deviation 1: when: expected a table of projection "),
        (ENTRY.replace("RNNCell", "rnncell"), "deviation 1: no kind 'rnncell'; known: RNN, GRU, "),
        (ENTRY + "quote = true", "deviation 1: quote: documentation has no variants"),
        (SHAPES.replace("float16", "half"), "deviation 1: when: expected a table of projection "),
        (SHAPES.replace("when", "# when") + "dies = true", "deviation 1: dies: say when"),
        (
            ENTRY + "machine = {cpu_model = true}",
            "deviation 1: machine: expected a table of true or false for onednn, onednn_bfloat16, got",
        ),
        (
            ENTRY + "machine = {onednn = 1}",
            "deviation 1: machine: expected a table of true or false",
        ),
        (ENTRY + "limit = true", "deviation 1: limit: say when, and one of the rules "),
        (SHAPES + "limit = true", "deviation 1: limit: say when, and one of the rules "),
        ("deviation = [1]", r"deviation 1: expected a \[\[deviation\]\] table, got 1"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(text: str, message: str) -> None:
    """The entry and the field are named."""
    with pytest.raises(ValueError, match=f"^{message}"):
        deviations.parse(text)


SELECTED = ("-m", "rule(id='size-refused')", "-k", "RNNCell and input_size")


def test_nobody_looked_between_releases() -> None:
    """An entry of the package, or of a file, may happen there or not."""
    entries = deviations.parse(ENTRY)
    assert entries[0].fixed == "2.15.0"
    undefined = {
        release: deviations.as_on(release, entries)[0].undefined
        for release in ("2.14.1", "2.14.2", "2.15.0")
    }
    assert undefined == {"2.14.1": False, "2.14.2": True, "2.15.0": False}


def test_an_unlisted_deviation_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its entry the violation is one like any other."""
    assert run_suite(*SELECTED).exit_code == pytest.ExitCode.OK
    monkeypatch.setattr(deviations, "known", tuple)
    outcome = run_suite(*SELECTED)
    assert outcome.exit_code == pytest.ExitCode.TESTS_FAILED
    assert len(outcome.failed) == 2


def test_a_listed_deviation_that_does_not_happen_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says which entry to take out."""
    stale = deviations.parse(
        ENTRY.replace("input_size=0-*", "input_size=*").replace("fixed", "# fixed")
    )
    monkeypatch.setattr(deviations, "known", lambda: stale)
    outcome = run_suite(*SELECTED)
    assert outcome.exit_code == pytest.ExitCode.TESTS_FAILED
    assert len(outcome.failed) == 6
    assert "a known deviation no longer happens" in outcome.printed[0]
    text = "deviations.toml, deviation 1: take it out, leave out test_refused[size-refused-"
    assert text in outcome.printed[0]


def test_an_undefined_deviation_may_not_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where torch reads memory that is not its own, both a violation and none are expected."""
    text = (
        ENTRY.replace("input_size=0-*", "input_size=*").replace("fixed", "# fixed")
        + "undefined = true"
    )
    monkeypatch.setattr(deviations, "known", lambda: deviations.parse(text))
    assert run_suite(*SELECTED).exit_code == pytest.ExitCode.OK


ON_GRU = ("--rnn-device=cpu", "-k", "GRU and not Cell", "-m", "rule(id='output-shape')")


@altered_call
def one_axis_too_many_in_float16(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    output, state = forward(input, hx)
    if layer.weight_hh_l0.dtype is torch.float16 and isinstance(output, torch.Tensor):
        output = output[None]
    return output, state


def test_a_condition_leaves_the_rest_to_be_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test of its own makes its simplest call, which has to fail; other calls keep the rule."""
    wide, narrow = SHAPES, SHAPES.replace("}", ', layout = "unbatched"}')
    monkeypatch.setattr(deviations, "known", lambda: deviations.parse(wide))
    stale = run_suite(*ON_GRU)
    assert len(stale.failed) == 16
    assert "a known deviation no longer happens" in stale.printed[0]

    monkeypatch.setattr(nn, "GRU", one_axis_too_many_in_float16(nn.GRU))
    expected = run_suite(*ON_GRU)
    assert expected.exit_code == pytest.ExitCode.OK
    assert len(expected.passed) == 16
    assert len(expected.items) == 32

    monkeypatch.setattr(deviations, "known", lambda: deviations.parse(narrow))
    assert run_suite(*ON_GRU).exit_code == pytest.ExitCode.TESTS_FAILED


def test_a_deviation_of_some_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the fact is as the entry says it has to happen, elsewhere it must not."""
    here = machine.facts()["onednn"]
    elsewhere = "false" if here == "true" else "true"
    monkeypatch.setattr(nn, "GRU", one_axis_too_many_in_float16(nn.GRU))
    for fact, exit_code in ((here, pytest.ExitCode.OK), (elsewhere, pytest.ExitCode.TESTS_FAILED)):
        text = SHAPES + f"machine = {{onednn = {fact}}}"
        monkeypatch.setattr(deviations, "known", lambda text=text: deviations.parse(text))
        assert run_suite(*ON_GRU).exit_code == exit_code


LIMIT = """
[[deviation]]
rule = "input-shape"
kinds = ["GRU"]
devices = ["cpu"]
when = {dtype = "bfloat16"}
torch = ">=2"
limit = true
reason = "a GRU does not run in bfloat16"
measured = "here"
"""


@altered_call
def does_not_run_in_bfloat16(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if layer.weight_hh_l0.dtype is torch.bfloat16:
        raise RuntimeError("could not create a primitive descriptor")
    return forward(input, hx)


ALL_OF_GRU = (
    "--rnn-device=cpu",
    "-k",
    "GRU and (2_layers-bidirectional or refused) and not (Cell or quote)",
)


def test_a_limit_is_drawn_by_no_test(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every rule is checked in the other dtypes; only tests of the limit's rule look at it."""
    known = [entry for entry in deviations.known() if "bfloat16" not in entry.when.values()]
    monkeypatch.setattr(nn, "GRU", does_not_run_in_bfloat16(nn.GRU))
    monkeypatch.setattr(deviations, "known", lambda: (*deviations.parse(LIMIT), *known))
    outcome = run_suite(*ALL_OF_GRU, "-pterminal")
    assert outcome.failed == {}
    assert len(outcome.passed) > 100
    header = "rnn-contracts: not drawn, since this torch cannot: a GRU does not run in bfloat16"
    assert header in capsys.readouterr().out

    monkeypatch.setattr(deviations, "known", lambda: known)
    assert len(run_suite(*ALL_OF_GRU).failed) > 50


def test_a_limit_that_is_none_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the tests of its rule alone."""
    monkeypatch.setattr(deviations, "known", lambda: deviations.parse(LIMIT))
    outcome = run_suite(*ON_GRU[:-1], "rule(id='input-shape') or rule(id='output-shape')")
    assert len(outcome.passed) == 32
    assert len(outcome.failed) == 16
    assert "input-shape: a known deviation no longer happens" in outcome.printed[0]


def test_what_a_limit_covers_is_not_expected_to_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other entry speaks of calls that cannot be made."""
    text = LIMIT + SHAPES.replace("float16", "bfloat16")
    monkeypatch.setattr(nn, "GRU", does_not_run_in_bfloat16(nn.GRU))
    monkeypatch.setattr(deviations, "known", lambda: deviations.parse(text))
    outcome = run_suite(*ON_GRU)
    assert len(outcome.passed) == 16


@altered_call
def dies_of_an_empty_batch(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if batch_size(layer, input) == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return forward(input, hx)


def test_what_kills_the_process_is_tried_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no rule goes there, nor the one that is known to be broken."""
    text = SHAPES.replace("output-shape", "empty-batch-allowed").replace("dtype", "N")
    text = text.replace('"float16"', "0") + "dies = true"
    monkeypatch.setattr(deviations, "known", lambda: deviations.parse(text))
    selected = "rule(id='empty-batch-allowed') or rule(id='output-shape')"
    assert len(run_suite(*ON_GRU[:-1], selected).failed) == 16

    monkeypatch.setattr(nn, "GRU", dies_of_an_empty_batch(nn.GRU))
    outcome = run_suite(*ON_GRU[:-1], selected)
    assert outcome.exit_code == pytest.ExitCode.OK
    assert len(outcome.items) == 32
    assert len(outcome.passed) == 16
    assert {name.partition("[")[0].rpartition("::")[2] for name in outcome.passed} == {
        "test_output_shape"
    }


def test_where_a_call_dies_no_other_rule_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a test pass of which nothing is left."""
    text = SHAPES.replace('dtype = "float16"', "N = 0") + "dies = true"
    monkeypatch.setattr(deviations, "known", lambda: deviations.parse(text))
    outcome = run_suite(*ON_GRU[:-1], "rule(id='empty-batch-allowed')")
    assert (outcome.passed, len(outcome.items)) == ([], 16)


def test_a_death_is_excused_by_no_other_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is worse than what is known."""

    class Dies(nn.RNNCell):
        def __init__(self, input_size: Any, *more: Any, **arguments: Any) -> None:
            if input_size == 0:
                os.kill(os.getpid(), signal.SIGSEGV)
            super().__init__(input_size, *more, **arguments)

    monkeypatch.setattr(nn, "RNNCell", Dies)
    outcome = run_suite(*SELECTED)
    assert outcome.exit_code == pytest.ExitCode.TESTS_FAILED
    assert len(outcome.failed) == 2
    assert "input_size=0-keyword: killed the process (SIGSEGV)" in outcome.printed[0]


def test_a_right_call_that_raises_is_no_known_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """It breaks the rule of the input, if no call works, whatever is known of the wrong call."""

    def forward(*_: Any) -> Any:
        raise KeyError

    monkeypatch.setattr(nn.RNNCell, "forward", forward)
    outcome = run_suite("-m", "rule(id='state-structure-refused')", "-k", "RNNCell and cpu")
    assert outcome.passed == []
    assert len(outcome.failed) == len(outcome.items) > 0
    assert outcome.printed[0].startswith("rnn-cell-input-shape\n")
    assert "the right call raised KeyError" in outcome.printed[0]


def test_documentation_may_deviate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words are no behaviour: they have entries of their own."""
    text = ENTRY.replace("size-refused", "recurrence").replace("RNNCell", "GRU")
    text = text.replace('variants = ["input_size=0-*"]', "quote = true")
    monkeypatch.setattr(deviations, "known", lambda: deviations.parse(text))
    selected = ("-k", "test_quote and recurrence-GRU and not Cell")
    stale = run_suite(*selected)
    assert "a known deviation no longer happens" in stale.printed[0]

    monkeypatch.setattr(nn.GRU, "__doc__", "A gated recurrent unit.")
    assert run_suite(*selected).exit_code == pytest.ExitCode.OK
    monkeypatch.setattr(deviations, "known", tuple)
    assert run_suite(*selected).exit_code == pytest.ExitCode.TESTS_FAILED


def test_a_file_of_ones_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is as good as that of the package; a wrong one is a usage error."""
    path = tmp_path / "ours.toml"
    path.write_text(ENTRY)
    monkeypatch.setattr(deviations, "known", tuple)
    option = f"--rnn-deviations={path}"
    for workers in ("-n0", "-n1"):
        assert run_suite(option, workers, *SELECTED).exit_code == pytest.ExitCode.OK

    path.write_text(ENTRY.replace("reason", "why"))
    for file, why in (
        (path, "deviation 1: no field 'why'; known: rule, torch, "),
        (tmp_path / "none.toml", "No such file or directory"),
    ):
        outcome = run_suite(f"--rnn-deviations={file}", *SELECTED)
        assert outcome.exit_code == pytest.ExitCode.USAGE_ERROR
        assert f"ERROR: --rnn-deviations: {file}: {why}" in capfd.readouterr().err
