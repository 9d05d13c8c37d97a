"""Somebody else's documentation cites rules through the extension, or without it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from rnn_contracts import RULES
from rnn_contracts.citing.citations import SITE, address
from rnn_contracts.citing.describe_rule import as_tuple

from .conftest import build

HIDDEN = address(RULES["final-hidden-shape"])
CITING = (Path(__file__).parents[2] / "docs" / "citing.md").read_text("utf-8")


def project(
    directory: Path, text: str, *, suffix: str = "rst", configuration: str = ""
) -> tuple[str, str]:
    """Build a project of one page; what it shows, and the warnings."""
    source, output = directory / "source", directory / "output"
    source.mkdir()
    extension = 'extensions = ["rnn_contracts.sphinx", "myst_parser"]'
    (source / "conf.py").write_text(configuration or extension, "utf-8")
    (source / f"index.{suffix}").write_text(text, "utf-8")
    warnings = build(source, output)
    return (output / "index.html").read_text("utf-8"), warnings


@pytest.mark.parametrize(
    ("suffix", "role"),
    [("rst", ":rnn-rule:`{}`"), ("md", "{{rnn-rule}}`{}`")],
)
def test_role(tmp_path: Path, suffix: str, role: str) -> None:
    """It is a link to the page of the rule, by its id or by a title; the sentence is its tooltip."""
    title = "# Page" if suffix == "md" else "Page\n===="
    roles = role.format("final-hidden-shape"), role.format("why <final-hidden-shape>")
    text = f"{title}\n\nSee {', '.join(roles)}."
    page, warnings = project(tmp_path, text, suffix=suffix)
    assert warnings == ""
    says = RULES["final-hidden-shape"].sentence
    start = f'<a class="reference external" href="{HIDDEN}" title="{says}">'
    assert page.count(start) == 2
    assert "final-hidden-shape</span></code></a>, " in page
    assert "why</span></a>." in page


@pytest.mark.parametrize("id", RULES)
def test_directive(tmp_path: Path, id: str) -> None:
    """It puts link, sentence and what the rule states into the text."""
    page, warnings = project(tmp_path, f"Page\n====\n\n.. rnn-rule:: {id}\n")
    assert warnings == ""
    rule = RULES[id]
    text = " ".join(page.replace("</span>", "").replace('<span class="pre">', "").split())
    assert f'href="{address(rule)}"' in text
    for part in (rule.sentence, rule.condition, *map(as_tuple, rule.shapes.values())):
        for letter, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            part = part.replace(letter, entity)
        assert " ".join(part.split()) in text


@pytest.mark.parametrize(
    "text", [".. rnn-rule:: final-hiden-shape", ":rnn-rule:`final-hiden-shape`"]
)
def test_unknown_rule(tmp_path: Path, text: str) -> None:
    """One warning, where it stands, names the nearest; the page is built with the bare id."""
    page, warnings = project(tmp_path, f"Page\n====\n\n{text}\n")
    (line,) = warnings.strip().splitlines()
    assert (
        "index.rst:4: WARNING: no rule 'final-hiden-shape'; did you mean final-hidden-shape" in line
    )
    assert "final-hiden-shape" in page


def test_another_version_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that did not change says what the newer version of the contract says."""
    page, _ = project(tmp_path, "Page\n====\n\n.. rnn-rule:: output-shape\n")
    assert RULES["output-shape"].sentence in page
    newer = replace(RULES["output-shape"], says="output is as it was")
    monkeypatch.setattr("rnn_contracts.sphinx.rule", lambda _: newer)
    monkeypatch.setattr("rnn_contracts.sphinx.__version__", "0.2.0")
    build(tmp_path / "source", tmp_path / "output")
    assert newer.sentence in (tmp_path / "output" / "index.html").read_text("utf-8")


def test_intersphinx_is_preferred(tmp_path: Path, site: Path) -> None:
    """A project that names an inventory, of a mirror or another version, links to where that says."""
    inventory = ("https://mirror.example/", str(site / "objects.inv"))
    configuration = (
        'extensions = ["sphinx.ext.intersphinx", "rnn_contracts.sphinx"]\n'
        f'intersphinx_mapping = {{"contracts": {inventory}}}'
    )
    page, warnings = project(
        tmp_path, "Page\n====\n\n:rnn-rule:`output-shape`\n", configuration=configuration
    )
    assert warnings == ""
    assert 'href="https://mirror.example/rules/output-shape.html#rnn-rule-output-shape"' in page


def test_without_the_extension(tmp_path: Path, site: Path) -> None:
    """Any project cites a rule through the inventory alone, as the page says."""
    role = ":external+rnn-contracts:ref:`rnn-rule-final-hidden-shape`"
    mapping = f'intersphinx_mapping = {{"rnn-contracts": ("{SITE}", None)}}'
    assert role in CITING
    assert mapping in CITING
    inventory = mapping.replace("None", repr(str(site / "objects.inv")))
    configuration = f'extensions = ["sphinx.ext.intersphinx"]\n{inventory}'
    page, warnings = project(tmp_path, f"Page\n====\n\n{role}\n", configuration=configuration)
    assert warnings == ""
    assert f'href="{HIDDEN}#rnn-rule-final-hidden-shape"' in page


@pytest.mark.parametrize(
    ("suffix", "title", "block"),
    [("rst", "Page\n====", "```rst\n(.*?)```\n"), ("md", "# Page", "````markdown\n(.*?)````\n")],
)
def test_examples_of_the_page(tmp_path: Path, suffix: str, title: str, block: str) -> None:
    """What it shows of role and directive works as it stands there."""
    (example,) = (it for it in re.findall(block, CITING, re.DOTALL) if "rnn-rule" in it)
    page, warnings = project(tmp_path, f"{title}\n\n{example}", suffix=suffix)
    assert warnings == ""
    assert page.count(f'href="{HIDDEN}"') == 2
