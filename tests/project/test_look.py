"""The look at a subject before the run, and the limits that its user declares."""

from __future__ import annotations

import os
import re
import sys
import time
from typing import Any

import pytest
from torch import nn

import rnn_contracts
from rnn_contracts.checking import limits, look, subjects


class Limited(nn.LSTM):
    """Takes no unbatched input, and has a default of its own."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        num_layers: int = 1,
        dropout: float = 0.1,
        **rest: Any,
    ) -> None:
        super().__init__(input_size, hidden_size, num_layers, bias, dropout=dropout, **rest)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """As torch's, but for the limits."""
        if isinstance(input, nn.utils.rnn.PackedSequence):
            raise NotImplementedError("packed input")
        if input.dim() == 2:
            raise RuntimeError("expected 3 dimensions\nand more")
        return super().forward(input, hx)


class Exits(nn.LSTM):
    """Takes the process with it."""

    def forward(self, input: Any, hx: Any = None) -> Any:
        """End the process, as a kernel may."""
        os._exit(0)


def lines(constructor: Any, *without: str) -> list[str]:
    """The look at an LSTM."""
    name = subjects.name_of(constructor)
    return look.look_at(subjects.make("LSTM", name, constructor, without=without)).lines()


def test_torch_s_own_layer_takes_everything() -> None:
    """Each limit is tried, within a few seconds, and nothing is refused."""
    start = time.perf_counter()
    (line,) = lines(nn.LSTM)
    arguments = {"num_layers", "bias", "batch_first", "dropout", "bidirectional", "proj_size"}
    assert {*line.partition(" takes ")[2].split(", ")} == {look.PLAIN, *limits.CALLS, *arguments}
    assert time.perf_counter() - start < 60


def test_what_is_refused_is_told_with_the_words_to_type() -> None:
    """A refusal names the option that leaves it out; what a layer says not to support needs none."""
    first, *others = lines(Limited)
    assert "packed" not in first
    assert "unbatched" not in first
    assert others == [
        "  the order of its arguments is bias, num_layers, dropout; "
        "torch's is num_layers, bias, dropout",
        "  dropout is 0.1 by default; torch's is 0.0",
        "  not supported, as it says: packed input",
        "  refuses unbatched: raises RuntimeError: expected 3 dimensions",
        "  to leave out what it refuses: --rnn-without=unbatched",
    ]


def test_a_declared_limit_that_is_not_true_is_told() -> None:
    """What is declared is not proposed again."""
    others = lines(Limited, "unbatched", "state")[-2:]
    assert others == [
        "  left out, as --rnn-without says: unbatched, state",
        "  --rnn-without is not true of it: it takes state",
    ]


def test_a_layer_that_ends_the_process_is_only_looked_at() -> None:
    """The look survives, and tries nothing more."""
    assert lines(Exits)[1:] == ["  refuses a batch: killed the process (exit code 0)"]


def check(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Run the suite on a layer that takes no unbatched input."""
    pytester.makepyfile(
        mine="""
        from torch import nn

        class Mine(nn.LSTM):
            def forward(self, input, hx=None):
                if not isinstance(input, nn.utils.rnn.PackedSequence) and input.dim() == 2:
                    raise RuntimeError("expected 3 dimensions")
                return super().forward(input, hx)
        """
    )
    command = [sys.executable, "-m", "rnn_contracts", "check", "--rnn-device=cpu"]
    return pytester.run(*command, *options)


def test_what_is_declared_is_not_tried(pytester: pytest.Pytester) -> None:
    """The rules hold for the rest, and what was left out is counted as not supported."""
    chosen = ("--rnn-subject=LSTM=mine:Mine", "-k", "output_shape or unbatched or test_refused")
    assert check(pytester, *chosen).ret == pytest.ExitCode.TESTS_FAILED
    result = check(pytester, *chosen, "--rnn-without=unbatched")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.re_match_lines(
        [
            "rnn-contracts: not supported in .*: unbatched",
            "rnn-contracts:   passed: .*output-shape.*",
            "rnn-contracts:   not supported: .*unbatched-is-a-batch-of-one",
        ]
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--rnn-subject=LSTM=mine:Mine", "--rnn-without=pack"],
            "there is no limit 'pack'; there are",
        ),
        (["--rnn-without=packed"], "say of what, with --rnn-subject"),
        (
            ["--rnn-subject=LSTM=mine:Mine", "--rnn-without=packed", "--rnn-require-all"],
            "--rnn-require-all asks for what it leaves out",
        ),
    ],
)
def test_a_wrong_limit_is_a_usage_error(
    pytester: pytest.Pytester, options: list[str], said: str
) -> None:
    """One line says what is accepted."""
    result = check(pytester, *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = filter(None, result.errlines)
    assert re.match(rf"ERROR: --rnn-without: {said}", line)


def test_limits_in_python() -> None:
    """``without=`` is the same, and refuses the same."""
    mark = rnn_contracts.parametrize_with_rules(LSTM=Limited, without=["unbatched"])
    tests = [parameter.values[0].test for parameter in mark.args[1]]
    assert {test.subject.declared for test in tests} == {("unbatched",)}
    with pytest.raises(ValueError, match="there is no limit 'pack'"):
        rnn_contracts.parametrize_with_rules(LSTM=Limited, without=["pack"])
