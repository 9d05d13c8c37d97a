"""The run says what it did, and is not green when it did nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch

Run = Callable[..., pytest.RunResult]

SUITE = """
    import pytest
    from rnn_contracts.rule_tests.statement import rule_test

    @rule_test()
    def test_final_cell_shape(check):
        check.assert_shapes()

    @rule_test()
    def test_rnn_cell_next_cell_shape(check):
        check.assert_shapes()
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Run a test module of that text in a process of its own."""

    def run(module: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(test_small=module)
        plugin = ("-p", "rnn_contracts.plugin", "--hypothesis-profile=ci")
        ignored = ("-W", "ignore:Failed to initialize NumPy")
        few = ("-k", "1_layer or rnn_cell")
        return pytester.runpytest_subprocess(*plugin, *ignored, *few, *options)

    return run


def test_header_and_summary(run: Run) -> None:
    """First what is checked and how, last what was."""
    result = run(SUITE)
    result.stdout.re_match_lines(
        [
            rf"torch: {re.escape(torch.__version__)} \(git [0-9a-f]{{12}}, release build.*\), "
            r"1 thread in each process",
            r"rnn-contracts: devices cpu, meta.*; Hypothesis profile ci, "
            r"8 examples a grid point and shape, the same in every run",
            r"rnn-contracts: 2 rules checked on torch .*: 9 grid points, "
            r"2 devices \(cpu, meta\), 280 examples",
            r".*18 passed.*",
        ]
    )
    assert result.ret == pytest.ExitCode.OK


DRAWS = """
    from rnn_contracts.rule_tests.statement import rule_test

    @rule_test()
    def test_final_cell_shape(check):
        with open("drawn.txt", "a") as file:
            print(check.case, file=file)
        check.assert_shapes()
