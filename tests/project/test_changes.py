"""What changed between two releases is told from the recorded runs and the known deviations."""

from __future__ import annotations

import itertools
import sys
from typing import Any

import pytest

from rnn_contracts import RULES, cli, deviations
from rnn_contracts.citing import changes, known, recorded_runs
from rnn_contracts.citing.changes import UNKNOWN, Changes, Defect, between
from rnn_contracts.citing.recorded_runs import Place, RecordedRuns, Run, Seen

RECORDED = recorded_runs.of_package()
PAIRS = [*itertools.combinations(RECORDED.releases, 2)]
ISSUE = "https://github.com/pytorch/pytorch/issues/1"
BOTH = {"passed": 1, "known failure": 1}
every_pair = pytest.mark.parametrize(("old", "new"), PAIRS)


def runs(*releases: str, onednn: str = "true") -> tuple[Run, ...]:
    """Runs of these releases on one machine."""
    return tuple(Run(it, it, "here", f"os=Linux onednn={onednn}", ("cpu",)) for it in releases)


def seen(release: str, tests: dict[str, int], **others: Any) -> Seen:
    """What was seen on one release."""
    return Seen((Place(release, "here"),), tests, **others)


def entry(rule: str, reason: str = "it is known", **others: Any) -> dict[str, Any]:
    """A known deviation from 2.0 on, as the file has it."""
    return {"rule": rule, "torch": ">=2.0", "reason": reason, **others}


def changed(
    entries: list[dict[str, Any]], before: Any = None, after: Any = None, rule: str = "recurrence"
) -> Changes:
    """What changed from 2.1.0 to 2.4.0, where one rule is seen with these numbers of tests."""
    listed = [
        seen(release, tests)
        for release, tests in (("2.1.0", before), ("2.4.0", after))
        if tests is not None
    ]
    recorded = RecordedRuns(runs("2.1.0", "2.4.0"), {rule: tuple(listed)})
    return between("2.1.0", "2.4.0", recorded, entries)


def test_regressed() -> None:
    """The new release has a defect that the old one has not; reasons of one issue are one."""
    entries = [
        entry("recurrence", "as ever"),
        entry("recurrence", "zeros", torch=">=2.4", link=ISSUE),
        entry("recurrence", "ones", torch=">=2.4", link=ISSUE),
    ]
    found = changed(entries, BOTH, BOTH)
    reason = "zeros (and 1 more of this issue)"
    assert found.regressed == (Defect("recurrence", reason, ISSUE, "2.4.0"),)
    assert (found.fixed, found.compared) == ((), 1)


def test_fixed() -> None:
    """The old release has a defect that the new one has not; reasons that differ in dtype are one."""
    entries = [entry("recurrence", f"no {it}", fixed="2.4.0") for it in ("float16", "float32")]
    found = changed(entries, BOTH, {"passed": 2})
    assert found.fixed == (Defect("recurrence", "no float16, float32", "", "2.4.0"),)
    assert found.regressed == ()


@pytest.mark.parametrize(
    "other",
    [
        {"machine": {"onednn": False}},
        {"devices": ["cudnn"]},
        {"unmeasured": True},
        {"subject": "quantised:*"},
    ],
)
def test_what_no_run_can_have_seen(other: dict[str, Any]) -> None:
    """A deviation of other machines, devices or layers says nothing of the change."""
    found = changed([entry("recurrence", fixed="2.4.0", **other)], {"passed": 2}, {"passed": 2})
    assert (found.fixed, found.regressed) == ((), ())


def test_a_refusal_tells_by_which_deviation_it_failed() -> None:
    """One that was not seen, as on a device that was left out, is not told."""
    rule = "size-refused"
    was = {"instead": {"seen": {"accepted the call": 1}}}
    listed = (seen("2.1.0", BOTH, **was), seen("2.4.0", BOTH, instead={"as ever": {"died": 1}}))
    recorded = RecordedRuns(runs("2.1.0", "2.4.0"), {rule: listed})
    entries = [entry(rule, it, fixed="2.4.0") for it in ("seen", "on meta")]
    found = between("2.1.0", "2.4.0", recorded, entries)
    assert [it.reason for it in found.fixed] == ["seen"]


def test_a_change_that_no_deviation_explains() -> None:
    """It is told all the same."""
    assert changed([], {"passed": 2}, BOTH).regressed == (
        Defect("recurrence", UNKNOWN, "", "2.4.0"),
    )
    assert changed([], BOTH, {"passed": 2}).fixed == (Defect("recurrence", UNKNOWN, "", "2.4.0"),)


def test_documentation() -> None:
    """A docstring that was mended is no rule that was fixed."""
    found = changed([entry("recurrence", quote=True, fixed="2.4.0")], {"passed": 1}, {"passed": 1})
    assert found.documented == (Defect("recurrence", "it is known", "", "2.4.0"),)
    assert found.fixed == ()


def test_not_run() -> None:
    """A rule that one release has no run of is no change, whatever is known of it."""
    found = changed([entry("recurrence", torch=">=2.4")], None, BOTH)
    assert found.regressed == ()
    assert found.not_run["recurrence"] == ("2.1.0",)
    assert found.not_run["output-shape"] == ("2.1.0", "2.4.0")
    assert "compile-packed-agrees" in found.begun
    assert "compile-packed-agrees" not in found.not_run
    assert found.compared == 0


