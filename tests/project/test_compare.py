"""What regressed with an upgrade and what was fixed, from two reports of the suite."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

from rnn_contracts import cli
from rnn_contracts.results import diff as compare
from rnn_contracts.results.formats import as_markdown, as_text
from rnn_contracts.results.report import Test, read
from rnn_contracts.rules import rule

LINK = "https://github.com/pytorch/pytorch/issues/175978"
TEST = Test("output-shape", "a")
PASSED = {"outcome": "passed"}
FAILED = {"outcome": "failed", "broken": "output-shape", "ending": "failure"}
KNOWN = {"outcome": "known failure", "known failure": f"output-shape: it is known ({LINK})"}
OTHER = {"outcome": "known failure", "known failure": "output-shape: it is worse"}
FIXED = {"outcome": "fixed", "ending": "failure"}
NOT_SUPPORTED = {"outcome": "not supported", "unsupported": "device", "ending": "skipped"}
NOT_CHECKED = (
    {"ending": "failure"},
    {"ending": "error"},
    {"ending": "skipped"},
    # Pytest's verdict counts where a property says otherwise.
    {"outcome": "passed", "ending": "failure"},
    {"outcome": "passed", "ending": "skipped"},
    {"outcome": "known failure", "ending": "error"},
    {"outcome": "failed"},
    {"outcome": "good"},
)


def report(
    path: Path,
    torch: str,
    tests: dict[str, dict[str, str]],
    *,
    rule: str = "output-shape",
    device: str = "cpu",
) -> Path:
    """What pytest writes of tests of one rule, by cell and by what came of them."""
    cases = ""
    for cell, came in tests.items():
        values = {"rule": rule, "torch": torch, "device": device, **came}
        properties = "".join(
            f"<property name={quoteattr(name)} value={quoteattr(value)} />"
            for name, value in values.items()
        )
        values.pop("ending", None)
        kind = came.get("ending")
        ending = f'<{kind} message="">no</{kind}>' if kind else ""
        cases += (
            f"<testcase name={quoteattr(f'test_it[{cell}]')}>"
            f"<properties>{properties}</properties>{ending}</testcase>"
        )
    path.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    return path


def diff(
    tmp_path: Path, old: dict[str, dict[str, str]], new: dict[str, dict[str, str]]
) -> compare.Difference:
    """The difference between two runs of one rule."""
    return compare.compare(
        read(report(tmp_path / "old.xml", "2.9.1 (git 1)", old)),
        read(report(tmp_path / "new.xml", "2.13.0 (git 2)", new)),
    )


@pytest.mark.parametrize(
    ("old", "new", "change", "exit_code"),
    [
        (PASSED, PASSED, "", 0),
        (PASSED, FAILED, "regressed", 1),
        (PASSED, KNOWN, "regressed", 1),
        (KNOWN, FAILED, "regressed", 1),
        (FAILED, PASSED, "fixed", 0),
        (KNOWN, PASSED, "fixed", 0),
        (FAILED, KNOWN, "fixed", 0),
        (FAILED, FAILED, "still failing", 0),
        (FAILED, {**FAILED, "broken": "input-shape"}, "regressed", 1),
        (KNOWN, FIXED, "fixed", 0),
        (KNOWN, KNOWN, "still known", 0),
        (PASSED, NOT_SUPPORTED, "regressed", 1),
        (NOT_SUPPORTED, FAILED, "regressed", 1),
        (NOT_SUPPORTED, PASSED, "fixed", 0),
        (NOT_SUPPORTED, NOT_SUPPORTED, "", 0),
    ],
)
def test_change(
    tmp_path: Path, old: dict[str, str], new: dict[str, str], change: str, exit_code: int
) -> None:
    """What passed and no longer does regressed, known or not; what failed before did not."""
    difference = diff(tmp_path, {"a": PASSED, "b": old}, {"a": PASSED, "b": new})
    changed = {name: [*tests] for name, tests in difference.changes.items() if tests}
    assert changed == ({change: [Test("output-shape", "b")]} if change else {})
    assert difference.obstacles == []
    assert difference.exit_code == exit_code


def test_reports_of_other_layers_cannot_be_compared(tmp_path: Path) -> None:
    """Each is named, and torch's own."""
    mine = {**PASSED, "subject": "GRU is mine:Mine"}
    difference = diff(tmp_path, {"a": PASSED}, {"a": mine})
    text = "layers differ: torch's own in the old report, GRU is mine:Mine in the new"
    assert difference.obstacles == [text]
    assert difference.exit_code == 2
    assert diff(tmp_path, {"a": mine}, {"a": mine}).exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("onednn=true python=3.11.7", "onednn=true python=3.12.1", ""),
        (
            "onednn=true onednn_bfloat16=true",
            "onednn=true onednn_bfloat16=false",
            "onednn_bfloat16 is true in the old report, false in the new",
        ),
        ("onednn=true", "python=3.12.1 x", "onednn is true in the old report, not told in the new"),
    ],
)
def test_reports_of_other_machines_cannot_be_compared(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    """Where they differ in a fact on which a known deviation may depend; the fact is named."""
    difference = diff(
        tmp_path, {"a": {**PASSED, "machine": old}}, {"a": {**PASSED, "machine": new}}
    )
    text = f"machines differ, and a known deviation may depend on it: {told}"
    assert difference.obstacles == ([text] if told else [])
    assert difference.exit_code == (2 if told else 0)


def test_a_report_of_two_machines(tmp_path: Path) -> None:
    """Merged ones are compared if both are of the same machines."""
    both = {
        "a": {**PASSED, "machine": "onednn=true"},
        "b": {**PASSED, "machine": "onednn=false"},
    }
    assert diff(tmp_path, both, both).exit_code == 0
    one = {name: {**PASSED, "machine": "onednn=true"} for name in both}
    obstacle, *others = diff(tmp_path, both, one).obstacles
    assert len(others) == 2  # each report lacks the tests of the other
    assert obstacle.endswith(": onednn is false and true in the old report, true in the new")


def test_another_deviation_breaks_what_deviated(tmp_path: Path) -> None:
    """What is new regressed, and what is no longer there was fixed."""
    difference = diff(tmp_path, {"a": KNOWN}, {"a": OTHER})
    assert difference.changes["regressed"][TEST].known == {"output-shape: it is worse": ""}
    assert difference.changes["fixed"][TEST].known == {"output-shape: it is known": LINK}
    assert difference.exit_code == 1


def test_the_parts_of_a_test_are_one(tmp_path: Path) -> None:
    """The test of a known deviation and that of all other calls are compared as one test."""
    part = {**KNOWN, "part of": "a"}
    difference = diff(tmp_path, {"a": PASSED, "a-known:N=0": part}, {"a": PASSED})
    assert [*difference.changes["fixed"]] == [TEST]
    assert (difference.obstacles, difference.exit_code) == ([], 0)
    difference = diff(tmp_path, {"a": PASSED}, {"a-known:N=0": part, "a": PASSED})
    assert [*difference.changes["regressed"]] == [TEST]
    assert (difference.obstacles, difference.exit_code) == ([], 1)
    broken = diff(tmp_path, {"a": PASSED}, {"a-known:N=0": part, "a": FAILED})
    assert broken.changes["regressed"][TEST].state == "failed"


@pytest.mark.parametrize("came", NOT_CHECKED)
def test_what_checked_nothing_is_not_green(tmp_path: Path, came: dict[str, str]) -> None:
    """In both runs alike, as where torch cannot be imported: nothing was compared."""
    difference = diff(tmp_path, {"a": PASSED, "b": came}, {"a": PASSED, "b": came})
    assert difference.obstacles == [
        f"1 test checked nothing in the {name} report, of output-shape" for name in ("old", "new")
    ]
    assert difference.exit_code == 2


def test_the_type_of_a_refusal_is_told_and_breaks_nothing(tmp_path: Path) -> None:
    """As from RuntimeError to ValueError."""
    old, new = (
        {"a": {**PASSED, "refusal": "RuntimeError"}},
        {"a": {**PASSED, "refusal": "ValueError"}},
    )
    difference = diff(tmp_path, old, new)
    assert difference.exit_code == 0
    assert "  RuntimeError -> ValueError: output-shape (1)" in as_text(difference)


@pytest.mark.parametrize(
    ("old", "new", "obstacle"),
    [
        (
            {"a": PASSED, "b": PASSED},
            {"a": PASSED},
            "1 test not run in the new report, of output-shape",
        ),
        (
            {"a": PASSED},
            {"a": PASSED, "b": PASSED},
            "1 test not run in the old report, of output-shape",
        ),
    ],
)
def test_a_report_cut_short_is_not_green(
    tmp_path: Path, old: dict[str, dict[str, str]], new: dict[str, dict[str, str]], obstacle: str
) -> None:
    """A test that is missing from one may have broken there."""
    difference = diff(tmp_path, old, new)
    assert difference.obstacles == [obstacle]
    assert difference.exit_code == 2
    assert "These reports cannot be compared." in as_text(difference)


def test_other_devices_and_rules_cannot_be_compared(tmp_path: Path) -> None:
    """Both are named."""
    old = report(tmp_path / "old.xml", "2.9.1", {"a": PASSED})
    new = report(tmp_path / "new.xml", "2.13.0", {"a": PASSED}, rule="input-shape", device="cuda:0")
    difference = compare.compare(read(old), read(new))
    assert difference.obstacles == [
        "devices differ: cpu in the old report, cuda:0 in the new",
        "rules not checked in the old report: input-shape",
        "rules not checked in the new report: output-shape",
    ]
    assert difference.exit_code == 2


def test_a_rule_that_did_not_cover_a_release_is_new(tmp_path: Path) -> None:
    """The older release is not asked for it; failed in the newer, it regressed."""
    late = "export-agrees"
    assert rule(late).covers("2.6.0")
    assert not rule(late).covers("2.5.1+cpu")
    old = report(tmp_path / "old.xml", "2.5.1 (git 1)", {"a": PASSED})
    new = report(tmp_path / "new.xml", "2.6.0 (git 2)", {"a": PASSED})
    for came, exit_code in ((PASSED, 0), (FAILED, 1)):
        extra = report(tmp_path / "extra.xml", "2.6.0 (git 2)", {"a": came}, rule=late)
        both = read(new)
        both = replace(both, results={**both.results, **read(extra).results})
        difference = compare.compare(read(old), both)
        assert [*difference.changes["new"]] == [Test(late, "a")]
        assert difference.obstacles == []
        assert difference.exit_code == exit_code


@pytest.fixture
def reports(tmp_path: Path) -> tuple[str, str]:
    """Something regressed, something was fixed."""
    old = {"a": PASSED, "b": KNOWN, "c|d": PASSED}
    new = {"a": KNOWN, "b": PASSED, "c|d": FAILED}
    return (
        str(report(tmp_path / "old.xml", "2.9.1 (git 1)", old)),
        str(report(tmp_path / "new.xml", "2.13.0 (git 2)", new)),
    )


def test_text(reports: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """By rule, then by cell, with the link of what is known."""
    assert cli.main(["diff", *reports]) == 1
    printed = capsys.readouterr()
    assert printed.err == ""
    assert (
        printed.out
        == f"""\
torch 2.9.1 (git 1) -> 2.13.0 (git 2): 1 rule, 3 tests on cpu

Regressed: 2 tests
  output-shape: it is known
    {LINK}
    a
  output-shape: failed
    c|d

Fixed: 1 test
  output-shape: it is known
    {LINK}
    b

Something regressed.
"""
    )


def test_a_reader_may_leave(reports: tuple[str, str]) -> None:
    """As `head` does: that is no error."""
    command = [sys.executable, "-m", "rnn_contracts", "diff", *reports]
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (1, b"")


def test_markdown(reports: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """What a test is called does not break the table."""
    assert cli.main(["diff", *reports, "--format", "markdown"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert f"| `output-shape` | [it is known]({LINK}) | 1: `a` |" in lines
    assert "| `output-shape` | failed | 1: `c\\|d` |" in lines
    assert "**Something regressed.**" in lines


def test_a_report_writes_no_markdown(tmp_path: Path) -> None:
    """Nor does it call anybody, nor start a line."""
    known = {
        "outcome": "known failure",
        "known failure": "output-shape: <b>|\n# @you (javascript:x)",
    }
    difference = diff(tmp_path, {"a": PASSED}, {"a": known})
    (line,) = (line for line in as_markdown(difference).splitlines() if "you" in line)
    assert line == "| `output-shape` | \\<b\\>\\| # @\u200byou (javascript:x) | 1: `a` |"


def test_json(reports: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """The same for machines."""
    assert cli.main(["diff", *reports, "--format", "json"]) == 1
    read = json.loads(capsys.readouterr().out)
    assert read["exit_code"] == 1
    assert [entry["test"] for entry in read["regressed"]] == ["a", "c|d"]
    assert read["regressed"][0]["known"] == read["fixed"][0]["known"]
    assert read["fixed"][0]["known"] == {"output-shape: it is known": LINK}
    assert read["old"] == {
        "torch": "2.9.1 (git 1)",
        "devices": ["cpu"],
        "subjects": [],
        "machine": {},
    }


BOMB = '<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><testsuites>&d;</testsuites>'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "cannot be read as XML: "),
        ("", "cannot be read as XML: "),
        ("<testsuites>", "cannot be read as XML: "),
        (BOMB, "cannot be read as XML: "),
        ("\x00\xff", "cannot be read as XML: "),
        ('<?xml version="1.0" encoding="foo"?><a/>', "cannot be read as XML: "),
        ('<?xml version="1.0" encoding="shift_jis"?><a/>', "cannot be read as XML: "),
        ("<html/>", "not a report of rnn-contracts: no test in it names a rule"),
        ('<testsuites><testcase name="a"/></testsuites>', "not a report of rnn-contracts: "),
        ("<a><testcase><property/></testcase></a>", "not a report of rnn-contracts: "),
    ],
)
def test_a_file_that_is_no_report_is_told_in_one_line(
    tmp_path: Path,
    reports: tuple[str, str],
    text: str | None,
    why: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its name and why, and exit code 2."""
    path = tmp_path / "other.xml"
    if text is not None:
        path.write_text(text)
    assert cli.main(["diff", reports[0], str(path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"rnn-contracts: {path}: {why}")
    assert printed.err.count("\n") == 1


def test_a_report_of_two_releases_is_none(tmp_path: Path) -> None:
    """As where workers run different ones."""
    path = report(tmp_path / "two.xml", "2.9.1", {"a": PASSED, "b": {**PASSED, "torch": "2.13.0"}})
    with pytest.raises(ValueError, match=r"of several torch: 2\.13\.0, 2\.9\.1"):
        read(path)


@pytest.mark.parametrize("arguments", [[], ["dif"], ["diff"], ["diff", "a", "b", "--format=x"]])
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """As argparse says it."""
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    assert "usage: rnn-contracts" in capsys.readouterr().err


def test_a_test_that_is_there_twice(tmp_path: Path) -> None:
    """It is no obstacle if it came out alike, and is said."""
    one = report(tmp_path / "one.xml", "2.13.0", {"a": PASSED})
    text = one.read_text()
    case = text[text.index("<testcase") : text.rindex("</testsuite>")]
    twice, failed = tmp_path / "twice.xml", tmp_path / "failed.xml"
    twice.write_text(text.replace(case, case * 2))
    difference = compare.compare(read(one), read(twice))
    assert difference.exit_code == 0
    line = "1 test there more than once in the new report, each time with the same outcome"
    assert line in as_text(difference)
    assert line in as_markdown(difference)
    ended = case.replace('"passed"', '"failed"').replace("</properties>", "</properties><failure/>")
    failed.write_text(text.replace(case, ended + case))
    difference = compare.compare(read(one), read(failed))
    assert difference.obstacles == [
        "1 test there more than once in the new report, with several outcomes, of output-shape"
    ]
    assert difference.exit_code == 2


@pytest.mark.parametrize(
    ("torch", "device", "why"),
    [
        ("abc", "cpu", "'abc' is no version of torch"),
        ("", "cpu", "not a report of rnn-contracts: no test in it names a rule"),
        ("2.13.0", "", "1 test of a rule names no device"),
    ],
)
def test_a_mutilated_report_is_none(torch: str, device: str, why: str, tmp_path: Path) -> None:
    """Every test of a rule names its torch and its device."""
    path = report(tmp_path / "r.xml", torch, {"a": PASSED}, device=device)
    with pytest.raises(ValueError, match=re.escape(why)):
        read(path)


@pytest.mark.parametrize("element", ["x:failure", "Failure", "flakyFailure", "rerunFailure"])
def test_failures_of_other_writers_are_seen(element: str, tmp_path: Path) -> None:
    """Wherever they stand, in whatever case, and with a namespace."""
    old = report(tmp_path / "old.xml", "2.13.0", {"a": PASSED})
    new = tmp_path / "new.xml"
    inside = f'<system-out><{element} xmlns:x="urn:x"/></system-out></testcase>'
    new.write_text(old.read_text().replace("</testcase>", inside))
    assert compare.compare(read(old), read(new)).exit_code == 2


def test_a_failure_of_no_rule_counts(tmp_path: Path) -> None:
    """A helper, a module that cannot be collected, an internal error of pytest."""
    old = report(tmp_path / "old.xml", "2.13.0", {"a": PASSED})
    new = tmp_path / "new.xml"
    error = '<testcase classname="" name="tests/test_x.py"><error message="collection"/></testcase>'
    new.write_text(old.read_text().replace("</testsuite>", f"{error}</testsuite>"))
    difference = compare.compare(read(old), read(new))
    assert difference.exit_code == 1
    assert "::tests/test_x.py" in as_text(difference)


@pytest.mark.parametrize("came", [{"ending": "failure"}, {"quote": "output-shape", **KNOWN}])
def test_a_test_of_no_rule_that_is_gone_counts(tmp_path: Path, came: dict[str, str]) -> None:
    """It may have failed in the old report, or have been known to fail."""
    properties = "".join(
        f"<property name={quoteattr(name)} value={quoteattr(value)} />"
        for name, value in came.items()
        if name != "ending"
    )
    failure = '<failure message="">no</failure>' if "ending" in came else ""
    case = f'<testcase name="test_own"><properties>{properties}</properties>{failure}</testcase>'
    new = report(tmp_path / "new.xml", "2.13.0", {"a": PASSED})
    old = tmp_path / "old.xml"
    old.write_text(new.read_text().replace("</testsuite>", f"{case}</testsuite>"))
    difference = compare.compare(read(old), read(new))
    assert difference.exit_code == 2
    assert [it.partition(",")[0] for it in difference.obstacles] == [
        "1 test not run in the new report"
    ]


def test_what_is_supported_no_longer_counts(tmp_path: Path) -> None:
    """Where it is a part of the calls of a test; and what no test could do before, does not."""
    lacks = {**PASSED, "unsupported": "packed input"}
    difference = diff(tmp_path, {"a": PASSED}, {"a": lacks})
    assert difference.exit_code == 1
    assert "not supported" in as_text(difference)
    assert diff(tmp_path, {"a": PASSED, "b": lacks}, {"a": lacks, "b": PASSED}).exit_code == 0


def two_devices(path: Path, tests: dict[str, tuple[str, dict[str, str]]], *, rule: str) -> Path:
    """A report of tests of one rule on two devices, by name."""
    cases = ""
    for name, (device, came) in tests.items():
        text = report(path, "2.13.0", {name: came}, rule=rule, device=device).read_text()
        cases += text[text.index("<testcase") : text.rindex("</testsuite>")]
    path.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    return path


def test_a_refusal_that_was_tried_on_meta_counts(tmp_path: Path) -> None:
    """It is seldom tried there, and then compared."""
    broken = {**FAILED, "broken": "input-rank-refused"}
    tests = {"a-GRU-cpu": ("cpu", PASSED), "a-GRU-meta": ("meta", broken)}
    both = read(two_devices(tmp_path / "r.xml", tests, rule="input-rank-refused"))
    difference = compare.compare(both.on_device("cpu"), both.on_device("meta"))
    assert [it.state for it in difference.changes["regressed"].values()] == ["failed"]
    assert difference.exit_code == 1


def test_what_is_known_of_a_part_belongs_to_its_device(tmp_path: Path) -> None:
    """Also where two devices are compared."""
    tests = {
        "GRU-cpu": ("cpu", PASSED),
        "GRU-cpu-known:dtype=float16": ("cpu", KNOWN),
        "GRU-meta": ("meta", PASSED),
    }
    path = two_devices(tmp_path / "r.xml", tests, rule="output-shape")
    text = path.read_text()
    start = text.rindex("<testcase", 0, text.index("known:dtype"))
    case = text[start : text.index("</testcase>", start) + len("</testcase>")]
    again = case.replace(KNOWN["known failure"], OTHER["known failure"])
    path.write_text(text.replace("</testsuite>", f"{again}</testsuite>"))
    both = read(path)
    assert both.contradictory
    assert len(both.on_device("cpu").contradictory) == len(both.contradictory)


def test_one_defect_is_one_line(tmp_path: Path) -> None:
    """Reasons that differ in the dtype alone, and those of one upstream issue."""
    reasons = {
        dtype: {"outcome": "known failure", "known failure": f"output-shape: wrong in {dtype} here"}
        for dtype in ("bfloat16", "float16", "float32")
    }
    linked = {
        name: {"outcome": "known failure", "known failure": f"output-shape: {name} ({LINK})"}
        for name in ("some way", "other way")
    }
    both = {**reasons, **linked}
    text = as_text(diff(tmp_path, both, dict.fromkeys(both, PASSED)))
    assert "  output-shape: wrong in bfloat16, float16, float32 here\n" in text
    assert "  output-shape: other way (and 1 more of this issue)\n" in text
    assert "Fixed: 5 tests" in text
