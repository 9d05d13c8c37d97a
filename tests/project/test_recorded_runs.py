"""The recorded runs: folded from reports, written into a file, read again, and told to a reader."""

from __future__ import annotations

import json
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

from rnn_contracts import RULES, cli, explain
from rnn_contracts.checking.sandbox import REFUSALS
from rnn_contracts.citing import describe_runs, recorded_runs
from rnn_contracts.citing.recorded_runs import Place, RecordedRuns, Run, Seen, as_text, from_text
from rnn_contracts.results.recording import record
from rnn_contracts.results.report import Report, read
from rnn_contracts.sources import SOURCES, Source

RULE = "state-structure-refused"
AVX2, AVX512 = "Linux x86_64, AVX2", "Linux x86_64, AVX512"
FACTS = "architecture=x86_64 os=Linux python=3.11.7 cpu_capability={} onednn={}"
TOLD = """{rule}
  {says}
  two_tensors-batched: {how}   expected ValueError, RuntimeError or TypeError
  nn.GRU(5, 2)   input (3, 4, 5)   cpu, float32"""
HOWS = {
    "accepted the call": "was accepted and gave a tensor (3, 4, 2)",
    "raised AttributeError": "raised AttributeError: 'tuple' object: has no attribute 'dim'",
    "killed the process": "killed the process (SIGSEGV)",
    "left something changed": "was refused with RuntimeError, but input is no longer what it was",
}
Properties = dict[str, str]


def refused(name: str) -> Properties:
    """The properties of a test whose wrong call was refused by that type of exception."""
    return {"outcome": "passed", "refusal": name}


def known(how: str, reason: str = "it is known") -> Properties:
    """The properties of a test of a known deviation that happened like that."""
    message = TOLD.format(rule=RULE, says=RULES[RULE].says, how=HOWS[how]) if how else ""
    told = {"message": message} if message else {}
    return {"outcome": "known failure", "known failure": f"{RULE}: {reason}", **told}


def report(
    path: Path,
    release: str,
    tests: dict[str, Properties],
    *,
    rule: str = RULE,
    capability: str = "AVX512",
    onednn: str = "true",
    subject: str = "",
) -> Report:
    """A report of one rule, as pytest writes it, read again."""
    about = {"rule": rule, "torch": f"{release}+cpu (git 1)", "device": "cpu"}
    about["machine"] = FACTS.format(capability, onednn)
    if subject:
        about["subject"] = subject
    cases = ""
    for name, values in tests.items():
        properties = "".join(
            f"<property name={quoteattr(key)} value={quoteattr(value)} />"
            for key, value in {**about, **values}.items()
        )
        cases += f"<testcase name='test_refused[{name}]'><properties>{properties}</properties>"
        cases += "</testcase>"
    path.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    return read(path)


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRuns:
    """Three releases, of which the last two agree; one of them on two machines."""
    old = {"a": refused("TypeError"), "b": known("raised AttributeError"), "c": known("")}
    new = {"a": refused("ValueError"), "b": known("raised AttributeError")}
    new["c"] = known("accepted the call", "it is dropped")
    path = tmp_path / "report.xml"
    return record(
        [
            report(path, "2.13.0", new),
            report(path, "2.0.1", old, capability="AVX2"),
            report(path, "2.13.0", new, onednn="false"),
            report(path, "2.15.0", new),
            report(path, "2.15.0", {"a": {"outcome": "passed"}}, rule="recurrence"),
        ]
    )


def test_reports_are_folded(recorded: RecordedRuns) -> None:
    """By release and machine; what agrees is one entry, and the oldest release comes first."""
    assert [(run.torch, run.machine) for run in recorded.runs] == [
        ("2.13.0", AVX512),
        ("2.0.1", AVX2),
        ("2.13.0", f"{AVX512}, onednn=false"),
        ("2.15.0", AVX512),
    ]
    assert recorded.releases == ("2.0.1", "2.13.0", "2.15.0")
    first, second = recorded.seen(RULE)
    assert first == Seen(
        (Place("2.0.1", AVX2),),
        {"passed": 1, "known failure": 2},
        {"TypeError": 1},
        {"it is known": {"raised AttributeError": 1, "refused the call this time": 1}},
    )
    assert {*second.places} == {
        Place("2.13.0", AVX512),
        Place("2.13.0", f"{AVX512}, onednn=false"),
        Place("2.15.0", AVX512),
    }
    assert second.instead == {
        "it is known": {"raised AttributeError": 1},
        "it is dropped": {"accepted the call": 1},
    }
    (law,) = recorded.seen("recurrence")
    assert law == Seen((Place("2.15.0", AVX512),), {"passed": 1})
    assert recorded.seen("output-shape") == ()


