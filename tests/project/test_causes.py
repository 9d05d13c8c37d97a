"""One cause is one block: how failures are sorted, printed, and not shrunk again."""

from __future__ import annotations

import sys

import pytest

from rnn_contracts.checking.violation import ACCEPTED, RAISED, WRONG, ContractViolation
from rnn_contracts.plugin.causes import Failure, by_cause
from rnn_contracts.rules import RULES

PASSES_TWICE = """
import torch
from torch import nn

class Mine(nn.LSTM):
    def forward(self, input, hx=None):
        if not isinstance(input, nn.utils.rnn.PackedSequence) and input.dim() == 2:
            raise RuntimeError(f"takes no unbatched input, got {tuple(input.shape)}")
        output, (h, c) = super().forward(input, hx)
        return output, (h * 1.5, c)
"""


def failure(test: str, *, cause: str, effect: str, size: int = 1, shown: bool = True) -> Failure:
    """A failure of which nothing else matters."""
    return Failure(test, "output-shape", cause, effect, f"message of {test}", (size,), shown)


def test_the_gravest_cause_comes_first_and_the_simplest_call_stands_for_it() -> None:
    """A wrong number comes before a thousand refusals, and what has a script before what is small."""
    refused = [failure(f"r{n}", cause="refusal", effect=ACCEPTED) for n in range(9)]
    raised = [
        failure("large", cause="raised", effect=RAISED, size=5),
        failure("small", cause="raised", effect=RAISED, size=2),
        failure("no script", cause="raised", effect=RAISED, size=1, shown=False),
    ]
    wrong = [failure("wrong", cause="numbers", effect=WRONG)]
    blocks = by_cause([*refused, *raised, *wrong])
    assert [block[0].test for block in blocks] == ["wrong", "small", "r0"]
    assert [len(block) for block in blocks] == [1, 3, 9]


def test_a_stack_of_more_layers_differs_in_the_same_way() -> None:
    """Other names of its parameters are shown and shrunk once, however many there are."""

    def differs(*missing: str) -> str:
        found = f"missing: {', '.join(missing)}   unexpected: none"
        return ContractViolation(RULES["parameter-names"], found, "Mine(1, 1)").difference

    one = differs("weight_ih_l0", "weight_hh_l0")
    assert one == differs("weight_ih_l0", "weight_hh_l0", "weight_ih_l1", "weight_hh_l1")
    assert one != differs("weight_hh_l0")


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_two_faults_of_a_layer_are_two_blocks(
    pytester: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    """The number comes first; every test that refuses unbatched input is in one other block."""
    result = check(pytester, *workers, "-k", "unbatched or final_hidden or output_shape")
    result.stdout.re_match_lines(
        [
            r"=+ 2 causes of \d+ failed tests =+",
            r"_+ 1\. a wrong result: \d+ tests _+",
            r"  In the last layer, h_n is output at the last step.*",
            r"  in .*test_final_hidden_is_last_output\[LSTM-.*",
            r"_+ 2\. a lawful call raised: \d+ tests _+",
            r"  the call raised RuntimeError: takes no unbatched input.*",
            r"rnn-contracts: not reached because of input-shape: .*, unbatched-is-a-batch-of-one",
            r"rnn-contracts: LSTM is mine:Mine: .*",
            r"rnn-contracts:   failed: final-hidden-is-last-output, input-shape",
        ]
    )
    text = result.stdout.str()
    assert text.count("reproduce:") == 2
    assert "FAILED" not in text


def test_each_failed_test_is_listed_for_who_asks(pytester: pytest.Pytester) -> None:
    """``-v`` and ``-rf`` list the tests; ``--lf`` runs them again; ``--tb=short`` is pytest's own."""
    result = check(pytester, "-k", "unbatched_is", "-v")
    listed = {line for line in result.outlines if line.startswith("FAILED ")}
    assert len(listed) == result.parseoutcomes()["failed"] > 1
    result = check(pytester, "--lf", "-rf", "-k", "unbatched_is", "--tb=short")
    assert result.parseoutcomes()["failed"] == len(listed)
    assert "FAILURES" in result.stdout.str()
    assert "1 cause of" not in result.stdout.str()


def check(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Run the suite on a layer with two faults."""
    pytester.makepyfile(mine=PASSES_TWICE)
    command = [sys.executable, "-m", "rnn_contracts", "check"]
    return pytester.run(*command, "--rnn-subject", "LSTM=mine:Mine", "--rnn-device=cpu", *options)
