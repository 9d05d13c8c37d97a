"""The work can be cited as a whole, and what was released once can be relied on."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rnn_contracts import RULES, Rule, __version__
from rnn_contracts.citing.citations import AUTHORS, REPOSITORY, SITE, YEAR, address_of_version
from rnn_contracts.citing.lists import list_as_json
from rnn_contracts.sources import SOURCES, Source

ROOT = Path(__file__).parents[2]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
CITATION = (ROOT / "CITATION.cff").read_text("utf-8")
# Of the newest release: rnn-contracts list --format json > tests/project/released_rules.json
RELEASED = json.loads((ROOT / "tests" / "project" / "released_rules.json").read_text("utf-8"))
PROMISE = (
    *("family", "says", "domain", "layers", "tensors", "shapes", "condition", "since", "values"),
)
"""What a rule promises; where torch says so, and who was caught by it, may be told better later."""


def unannounced(rules: Mapping[str, Rule], changelog: str) -> set[str]:
    """Rules that are gone, and those that are new or other than released and not named as such."""
    # Version 0.1.0 called the family of a rule its kind, and stated no domain.
    released = {
        rule["id"]: promise({"family": rule.get("kind"), "domain": {}, **rule}) for rule in RELEASED
    }
    current = {id: promise(json.loads(list_as_json([rule]))[0]) for id, rule in rules.items()}
    coming = re.findall(r"^## \S+ \(unreleased\)\n(.*?)(?=^## |\Z)", changelog, re.S | re.M)
    named = {*re.findall(r"`([a-z0-9-]+)`", "".join(coming))}
    changed = {id for id in current if current[id] != released.get(id)}
    return (released.keys() - current.keys()) | (changed - named)


def promise(rule: dict[str, Any]) -> dict[str, Any]:
    """What it promises, of a rule in JSON."""
    return {name: rule[name] for name in PROMISE}


def test_released_rules_are_kept() -> None:
    """No id goes, and no rule is added or changed without a word in the changelog."""
    assert unannounced(RULES, CHANGELOG) == set()


@pytest.mark.parametrize("name", ["says", "condition", "since", "family", "columns", "domain"])
def test_a_changed_rule_is_noticed(name: str) -> None:
    """Whatever of its promise was changed, until the coming version names it."""
    others = {"columns": ("packed",), "domain": {"bias": True}}
    changes: Any = {name: others.get(name, "law")}
    rules = dict(RULES) | {"output-shape": replace(RULES["output-shape"], **changes)}
    assert unannounced(rules, CHANGELOG) == {"output-shape"}
    assert (
        unannounced(rules, f"## 0.2.0 (unreleased)\n\n- `output-shape`: why\n\n{CHANGELOG}")
        == set()
    )


def test_a_rule_that_is_gone_or_new_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No word in the changelog takes a released rule back."""
    monkeypatch.setitem(SOURCES, "a-rule", SOURCES["output-shape"])
    coming = f"## 0.2.0 (unreleased)\n\n`output-shape`, `a-rule`\n\n{CHANGELOG}"
    gone = {id: rule for id, rule in RULES.items() if id != "output-shape"}
    assert unannounced(gone, coming) == {"output-shape"}
    new = dict(RULES) | {"a-rule": replace(RULES["output-shape"], id="a-rule")}
    assert unannounced(new, CHANGELOG) == {"a-rule"}
    assert unannounced(new, coming) == set()


def test_better_sources_are_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quote, a source or a pitfall that is told better needs no word."""
    better = Source("https://example.org", quote={}, pitfalls=("#1",))
    monkeypatch.setitem(SOURCES, "output-shape", better)
    assert RULES["output-shape"].source == "https://example.org"
    assert unannounced(RULES, CHANGELOG) == set()


def test_every_rule_has_a_source() -> None:
    """No source is left of a rule that is gone."""
    assert {*SOURCES} == {*RULES}


def test_changelog_names_every_rule() -> None:
    """Once among the rules added, by the version that brought it."""
    added = "".join(re.findall(r"^### Rules added\n(.*?)(?=^##|\Z)", CHANGELOG, re.S | re.M))
    assert [id for id in RULES if added.count(f"`{id}`") != 1] == []


def test_one_version() -> None:
    """Package, changelog and citation agree; until a version is released, the package says so."""
    versions = re.findall(r"^## (\S+) \((.*)\)$", CHANGELOG, re.MULTILINE)
    (version, date), *_ = [it for it in versions if it[1] != "unreleased"]
    assert (version, date) == (field("version"), field("date-released"))
    newest, state = versions[0]
    assert __version__ == (f"{newest}.dev0" if state == "unreleased" else newest)
    assert date.startswith(YEAR)


def test_a_version_in_development_has_no_page() -> None:
    """A citation of it must not name that of a release, which may say something else."""
    rule = RULES["output-shape"]
    assert address_of_version(rule, "0.2.0") == f"{SITE}0.2.0/rules/output-shape.html"
    assert address_of_version(rule, "0.3.0.dev0") == f"{SITE}rules/output-shape.html"


def test_one_author_and_address() -> None:
    """Those that a citation of a rule names are those of the whole."""
    assert f'name: "{AUTHORS}"' in CITATION
    assert field("url") == f'"{SITE}"'
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert f'Documentation = "{SITE}"' in project
    assert f'Repository = "{REPOSITORY}"' in project


def field(name: str) -> str:
    """What CITATION.cff says; tox -e lint holds it against its schema."""
    (value,) = re.findall(rf"^{name}: (.*)$", CITATION, re.MULTILINE)
    return str(value)