"""


def test_the_seed_in_the_header_repeats_the_run(run: Run, pytester: pytest.Pytester) -> None:
    """On any number of workers; and no two tests draw the same."""
    drawn = pytester.path / "drawn.txt"
    seeds: list[str] = []
    cases: list[list[str]] = []
    for options in ([], ["-n2"], ["-n2"]):
        repeated = [f"--hypothesis-seed={seeds[0]}"] if len(seeds) == 1 else []
        result = run(DRAWS, "--hypothesis-profile=default", *options, *repeated)
        (header,) = (line for line in result.outlines if line.startswith("rnn-contracts: devices"))
        seeds.append(header.rpartition(" seed ")[2])
        cases.append(sorted(drawn.read_text("utf-8").splitlines()))
        drawn.unlink()
    assert cases[0] == cases[1] != cases[2]
    assert seeds[0] == seeds[1] != seeds[2]
    assert len(cases[0]) > 30
    assert len({line.partition("seed=")[2].partition(",")[0] for line in cases[0]}) > 25


def test_workers_and_order_change_nothing(run: Run) -> None:
    """The same line with one process and with two, which share the tests as they come."""
    alone, shared = (
        [line for line in run(SUITE, *options).outlines if " checked on torch " in line]
        for options in ([], ["-n2", "--dist=worksteal"])
    )
    assert len(alone) == 1
    assert alone == shared


@pytest.mark.parametrize("options", [[], ["-n1"]])
def test_unknown_device_is_a_usage_error(run: Run, options: list[str]) -> None:
    """One line says what was asked for and what is there; nothing is skipped."""
    result = run(SUITE, "--rnn-device", "cpu", "--rnn-device", "tpu", *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --rnn-device: no device 'tpu' here; present: cpu, meta*"])
    assert "Traceback" not in result.stderr.str()


def test_device_narrows(run: Run) -> None:
    """Only the devices asked for are checked."""
    result = run(SUITE, "--rnn-device", "meta", "-v")
    result.stdout.fnmatch_lines(["*rnn-contracts: 2 rules checked*1 device (meta), *"])
    assert "cpu]" not in result.stdout.str()


def test_values_are_not_asked_of_meta(run: Run) -> None:
    """A rule about values is left out where there are none, and the header says so."""
    module = """
        import pytest
        from rnn_contracts.rule_tests.statement import rule_test

        @rule_test(build_only=True)
        def test_parameters_initialised(check):
            check.assert_initialised()
    """
    result = run(module, "--rnn-device", "meta")
    result.stdout.fnmatch_lines(
        ["rnn-contracts: left out, meta has no values: *parameters-initialised*"]
    )
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    run(module).stdout.fnmatch_lines(["*1 device (cpu)*"])


def test_what_does_not_cover_a_release_is_left_out(run: Run, pytester: pytest.Pytester) -> None:
    """The header names the rule and the release from which on it is checked."""
    pytester.makeconftest("import torch; torch.__version__ = '2.1.0'")
    module = """
        import pytest
        from rnn_contracts.rule_tests.statement import rule_test

        @rule_test()
        def test_export_agrees(check):
            assert False

        @rule_test()
        def test_output_shape(check):
            check.assert_shapes()
    """
    result = run(module, "-k", "GRU-batch_first-1_layer-forward-cpu")
    result.stdout.fnmatch_lines(
        [
            "rnn-contracts: left out, checked on later releases only: *export-agrees (2.6)*",
            "rnn-contracts: 1 rule checked on torch 2.1.0: 1 grid point, *",
        ]
    )
    result.assert_outcomes(passed=1)


def test_a_release_that_nobody_looked_at_may_be_fixed(run: Run, pytester: pytest.Pytester) -> None:
    """Between the last release that was seen with a deviation and the first without."""
    pytester.makeconftest("import torch; torch.__version__ = '2.12.0'")
    module = """
        from rnn_contracts.rule_tests.statement import wrong_calls

        @wrong_calls
        def test_refused(check, wrong):
            check.assert_refused(wrong)
    """
    # torch itself is that of the environment, which has it fixed since 2.13.0.
    result = run(module, "-k", "size-refused-RNN-input_size and 0-", "--rnn-device=cpu")
    assert result.ret == pytest.ExitCode.OK
    assert result.parseoutcomes() == {
        "xpassed": 2,
        "deselected": result.parseoutcomes()["deselected"],
    }


@pytest.mark.parametrize("options", [[], ["-n2"]])
def test_checking_nothing_is_not_green(run: Run, options: list[str]) -> None:
    """A test that passes without a comparison for its rule fails."""
    module = """
        import pytest
        from rnn_contracts.rule_tests.statement import rule_test

        @rule_test()
        def test_output_shape(check):
            pass

        @rule_test()
        def test_final_hidden_shape(trial):
            trial.call()
    """
    result = run(module, "-k", "LSTM-batch_first-1_layer-forward-cpu", *options)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*output-shape: the test passed and checked nothing"])
    result.stdout.fnmatch_lines(["*final-hidden-shape: the test passed and checked nothing"])


@pytest.mark.parametrize("options", [[], ["-n2"]])
def test_skipping_is_not_green(run: Run, options: list[str]) -> None:
    """A rule whose tests were all skipped was selected and not checked."""
    module = (
        SUITE
        + """
    @rule_test()
    def test_output_shape(check):
        pytest.skip("no time")
    """
    )
    result = run(module, *options)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["rnn-contracts: NOT CHECKED: output-shape"])


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("output_shap", "", "no rule 'output-shap'; did you mean output-shape"),
        ("output_shape", "kidn='GRU'", "no such option: kidn; known: build_only, "),
    ],
)
def test_a_wrong_statement_is_a_usage_error(
    run: Run, name: str, arguments: str, message: str
) -> None:
    """One that names no rule, or narrows by nothing, is told in one line."""
    module = f"""
        from rnn_contracts.rule_tests.statement import rule_test

        @rule_test({arguments})
        def test_{name}(check):
            pass
    """
    result = run(module)
    assert result.ret != pytest.ExitCode.OK
    assert message in result.stdout.str() + result.stderr.str()
    assert "plugin.py" not in result.stdout.str() + result.stderr.str()
