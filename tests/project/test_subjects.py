"""A layer of somebody else's in the place of torch's own: what is checked, and what is not required."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from run_suite import Outcome, run_suite
from subject_layers import Faithful, Renamed
from torch import nn

from rnn_contracts import deviations
from rnn_contracts.checking import calls, subjects
from rnn_contracts.checking.parameters import by_documented_name
from rnn_contracts.checking.recorder import Recorder
from rnn_contracts.checking.violation import WRONG, ContractViolation
from rnn_contracts.drawing.case import Case
from rnn_contracts.layer import Layer
from rnn_contracts.plugin.collection import TEST

STACKS = "(2_layers and not proj) or (refused and batched)"


def check(subject: str, *options: str) -> Outcome:
    return run_suite(f"--rnn-subject={subject}", "--rnn-device=cpu", *options)


def names(tests: list[str]) -> set[str]:
    """``output_shape`` of ``.../test_shapes.py::test_output_shape[...]``."""
    return {test.partition("[")[0].partition("::test_")[2] for test in tests}


def test_a_faithful_subject_is_as_good_as_torch() -> None:
    """It keeps every rule, and what torch's own does wrong is excused."""
    outcome = check("GRU=subject_layers:Faithful", "-k", STACKS)
    assert outcome.failed == {}
    assert outcome.exit_code == pytest.ExitCode.OK
    assert len(outcome.passed) > 100
    kinds = {item.stash[TEST].kind for item in outcome.items}
    assert kinds == {"GRU"}


def test_a_better_subject_is_not_held_to_torch() -> None:
    """What torch's own is known to do wrong need not happen."""
    options = ("-m", "rule(id='flag-refused')", "-k", "bidirectional and not None")
    assert check("LSTM=torch.nn:LSTM", *options).passed == []
    assert len(check("LSTM=subject_layers:Strict", *options).passed) == 2


def test_only_the_fault_of_torch_is_excused() -> None:
    """A layer that breaks the same rule by another exception has a fault of its own."""
    options = ("-m", "rule(id='forward-mode-agrees')", "-k", "1_layer and sequence_first")
    outcome = check("LSTM=subject_layers:NoForwardMode", *options)
    assert outcome.failed == {}
    found = [dict(item.user_properties) for item in outcome.items]
    assert {it["outcome"] for it in found} == {"differs"}
    assert not any("oneDNN" in str(it) for it in found)


def test_a_wrong_call_that_is_accepted_is_not_excused_by_one_that_raises() -> None:
    """Torch's own is known to raise AttributeError there, which is another fault."""
    options = ("-m", "rule(id='state-structure-refused')", "-k", "tuple_of_one and -batched")
    (known,) = check("GRU=torch.nn:GRU", *options).items
    (other,) = check("GRU=subject_layers:TakesTupleOfOne", *options).items
    states = [dict(item.user_properties)["outcome"] for item in (known, other)]
    assert states == ["known failure", "failed"]


def test_a_broken_subject_is_rejected() -> None:
    """By the rule that it breaks, with code that makes the subject."""
    outcome = check("GRU=subject_layers:Outer.FollowsBatchFirst", "-k", STACKS)
    assert outcome.exit_code == pytest.ExitCode.TESTS_FAILED
    violations = [it for it in outcome.failed.values() if isinstance(it, ContractViolation)]
    assert len(violations) == len(outcome.failed) > 0
    assert {violation.rule_id for violation in violations} == {"final-hidden-shape"}
    # The cause is the same in every test, and only the first has the script.
    message = str(violations[0])
    assert "\n  FollowsBatchFirst(" in message
    code = message.partition("reproduce:\n")[2].rpartition("\n  see ")[0]
    line = "from subject_layers import Outer; FollowsBatchFirst = Outer.FollowsBatchFirst\n"
    assert line in code
    with pytest.raises(AssertionError, match=r"h_n.shape = .*   expected "):
        exec(code, {})


def test_observed_rules_do_not_judge_a_subject(capsys: pytest.CaptureFixture[str]) -> None:
    """What torch does not document is told apart, and the run is green."""
    rules = ("-m", "rule(id='input-dtype-refused') or rule(id='input-width-refused')", "-pterminal")
    outcome = check("GRU=subject_layers:AnyDtype", *rules)
    assert outcome.exit_code == pytest.ExitCode.OK
    assert outcome.failed == {}
    out = capsys.readouterr().out
    assert "AnyDtype: 2 rules: 1 differs, 1 passed" in out
    assert "differs from torch where torch documents nothing, which is no failure:" in out
    assert re.search(r"rnn-contracts:   input-dtype-refused: \w+-\w+: was accepted", out)
    assert len(run_suite(*rules, "--rnn-device=cpu", "-k", "not quote").failed) == 0