@pytest.mark.parametrize("how", HOWS)
def test_what_torch_did_is_read_from_the_message(tmp_path: Path, how: str) -> None:
    """Another exception is never taken for an accepted call."""
    path = tmp_path / "report.xml"
    (seen,) = record([report(path, "2.15.0", {"a": known(how)})]).seen(RULE)
    assert seen.did_instead == {how: 1}


def test_a_report_of_other_layers_is_refused(tmp_path: Path) -> None:
    """The file is about torch's own."""
    other = report(
        tmp_path / "report.xml", "2.15.0", {"a": refused("TypeError")}, subject="GRU is X"
    )
    with pytest.raises(ValueError, match="not of torch's own layers: GRU is X"):
        record([other])


def test_file_is_read_as_it_was_written(recorded: RecordedRuns) -> None:
    """The text is the same whatever the order of the reports was, and no line is long."""
    text = as_text(recorded)
    again = from_text(text)
    assert again.rules == recorded.rules
    assert {*again.runs} == {*recorded.runs}
    turned = RecordedRuns(recorded.runs[::-1], dict([*recorded.rules.items()][::-1]))
    assert as_text(turned) == as_text(again) == text
    (line,) = (line for line in text.splitlines() if '"TypeError"' in line)
    assert line.strip() == '"refused_by": {"TypeError": 1},'


def test_every_run_is_said_shortly() -> None:
    """Most rules hold everywhere."""
    run = Run("2.15.0", "2.15.0+cpu", AVX512, "os=Linux", ("cpu",))
    recorded = RecordedRuns((run,), {"recurrence": (Seen((run.place,), {"passed": 3}),)})
    text = as_text(recorded)
    assert '{"recurrence": [{"on": "every run", "tests": {"passed": 3}}]}\n' in text
    assert from_text(text) == recorded


BAD = {
    "": "Expecting value",
    "[]": "expected an object, got list",
    '{"runs": {}}': "expected a list, got dict",
    '{"runs": [{"torch": 2}]}': "expected text, got int",
    '{"runs": [], "rules": {"a": [{"on": "every run", "tests": {}}]}}': "runs that are not among",
    '{"runs": [], "rules": {"a": [{"on": {"x": ["2.0"]}, "tests": {}}]}}': "runs that are not among",
    '{"runs": [], "rules": {"a": [{"on": null}]}}': "expected an object, got NoneType",
}


@pytest.mark.parametrize(("text", "why"), [(None, "No such file or directory"), *BAD.items()])
def test_a_file_that_is_wrong_is_told_in_one_line(
    tmp_path: Path, text: str | None, why: str
) -> None:
    """Its name, what is wrong, and the command that makes it."""
    path = tmp_path / "recorded_runs.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError, match=why) as caught:
        recorded_runs.read(path)
    told = str(caught.value)
    assert told.startswith("recorded_runs.json: cannot be read: ")
    assert told.endswith("; `python -m tox -e upgrades` makes it anew")
    assert "\n" not in told


