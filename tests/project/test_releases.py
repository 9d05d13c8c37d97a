"""The releases of torch and of Python, and the actions, are the same wherever they are named."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest
from packaging.version import Version

from rnn_contracts import deviations
from rnn_contracts.citing import json_file, recorded_runs
from rnn_contracts.rules import RULES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
TOX = (ROOT / "tox.ini").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WORKFLOWS = {
    path.name: path.read_text("utf-8") for path in (ROOT / ".github" / "workflows").glob("*.yml")
}
RELEASES = sorted({*re.findall(r"torch==(\S+)", TOX)}, key=Version)


def test_releases() -> None:
    """tox.ini has the list; one of them is the default of its environments."""
    assert RELEASES == ["2.0.1", "2.3.1", "2.6.0", "2.9.1", "2.13.0", "2.14.1", "2.15.0"]
    assert tuple(RELEASES) == deviations.RELEASES
    others = {f"torch{release.rpartition('.')[0]}" for release in RELEASES}
    (default,) = re.findall(r"^ +(!.*): torch==2\.13\.0", TOX, re.MULTILINE)
    assert {*default.replace("!", "").split("-")} == others | {"torchnightly"}
    assert f"torch>{RELEASES[-1]}.dev0" in TOX


def test_the_supported_range_is_what_was_run() -> None:
    """From the oldest of the list."""
    (torch,) = (it for it in PROJECT["optional-dependencies"]["suite"] if it.startswith("torch"))
    assert torch == f"torch>={RELEASES[0]}"
    assert f"torch {RELEASES[0]} to {RELEASES[-1]}" in README


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "rnn_contracts/deviations.toml",
        "rnn_contracts/rules/releases.py",
    ],
)
def test_every_release_is_told_of(name: str) -> None:
    """What was found in each."""
    text = (ROOT / name).read_text("utf-8")
    assert [release for release in RELEASES if release not in text] == []


def test_the_recorded_runs_have_every_rule_and_release() -> None:
    """They were made after the last rule was added, on each release that is run."""
    recorded = recorded_runs.of_package()
    anew = (
        "rnn_contracts/recorded_runs.json is not of today. Run each release of tox.ini, then "
        f"`{json_file.COMMAND}`; docs/recorded_runs.py says how to add a report of a slow rule."
    )
    assert [*recorded.releases] == RELEASES, anew
    unseen = [id for id in RULES if not recorded.seen(id)]
    assert unseen == [], anew
    gone = [id for id in recorded.rules if id not in RULES]
    assert gone == [], anew


def test_deviations_name_releases_that_were_run() -> None:
    """As the one that fixed it, and as the first that has it."""
    named = {entry.fixed for entry in deviations.known() if entry.fixed}
    assert named <= {*RELEASES}
    first = {entry.torch.removeprefix(">=") for entry in deviations.known()}
    assert first <= {release.rpartition(".")[0] for release in RELEASES}


def levels() -> dict[str, tuple[dict[str, str], list[str]]]:
    """Those of the script that checks them."""
    path = ROOT / "tests" / "levels" / "check_levels.py"
    found: dict[str, tuple[dict[str, str], list[str]]] = runpy.run_path(str(path))["LEVELS"]
    return found


def test_the_workflow_checks_every_level() -> None:
    """Each in a job of its own; another job has the machine as it is."""
    (listed,) = re.findall(r"level:\n((?: +- \S+\n)+)", WORKFLOWS["tests.yml"])
    assert ["as-it-is", *re.findall(r"- (\S+)", listed)] == [*levels()]


def test_the_page_of_machines_has_every_release_and_level() -> None:
    """Two releases at every level, all of them on the machine as it is, and nothing failed."""
    text = (ROOT / "docs" / "machines.md").read_text("utf-8")
    table = text.partition("<!-- The table")[2].partition("<!-- End")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]
    assert {row[-1] for row in rows} == {"0"}
    assert [release for release in RELEASES if not any(row[0] == release for row in rows)] == []
    for release in ("2.13.0", "2.15.0"):
        lowered = [row[4] for row in rows if row[0] == release]
        for variables, _ in levels().values():
            for name, value in variables.items():
                assert name == "PYTHONPATH" or f"`{name}={value}`" in lowered
        assert {"as it is", "two threads"} <= {*lowered}
        assert "false" in [row[2] for row in rows if row[0] == release]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_pinned_alike(name: str) -> None:
    """By commit, with the version beside it, the same in every workflow."""
    used = re.findall(r"uses: (?!rnn-contracts)(.*)", WORKFLOWS[name])
    assert used
    everywhere = {use for text in WORKFLOWS.values() for use in re.findall(r"uses: (.*)", text)}
    for use in used:
        action, _, commit = use.partition("@")
        assert re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", commit)
        assert [it for it in everywhere if it.startswith(f"{action}@")] == [use]


def test_pythons() -> None:
    """The workflow runs on those that are checked, from the oldest on."""
    (listed,) = re.findall(r"python: \[(.*)\]", WORKFLOWS["tests.yml"])
    oldest = PROJECT["requires-python"].removeprefix(">=")
    assert listed.split(", ")[0] == f'"{oldest}"'
    assert f"Python {oldest} or newer" in README


def test_the_gate_shows_releases_that_were_run() -> None:
    """Its example can be taken as it stands."""
    old, new = re.findall(r'#         (?:old|new): "(.*)"', WORKFLOWS["gate.yml"])
    assert {old, new} <= {*RELEASES}