def test_documented_rules_judge_a_subject() -> None:
    """The same layer fails where torch says what is right."""
    outcome = check("GRU=subject_layers:Outer.FollowsBatchFirst", "-k", "batch_first-2_layers")
    (reported,) = {
        it.rule_id for it in outcome.failed.values() if isinstance(it, ContractViolation)
    }
    assert reported == "final-hidden-shape"


def test_what_a_subject_does_not_take_is_not_supported() -> None:
    """Neither held nor broken; what it takes is checked."""
    outcome = check("GRU=subject_layers:OneDirection", "-k", "test_shapes")
    reasons = {*outcome.skipped.values()}
    assert reasons >= {"bidirectional", "packed input"}
    bidirectional = {test for test in outcome.skipped if "bidirectional-" in test}
    assert {outcome.skipped[test] for test in bidirectional} == {"bidirectional"}
    assert not any("bidirectional-" in test for test in [*outcome.passed, *outcome.failed])
    assert {"final_hidden_shape", "output_shape", "input_shape"} <= names(outcome.passed)
    packed = {"packed_output", "packed_output_shape", "packed_batch_sizes"}
    assert packed == names([*outcome.skipped]) - names(outcome.passed)


def test_require_all_excuses_nothing() -> None:
    """An argument that is not taken breaks the rule of the constructor, a refusal that of the input."""
    options = ("-k", "(output_shape or packed_output) and 1_layer", "--rnn-require-all")
    outcome = check("GRU=subject_layers:OneDirection", *options)
    assert outcome.skipped == {}
    broken = {it.rule_id for it in outcome.failed.values() if isinstance(it, ContractViolation)}
    assert broken == {"constructor-accepts", "input-shape"}


def test_other_parameters_are_told_as_such() -> None:
    """What needs torch's names for them cannot be checked, and breaks no rule of its own."""
    outcome = check("GRU=subject_layers:OneDirection", "-m", "rule(id='layers-compose')")
    assert outcome.failed
    assert {str(it).partition("\n")[0] for it in outcome.failed.values()} == {"parameter-names"}


def test_only_what_needs_the_names_is_not_reached() -> None:
    """What asks for any parameter, or for all of them, does not ask how they are called."""
    only = "1_layer and forward"
    outcome = check("GRU=subject_layers:OneDirection", "-k", only, "--rnn-device=cpu")
    assert {str(it).partition("\n")[0] for it in outcome.failed.values()} == {"parameter-names"}
    stopped = {test.partition("::test_")[2].partition("[")[0] for test in outcome.failed}
    assert stopped == {
        "bias_shape",
        "forward_mode_agrees",
        "gates_are_ordered",
        "gradients_agree",
        "hidden_layout",
        "layers_compose",
        "parameter_names",
        "recurrence",
        "reset_gate_follows_the_product",
        "second_derivatives_exist",
        "state_dict_crosses_releases",
        "tf32_is_near",
        "weight_hh_shape",
        "weight_ih_shape",
    }


def test_a_layer_may_say_which_parameter_is_which() -> None:
    """Its ``documented_names`` are those of the contract, in every layer and direction."""
    rules = "parameter_names or layers_compose or hidden_layout or recurrence or gates_are or bias"
    only = f"({rules}) and (2_layers or 3_layers)"
    outcome = check("GRU=subject_layers:Renamed", "-k", only, "--rnn-device=cpu")
    assert outcome.failed == {}
    assert len(outcome.passed) > 20
    outcome = check("GRU=subject_layers:RenamedInWrongOrder", "-k", only, "--rnn-device=cpu")
    broken = {str(it).partition("\n")[0] for it in outcome.failed.values()}
    assert broken == {"recurrence", "gates-are-ordered"}


def test_what_releases_of_torch_saved_is_loaded_by_its_names() -> None:
    """A layer that has torch's names takes torch's state_dicts; what was pickled is torch's own."""
    rules = "state_dict_crosses_releases or pickled_layer_loads"
    only = ("-k", f"({rules}) and 2_layers-bidirectional")
    outcome = check("GRU=subject_layers:Faithful", *only)
    assert outcome.failed == {}
    assert names(outcome.passed) == {"state_dict_crosses_releases"}
    assert {*outcome.skipped.values()} == {"a layer of torch that was pickled"}
    outcome = check("GRU=subject_layers:Renamed", *only)
    assert (outcome.passed, outcome.failed) == ([], {})
    assert "a state_dict with torch's names" in outcome.skipped.values()


def test_a_documented_name_is_given_once() -> None:
    """A second parameter that claims it is not lost, but unexpected."""
    names = by_documented_name(TwoOfOneName(3, 4))
    assert len(names) == 4
    assert "inner.bias_hh_l0" in names