def test_releases_between() -> None:
    """Those that were not run are named, and what follows them may be older."""
    recorded = RecordedRuns(runs("2.1.0", "2.2.1", "2.5.0", "3.0.0"))
    found = between("2.1.0", "3.0.0", recorded, [])
    assert (found.skipped, found.after) == (("2.3", "2.4"), ("2.5.0",))


def test_exceptions() -> None:
    """One type is seen less often, and another more often."""
    listed = (
        seen("2.1.0", {"passed": 3}, refused_by={"RuntimeError": 3}),
        seen("2.4.0", {"passed": 3}, refused_by={"RuntimeError": 1, "ValueError": 2}),
    )
    recorded = RecordedRuns(runs("2.1.0", "2.4.0"), {"size-refused": listed})
    found = between("2.1.0", "2.4.0", recorded, [])
    assert found.exceptions == {"size-refused": {"RuntimeError": (3, 1), "ValueError": (0, 2)}}


def test_known_deviations_are_read_alike() -> None:
    """Without ``packaging`` an entry happens on the same releases and machines as with it."""
    entries, parsed = known.entries(), deviations.known()
    assert len(entries) == len(parsed)
    for raw, checked in zip(entries, parsed, strict=True):
        if {*raw.get("devices", "*")} & {"*", "cpu", "meta"}:
            for release in RECORDED.releases:
                on = [run for run in RECORDED.runs if run.torch == release]
                facts = [dict(it.split("=") for it in run.facts.split()) for run in on]
                expected = any(checked.happens_on(release, it) for it in facts)
                assert changes.happens(raw, release, RECORDED) == expected


@every_pair
def test_every_difference_is_told(old: str, new: str) -> None:
    """Each rule of which other tests passed is among the changes, and each change has a reason."""
    found = changes.of_package(old, new)
    told = {it.rule for it in found.regressed + found.fixed}
    told |= {*found.begun, *found.not_run}
    differing = {
        rule
        for rule in RULES
        if changes.tests(rule, old, RECORDED) != changes.tests(rule, new, RECORDED)
    }
    assert differing <= told
    assert UNKNOWN not in {it.reason for it in found.regressed + found.fixed}


# --- The command ---------------------------------------------------------------------------------


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command prints."""
    assert cli.main(("changes", *arguments)) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_the_answer_is_first(capsys: pytest.CaptureFixture[str]) -> None:
    """The question of the project, in three lines."""
    title, _, *answer = printed(capsys, "2.6", "2.15").splitlines()[:5]
    assert title == "torch 2.6.0 to 2.15.0: 113 rules were run on both"
    assert answer == [
        "No shape, parameter, law or packing rule regressed.",
        "Regressed: input-width-refused (since 2.13.0: LSTM does not validate packed data: another "
        "width is read as if it fitted).",
        "Fixed: autocast-dtype, meta-agrees, compile-agrees, forward-mode-agrees, "
        "state-rank-refused, size-refused, flag-refused, unpadding-lengths-refused.",
    ]


def test_by_rule(capsys: pytest.CaptureFixture[str]) -> None:
    """What came of it on both releases, the reason, the issue, and what the runs cannot tell."""
    out = printed(capsys, "2.6.0", "2.15.0+cpu")
    assert (
        "  input-width-refused: passed on 2.6.0, known failure in 2 of 30 tests on 2.15.0\n"
        "    since 2.13.0: LSTM does not validate packed data: another width is read as if it fitted: "
        "https://github.com/pytorch/pytorch/issues/195803\n"
    ) in out
    assert "  not run on 2.6.0 and 2.15.0: compile-packed-agrees, " in out
    assert "  onnx-agrees: not run on 2.15.0\n" in out
    assert out.endswith(
        "2.7, 2.8, 2.10, 2.11 and 2.12 were not run, so that a change said of 2.9.1 or 2.13.0 may be "
        "older.\n"
    )


def test_nothing_changed(capsys: pytest.CaptureFixture[str]) -> None:
    """That is said in words."""
    lines = printed(capsys, "2.13", "2.14").splitlines()
    assert lines[2:4] == ["No rule regressed.", "No rule was fixed."]
    assert "Regressed" not in lines


def test_another_machine_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A change may be one of the machine."""
    last = printed(capsys, "2.0", "2.3").splitlines()[-1]
    assert last.startswith("2.0.1 was run on Linux x86_64, AVX2, and 2.3.1 on Linux x86_64, AVX512")


def test_the_newest_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    """Most people upgrade to that."""
    newest = RECORDED.releases[-1]
    assert printed(capsys, "2.6") == printed(capsys, "2.6", newest)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("2.7", "2.15"), "torch 2.7 was not run; expected one of 2.0.1, 2.3.1, "),
        (("2.6", "new"), "torch new was not run; expected one of 2.0.1, 2.3.1, "),
        (("2.6", "2"), "torch 2 was not run; expected one of 2.0.1, 2.3.1, "),
        (("2.15", "2.6"), "expected an older and a newer release, got 2.15 and 2.6"),
        (("2.15",), "expected an older and a newer release, got 2.15 and 2.15.0"),
    ],
)
def test_wrong_releases(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
) -> None:
    """One line says what was wrong and what is accepted."""
    assert cli.main(("changes", *arguments)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"rnn-contracts: {told}")
    assert err.count("\n") == 1


def test_without_a_reader_of_toml(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.10 has none."""
    monkeypatch.setitem(sys.modules, "tomllib", None)
    monkeypatch.setitem(sys.modules, "tomli", None)
    assert cli.main(("changes", "2.6")) == 2
    err = capsys.readouterr().err
    assert err == "rnn-contracts: known deviations need tomli: pip install tomli\n"
