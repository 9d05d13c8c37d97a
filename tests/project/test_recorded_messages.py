"""The recorded messages: seen in a run, folded from reports, written into a file and read again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from run_suite import run_suite

from rnn_contracts import RULES
from rnn_contracts.citing import recorded_messages, recorded_runs
from rnn_contracts.citing.recorded_messages import (
    RecordedMessages,
    as_text,
    from_text,
)
from rnn_contracts.helpers import HELPERS
from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.messages import wording
from rnn_contracts.results.outcome import Outcome, from_properties
from rnn_contracts.results.recording_messages import record_messages
from rnn_contracts.results.report import Report, Test, read

WIDTH, SORTED = "state-width-refused", "packing-lengths-refused"
SIZE = "RuntimeError: Expected hidden size (1, 4, 2), got [1, 4, 3]"
OTHER_SIZE = "RuntimeError: Expected hidden size (2, 33, 17), got [2, 33, 34]"
LENGTHS = "TypeError: lengths\nof many lines"


def report(
    release: str, tests: Mapping[tuple[str, str], tuple[str, ...]], *subjects: str
) -> Report:
    """A report in which wrong calls raised these messages, by rule and by the rest of the name."""
    results = {
        Test(rule, f"{rule}-{name}-cpu"): Outcome("passed", errors=errors)
        for (rule, name), errors in tests.items()
    }
    return Report(f"{release}+cpu (git 1)", frozenset({"cpu"}), frozenset(subjects), {}, results)


@pytest.fixture
def recorded() -> RecordedMessages:
    """Two releases, of which the newer words one message anew."""
    old = {
        (WIDTH, "RNN-h_0-too_wide-batched"): (OTHER_SIZE,),
        (WIDTH, "GRU-h_0-too_wide-batched"): (SIZE,),
        (SORTED, "packing-pack_sequence-unsorted"): (LENGTHS,),
    }
    new = {
        (WIDTH, "RNN-h_0-too_wide-batched"): (SIZE, "ValueError: too wide"),
        (WIDTH, "GRU-h_0-too_wide-batched"): ("ValueError: too wide",),
        (SORTED, "packing-pack_sequence-unsorted"): (LENGTHS,),
    }
    return record_messages([report("2.13.0", new), report("2.9.1", old)])


def test_reports_are_folded(recorded: RecordedMessages) -> None:
    """By wording, rule and class or helper; the shortest message is the example."""
    assert recorded.releases == ("2.9.1", "2.13.0")
    assert {it.example: it.raised for it in recorded.messages} == {
        SIZE: {WIDTH: {"RNN": ("2.9.1", "2.13.0"), "GRU": ("2.9.1",)}},
        "ValueError: too wide": {WIDTH: {"RNN": ("2.13.0",), "GRU": ("2.13.0",)}},
        "TypeError: lengths": {SORTED: {"pack_sequence": ("2.9.1", "2.13.0")}},
    }


def test_reports_that_cannot_be_folded() -> None:
    """One of other layers, and one that has no messages, as an older version wrote it."""
    tests = {(WIDTH, "GRU-h_0-too_wide-batched"): (SIZE,)}
    with pytest.raises(ValueError, match="not of torch's own layers: GRU is X"):
        record_messages([report("2.13.0", tests, "GRU is X")])
    with pytest.raises(ValueError, match=r"torch 2\.9\.1\+cpu \(git 1\) has no message"):
        record_messages([report("2.13.0", tests), report("2.9.1", dict.fromkeys(tests, ()))])


def test_a_new_wording_is_no_other_outcome() -> None:
    """It is recorded, and turns nothing red: a test that ran twice has still one outcome."""
    one, other = (Outcome("passed", refusals=("ValueError",), errors=(it,)) for it in "ab")
    assert one == other
    assert one.merged_with(other).errors == ("a", "b")
    assert from_properties(one.as_properties()).errors == ("a",)


def test_file_is_read_as_it_was_written(recorded: RecordedMessages) -> None:
    """The text is the same whatever the order of the messages was."""
    text = as_text(recorded)
    again = from_text(text)
    assert again.releases == recorded.releases
    assert {it.example: it.raised for it in again.messages} == {
        it.example: it.raised for it in recorded.messages
    }
    turned = RecordedMessages(recorded.releases, recorded.messages[::-1])
    assert as_text(turned) == as_text(again) == text
    assert '"pack_sequence": "every release"' in text
    assert '"GRU": ["2.9.1"]' in text


BAD = {
    "": "Expecting value",
    "[]": "expected an object, got list",
    '{"messages": {}}': "expected a list, got NoneType",
    '{"releases": ["2.0.1"], "messages": []}': "expected an object, got list",
    '{"releases": ["2.0.1"], "messages": {"a": {"raised": {}}}}': "expected text, got NoneType",
    '{"releases": ["2.0.1"], "messages": {"a": {"raised": {"r": {"GRU": []}}}}}': "not among them",
    '{"releases": ["2.0.1"], "messages": {"a": {"raised": {"r": {"GRU": ["3"]}}}}}': "not among",
}


@pytest.mark.parametrize(("text", "why"), [(None, "No such file or directory"), *BAD.items()])
def test_a_file_that_is_wrong_is_told_in_one_line(
    tmp_path: Path, text: str | None, why: str
) -> None:
    """Its name, what is wrong, and the command that makes it."""
    path = tmp_path / "recorded_messages.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError, match=why) as caught:
        recorded_messages.read(path)
    told = str(caught.value)
    assert told.startswith("recorded_messages.json: cannot be read: ")
    assert told.endswith("; `python -m tox -e upgrades` makes it anew")
    assert "\n" not in told


def test_the_file_of_the_package() -> None:
    """It is of all releases that were run, is as it would be written, and names what there is."""
    recorded = recorded_messages.of_package()
    assert recorded.releases == recorded_runs.of_package().releases
    assert as_text(recorded) == recorded_messages.FILE.read_text("utf-8")
    named = {name for it in recorded.messages for rule in it.raised.values() for name in rule}
    assert named <= {*LAYERS, *CELLS, *HELPERS}
    assert {rule for it in recorded.messages for rule in it.raised} <= {*RULES}


def test_a_run_records_what_was_raised(tmp_path: Path) -> None:
    """Of a refusal, of a known failure by another exception, of a helper, and a warning."""
    tests = {
        "state-width-refused-GRU-h_0-too_wide-batched-cpu": (
            "RuntimeError: Expected hidden size (#), got [#]"
        ),
        "state-structure-refused-GRU-two_tensors-batched-cpu": (
            "AttributeError: 'tuple' object has no attribute 'dim'"
        ),
        "packing-lengths-refused-packing-pack_sequence-unsorted-cpu": (
            "RuntimeError: `lengths` array must be sorted in decreasing order when "
        ),
        "GRU-batch_first-1_layer-forward-cpu": (
            "UserWarning: dropout option adds dropout after all but last recurrent layer, "
        ),
    }
    path = tmp_path / "report.xml"
    options = ("--rnn-device=cpu", f"--junitxml={path}", "-k", " or ".join(tests))
    assert run_suite(*options, test="test_refusals.py").exit_code == 0
    errors = {test.name: outcome.errors for test, outcome in read(path).results.items()}
    for name, expected in tests.items():
        assert {wording(error)[: len(expected)] for error in errors[name]} == {expected}
