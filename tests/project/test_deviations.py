"""Known deviations are data, checked when they are read, and strict both ways."""

from __future__ import annotations

import pytest
from run_suite import run_suite

from rnn_contracts import deviations

ENTRY = """
[[deviation]]
rule = "size-refused"
kinds = ["RNNCell"]
variants = ["input_size=0-*"]
torch = ">=2.13"
mended = "2.15.0"
reason = "the cells accept a size of 0"
link = "https://example.org/1"
"""


def test_an_entry_covers_its_releases_kinds_and_variants() -> None:
    """A build or a nightly belongs to the release that it is made from."""
    (entry,) = deviations.parse(ENTRY)
    assert entry.happens_on("2.13.0+cpu")
    assert entry.happens_on("2.14.0.dev20260101+cu130")
    assert not entry.happens_on("2.15.0")
    assert entry.concerns("RNNCell", "input_size=0-keyword", "cpu")
    assert not entry.concerns("GRUCell", "input_size=0-keyword", "cpu")
    assert not entry.concerns("RNNCell", "input_size=-1-keyword", "cpu")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[deviation", "not a TOML file: "),
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
        (ENTRY.replace('"size-refused"', "1"), "deviation 1: rule: expected text, got 1"),
        (
            ENTRY.replace("size-refused", "sise-refused"),
            "deviation 1: no rule 'sise-refused'; did you",
        ),
        (ENTRY.replace(">=2.13", "about 2"), "deviation 1: Invalid specifier"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(text: str, message: str) -> None:
    """The entry and the field are named."""
    with pytest.raises(ValueError, match=f"^{message}"):
        deviations.parse(text)


SELECTED = ("-m", "rule(id='size-refused')", "-k", "RNNCell and input_size")


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
        ENTRY.replace("input_size=0-*", "input_size=*").replace("mended", "# mended")
    )
    monkeypatch.setattr(deviations, "known", lambda: stale)
    outcome = run_suite(*SELECTED)
    assert outcome.exit_code == pytest.ExitCode.TESTS_FAILED
    assert len(outcome.failed) == 6
    assert "a known deviation no longer happens" in outcome.printed[0]
    assert "deviations.toml, deviation 1: take it out, leave out test_size_" in outcome.printed[0]


def test_an_undefined_deviation_may_not_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where torch reads memory that is not its own, both a violation and none are expected."""
    text = (
        ENTRY.replace("input_size=0-*", "input_size=*").replace("mended", "# mended")
        + "undefined = true"
    )
    monkeypatch.setattr(deviations, "known", lambda: deviations.parse(text))
    assert run_suite(*SELECTED).exit_code == pytest.ExitCode.OK