class TwoOfOneName(Renamed):
    """Both of its biases claim one name."""

    @property
    def documented_names(self) -> dict[str, str]:
        return dict.fromkeys(["inner.bias_ih_l0", "inner.bias_hh_l0"], "bias_ih_l0")


def test_a_factory_of_something_else_breaks_the_first_rule() -> None:
    """It is no usage error: the run says so, in the usual words."""
    outcome = check("GRU=subject_layers:no_layer", "-x", "-k", "output_shape")
    assert outcome.printed[0].startswith("constructor-accepts\n")
    assert "made a object, which is no torch.nn.Module" in outcome.printed[0]


@pytest.mark.parametrize(
    ("layer", "rule"),
    [("NoForward", "input-shape"), ("FailsWithBidirectional", "constructor-accepts")],
)
def test_a_fault_is_no_lack(layer: str, rule: str) -> None:
    """A forward that is not there, or a TypeError from within, breaks a rule."""
    outcome = check(f"GRU=subject_layers:{layer}", "-k", "input_shape and 1_layer")
    assert outcome.skipped == {}
    assert {str(it).partition("\n")[0] for it in outcome.failed.values()} == {rule}


def test_a_missing_forward_refuses_nothing() -> None:
    """The right call has to work before a wrong one can be refused."""
    options = ("-m", "rule(id='input-width-refused')", "-k", "batched")
    outcome = check("GRU=subject_layers:NoForward", *options)
    assert (outcome.passed, outcome.skipped) == ([], {})
    assert {str(it).partition("\n")[0] for it in outcome.failed.values()} == {"input-shape"}


def test_an_argument_that_is_not_taken_is_not_refused() -> None:
    """No refusal is proved by it, with what is required or without."""
    options = ("-m", "rule(id='flag-refused')", "-k", "bidirectional")
    assert check("GRU=subject_layers:OneDirection", *options).passed == []
    strict = check("GRU=subject_layers:OneDirection", *options, "--rnn-require-all")
    assert strict.passed == []
    assert {str(it).partition("\n")[0] for it in strict.failed.values()} == {"constructor-accepts"}


def test_a_right_call_of_another_structure_is_no_death() -> None:
    """The refusal is what is judged."""
    options = ("-m", "rule(id='input-width-refused')", "-k", "too_wide-batched")
    assert len(check("GRU=subject_layers:GivesLists", *options).passed) == 1


def test_a_call_that_is_no_longer_possible_is_no_death() -> None:
    """The layer is broken by the refusal, and the script shows it."""
    outcome = check("GRU=subject_layers:SpoiledByRefusal", "-m", "rule(id='input-width-refused')")
    found = [it for it in outcome.failed.values() if isinstance(it, ContractViolation)]
    assert len(found) == len(outcome.failed) > 2
    for violation in found:
        assert violation.effect == WRONG
        assert "but the right call now raises RuntimeError: spoiled" in violation.found
    for script in {it.code for it in found} - {""}:
        with pytest.raises(RuntimeError, match="spoiled"):
            exec(script, {})


def test_what_cannot_be_simplified_is_still_told() -> None:
    """A simpler call is not supported, so the one that was drawn is shown."""
    options = ("-m", "rule(id='final-hidden-shape')", "-k", "sequence_first-2_layers")
    outcome = check("GRU=subject_layers:EvalOnly", *options)
    assert {type(it) for it in outcome.failed.values()} == {ContractViolation}
    assert all("h_n.shape" in str(it) for it in outcome.failed.values())


def test_an_address_makes_no_cause_of_its_own() -> None:
    """It is another in each call."""
    options = ("-m", "rule(id='output-shape')", "-k", "sequence_first")
    outcome = check("GRU=subject_layers:RaisesAddress", *options)
    found = [it for it in outcome.failed.values() if isinstance(it, ContractViolation)]
    assert len({it.cause for it in found}) == 1 < len(found)


def test_layers_of_one_name_are_kept_apart() -> None:
    """A subject holds its own constructor, so that each is called for its own tests."""
    first, second = (subjects.make("GRU", "here:<lambda>", it) for it in (nn.GRU, Faithful))
    case = Case(Layer("GRU", 3, 4), subject="here:<lambda>")
    for subject in (first, second, first):
        assert type(calls.build(case, subject, Recorder())) is subject.constructor
    assert case.imports[1:] == ["# make_gru: here:<lambda>"]