def test_the_rest_is_explained_without_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says what is wrong; JSON, which a program reads, is not given at all."""
    monkeypatch.setattr(recorded_runs, "of_package", lambda: recorded_runs.read(tmp_path / "gone"))
    lines = explain(RULE).splitlines()
    (told,) = (line for line in lines if line.startswith("recorded"))
    assert told.split(maxsplit=1)[1].startswith("gone: cannot be read: No such file")
    assert any(line.startswith("refused means") for line in lines)
    assert cli.main(["list", "--format", "json"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("rnn-contracts: gone: cannot be read: ")


def test_due_exceptions_are_those_that_are_checked() -> None:
    """The text names them without torch."""
    assert tuple(it.__name__ for it in REFUSALS) == describe_runs.DUE


def test_lines_of_a_refusal(recorded: RecordedRuns) -> None:
    """Releases that agree are a range; a machine is named where it matters."""
    lines = describe_runs.of_runs(RULES[RULE], recorded)
    (means,) = lines["refused means"]
    assert means.startswith("the call raises ValueError, RuntimeError or TypeError; another type")
    assert lines["refused by"] == [
        "TypeError on torch 2.0.1, in 1 of 3 tests",
        "ValueError on torch 2.13.0, 2.15.0, in 1 of 3 tests",
    ]
    assert lines["instead"] == [
        "accepted the call on torch 2.13.0, 2.15.0, in 1 of 3 tests",
        "raised AttributeError on torch 2.0.1 to 2.15.0, in 1 of 3 tests",
        "refused the call this time on torch 2.0.1, in 1 of 3 tests",
    ]
    assert lines["recorded"] == [
        f"known failure in 2 of 3 tests on torch 2.0.1 ({AVX2}) and torch 2.13.0, 2.15.0 ({AVX512}) "
        f"and torch 2.13.0 ({AVX512}, onednn=false)",
    ]


def test_a_release_that_does_otherwise_on_another_machine(tmp_path: Path) -> None:
    """Then the machine is named."""
    path = tmp_path / "report.xml"
    usual = report(path, "2.15.0", {"a": refused("TypeError")})
    other = report(path, "2.15.0", {"a": known("accepted the call")}, capability="AVX2")
    lines = describe_runs.of_runs(RULES[RULE], record([usual, other]))
    assert lines["refused by"] == [f"TypeError on torch 2.15.0 ({AVX512}), in 1 of 1 tests"]
    assert lines["instead"] == [f"accepted the call on torch 2.15.0 ({AVX2}), in 1 of 1 tests"]
    assert lines["recorded"][0] == f"passed on torch 2.15.0 ({AVX512})"


def test_lines_of_a_law(recorded: RecordedRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that torch documents, one that it does not, and one that no run has."""
    lines = describe_runs.of_runs(RULES["recurrence"], recorded)
    assert lines["basis"] == [describe_runs.DOCUMENTED]
    assert lines["recorded"] == [f"passed on torch 2.15.0 ({AVX512})"]
    assert lines["refused means"] == lines["refused by"] == lines["instead"] == []
    monkeypatch.setitem(SOURCES, RULE, Source("https://example.org"))
    (observed,) = describe_runs.of_runs(RULES[RULE], recorded)["basis"]
    assert observed.startswith(
        f"observed: torch does not document this; recorded on torch 2.0.1 ({AVX2}) and torch 2.13.0"
    )
    assert describe_runs.of_runs(RULES["output-shape"], recorded)["recorded"] == ["in no run"]


def test_explain_tells_another_exception_from_an_accepted_call() -> None:
    """Of one rule that torch breaks in both ways, and one that it breaks in one."""
    text = explain(RULE)
    assert "raised AttributeError on torch 2." in text
    assert "accepted the call on torch 2." in text
    assert "a tuple as state raises AttributeError [raised AttributeError] (torch >=" in text
    assert "the third is dropped [accepted the call] (torch >=" in text
    flags = explain("flag-refused")
    assert "bidirectional is not checked to be a bool [accepted the call] (torch >=" in flags
    assert "[raised" not in flags


def test_list_in_json_has_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Under plain names, and with releases instead of ``every run``."""
    assert cli.main(["list", "--format", "json"]) == 0
    rules = {rule["id"]: rule for rule in json.loads(capsys.readouterr().out)}
    assert rules[RULE]["refused_means"] == ["ValueError", "RuntimeError", "TypeError"]
    assert rules["output-shape"]["refused_means"] == []
    for rule in rules.values():
        for entry in rule["recorded"]:
            assert {"on", "tests"} <= entry.keys() <= {"on", "tests", "refused_by", "instead"}
            assert isinstance(entry["on"], dict)
