"""``parametrize_with_rules``: the suite in a test module of one's own, without the plugin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import subject_layers

Run = Callable[..., pytest.RunResult]

# What a strict project asks of its tests.
STRICT = ("-W", "error", "-W", "ignore:Failed to initialize NumPy", "--strict-markers")
MODULE = """
import rnn_contracts
from subject_layers import {layer}

@rnn_contracts.parametrize_with_rules({arguments}, devices=["cpu"])
def test_layer(check):
    check()
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a module that gives these arguments, in a process of its own."""
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    pytester.makepyfile(subject_layers=Path(subject_layers.__file__).read_text())

    def run(layer: str, arguments: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(test_own=MODULE.format(layer=layer, arguments=arguments))
        return pytester.runpytest_subprocess(*STRICT, "-p", "no:cacheprovider", *options)

    return run


def test_three_lines_are_the_whole_suite(run: Run) -> None:
    """Each test is named by its rule, kind, cell and device; a lawful layer passes."""
    result = run("Faithful", "GRU=Faithful", "-v", "-k", "2_layers or refused", "-n2")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines_random(
        [
            "*PASSED *::test_layer[[]final-hidden-shape-GRU-batch_first-2_layers-forward-cpu[]]*",
            "*PASSED *::test_layer[[]state-batch-refused-GRU-h_0-too_few-batched-cpu[]]*",
            "*XFAIL *::test_layer[[]flag-refused-GRU-bidirectional=1-keyword-cpu[]]*",
        ]
    )


def test_a_broken_layer_is_told(run: Run) -> None:
    """One block for the cause: the message is all there is."""
    result = run("Outer", "GRU=Outer.FollowsBatchFirst", "-k", "batch_first-1_layer", "-x")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "=* 1 cause of 1 failed test =*",
            "  FollowsBatchFirst(*, batch_first=True*)   input (*",
            "  in test_own.py::test_layer[[]*",
        ]
    )
    assert "hypothesis/core.py" not in result.stdout.str()


@pytest.mark.parametrize("plugin", [(), ("-p", "rnn_contracts.plugin")])
def test_expected_failures_are_strict(run: Run, plugin: tuple[str, ...]) -> None:
    """By rule, or by rule and pattern; one that does not happen fails."""
    failures = {
        "final-hidden-shape[batch_first-*]": "h_n follows batch_first",
        "empty-batch-allowed[batch_first-*]": "so here",
        "output-shape": "not so",
    }
    options = (
        "-k",
        "1_layer-forward and ([output-shape or hidden-shape or empty)",
        "-rfx",
        *plugin,
    )
    arguments = f"GRU=Outer.FollowsBatchFirst, expected_failures={failures}"
    result = run("Outer", arguments, *options)
    result.assert_outcomes(xfailed=2, failed=2, passed=4)
    result.stdout.fnmatch_lines_random(
        [
            *(
                [
                    "*output-shape: a known deviation no longer happens on torch *",
                    "*expected_failures[[]'output-shape'[]]: take it out, leave out test_layer*",
                ]
                if plugin
                else [
                    "*XPASS(strict)[]] output-shape: not so (expected_failures[[]'output-shape'[]])"
                ]
            ),
            "XFAIL *final-hidden-shape-GRU-batch_first-1_layer-forward-cpu[]] - *h_n follows batch*",
        ]
    )
    if plugin:
        result.stdout.fnmatch_lines(
            ["rnn-contracts: GRU is *:Outer.FollowsBatchFirst: 4 rules: 2 known failure, 2 passed"]
        )


def test_what_is_not_supported_is_skipped(run: Run) -> None:
    """And failed where all is required."""
    options = ("-k", "[packed-output-GRU and 1_layer", "-rs")
    result = run("OneDirection", "GRU=OneDirection", *options)
    result.assert_outcomes(skipped=4)
    result.stdout.fnmatch_lines_random(
        ["*not supported: bidirectional", "*not supported: packed input"]
    )
    run("OneDirection", "GRU=OneDirection, require_all=True", *options).assert_outcomes(failed=4)


@pytest.mark.parametrize("plugin", [("-p", "rnn_contracts.plugin"), ()])
def test_a_check_that_is_not_called_fails(
    run: Run, pytester: pytest.Pytester, plugin: tuple[str, ...]
) -> None:
    """With the whole plugin, and with what pytest loads of itself."""
    options = ("-k", "[output-shape and 1_layer-forward", *plugin)
    run("Faithful", "GRU=Faithful", *options).assert_outcomes(passed=2)
    path = pytester.path / "test_own.py"
    path.write_text(path.read_text().replace("check()", "check"))
    result = pytester.runpytest_subprocess(*STRICT, *options)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["output-shape: the test did not call its check"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("GRU='mine:Mine'", "GRU: expected a class or a factory, got str"),
        ("", "parametrize_with_rules: give it an RNN, a GRU or an LSTM"),
        (
            "GRU=Faithful, expected_failures={'output-shap': ''}",
            "no rule 'output-shap'; did you mean",
        ),
        (
            "GRU=Faithful, expected_failures={'output-shape[3-*]': ''}",
            "expected_failures['output-shape[3-*]']: there is no such test",
        ),
        ("GRU=Faithful, devices=['tpu']", "devices: no device 'tpu' here; present: cpu, meta"),
    ],
)
def test_a_wrong_argument_is_told(
    run: Run, pytester: pytest.Pytester, arguments: str, message: str
) -> None:
    """Where the module is collected."""
    text = MODULE.replace(', devices=["cpu"]', "").format(layer="Faithful", arguments=arguments)
    pytester.makepyfile(test_own=text)
    result = pytester.runpytest_subprocess(*STRICT)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert f"ValueError: {message}" in result.stdout.str()