@pytest.mark.parametrize("workers", ["-n0", "-n1"])
@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("GRU", "GRU: expected KIND=package.module:Name, KIND one of RNN, GRU, LSTM"),
        ("GRUCell=torch.nn:GRUCell", "GRUCell=torch.nn:GRUCell: expected KIND=package.module:Name"),
        ("GRU=torch.nn", "GRU=torch.nn: expected package.module:Name"),
        (
            "GRU=no.such:Layer",
            "GRU=no.such:Layer: the import failed with ModuleNotFoundError: No m",
        ),
        ("GRU=torch.nn:Gru", "GRU=torch.nn:Gru: module 'torch.nn' has no attribute 'Gru'"),
        ("GRU=subject_layers:not_callable", "GRU=subject_layers:not_callable: expected a class or"),
        (
            "GRU=fails_to_import:Layer",
            "GRU=fails_to_import:Layer: the import failed with OSError: no",
        ),
    ],
)
def test_a_wrong_subject_is_a_usage_error(
    option: str,
    message: str,
    workers: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """One line names what was asked for and why it cannot be had."""
    (tmp_path / "fails_to_import.py").write_text("raise OSError('no\\nsuch driver')")
    (tmp_path / "exits.py").write_text("raise SystemExit(0)")
    monkeypatch.syspath_prepend(tmp_path)
    assert check(option, workers).exit_code == pytest.ExitCode.USAGE_ERROR
    printed = capfd.readouterr().err
    assert printed.startswith(f"ERROR: --rnn-subject: {message}")
    assert len(printed.strip().splitlines()) == 1


def test_other_usage_errors(capfd: pytest.CaptureFixture[str]) -> None:
    """A kind has one subject, and what is required is required of one."""
    twice = check("GRU=torch.nn:GRU", "--rnn-subject=GRU=subject_layers:Faithful")
    assert twice.exit_code == pytest.ExitCode.USAGE_ERROR
    assert "GRU=subject_layers:Faithful: GRU is torch.nn:GRU already" in capfd.readouterr().err
    assert run_suite("--rnn-require-all").exit_code == pytest.ExitCode.USAGE_ERROR
    assert "--rnn-require-all: say of what, with --rnn-subject" in capfd.readouterr().err


PACKED = """
[[deviation]]
rule = "input-shape"
subject = "subject_layers:One*"
when = {layout = "packed"}
torch = ">=2"
reason = "packed input is refused"
measured = "here"

[[deviation]]
rule = "constructor-accepts"
subject = "subject_layers:One*"
when = {bidirectional = true}
torch = ">=2"
reason = "one direction only"
measured = "here"
"""
ONE_LAYER = ("--rnn-require-all", "-k", "test_shapes and 1_layer and sequence_first")


def test_deviations_of_a_subject(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where a call is refused no rule goes, and the rest is checked as ever."""
    path = tmp_path / "ours.toml"
    entries = [PACKED]
    for when in ("bias = false", *(f'dtype = "{it}"' for it in ("float64", "float16", "bfloat16"))):
        entries.append(PACKED.rpartition("\n\n")[2].replace("bidirectional = true", when))
    path.write_text("\n".join(entries))
    monkeypatch.setattr(deviations, "known", tuple)
    known = (f"--rnn-deviations={path}",)
    outcome = check("GRU=subject_layers:OneDirection", *ONE_LAYER, *known)
    assert outcome.failed == {}
    assert {"output_shape", "final_hidden_shape"} <= names(outcome.passed)

    path.write_text("\n".join(entries[1:]).replace("subject_layers:One", "other:One"))
    assert check("GRU=subject_layers:OneDirection", *ONE_LAYER, *known).failed

    # Nothing of it is about another subject, or about torch's own layer.
    path.write_text(PACKED)
    assert check("GRU=subject_layers:Faithful", *ONE_LAYER, *known).failed == {}
    assert run_suite("--rnn-device=cpu", "-k", "GRU and " + ONE_LAYER[-1], *known).failed == {}

    # It is strict.
    path.write_text(PACKED.replace("One*", "*"))
    stale = check("GRU=subject_layers:Faithful", *ONE_LAYER, *known)
    assert names([*stale.failed]) == {"input_shape"}
    assert "a known deviation no longer happens" in stale.printed[0]


def test_a_deviation_hides_nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a condition too, the calls that are not refused are checked."""
    path = tmp_path / "ours.toml"
    path.write_text(PACKED[: PACKED.rindex("[[")].replace("One*", "*").replace("when", "# when"))
    monkeypatch.setattr(deviations, "known", tuple)
    options = (f"--rnn-deviations={path}", "-m", "rule(id='recurrence')", "-k", "1_layer")
    outcome = check("GRU=subject_layers:RefusesPacked", *options)
    assert len(outcome.failed) == len(outcome.items) > 0
    assert {str(it).partition("\n")[0] for it in outcome.failed.values()} == {"recurrence"}
