"""The page on upgrades has what changed between any two releases, and every rule that did not pass."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from rnn_contracts import RULES
from rnn_contracts.citing import changes, describe_changes, recorded_runs
from rnn_contracts.citing.recorded_runs import age

from .test_site import Text

RECORDED = recorded_runs.of_package()
PAIRS = [*itertools.combinations(RECORDED.releases, 2)]


@pytest.fixture(scope="module")
def page(site: Path) -> str:
    """The HTML of the page."""
    return (site / "upgrades.html").read_text("utf-8")


def parts(page: str) -> dict[str, str]:
    """What the page has of each two releases."""
    _, *found = re.split(
        r'<div class="change docutils container">', page.partition("<h2>Rule by")[0]
    )
    return {re.findall(r'<a id="([^"]*)"', it)[0]: it for it in found}


def test_every_pair(page: str) -> None:
    """Any two releases, the newest first; an address can name them."""
    expected = [f"{old}-{new}" for old, new in PAIRS]
    assert [*parts(page)] == sorted(
        expected, key=lambda it: [*map(age, it.split("-")[::-1])], reverse=True
    )


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_changes(page: str, old: str, new: str) -> None:
    """The page says what the command says."""
    part = parts(page)[f"{old}-{new}"]
    shown = str(Text(part))
    found = changes.of_package(old, new)
    plain = describe_changes.SHORT
    told = describe_changes.summary(found, plain)
    for heading, lines in describe_changes.sections(found, RECORDED, plain).items():
        told += [heading, *(text for line, details in lines for text in (line, *details))]
    told += [*describe_changes.limits(found, RECORDED), f"{found.compared} rules were run on both."]
    assert [text for text in told if text not in shown] == []
    named = {it.rule for it in found.regressed + found.fixed} | {*found.not_run, *found.begun}
    assert [rule for rule in named if f'href="rules/{rule}.html' not in part] == []
    links = {it.link for it in found.regressed + found.fixed if it.link}
    assert [link for link in links if f'href="{link}"' not in part] == []


def test_rule_by_rule(page: str) -> None:
    """The newest release is the first column; what was not run is never told to have passed."""
    table = page.partition(">Rule by rule<")[2].partition("</table>")[0].replace("\n", " ")
    head = re.findall("<th[^>]*><p>(.*?)</p>", table)
    assert head == ["rule", *reversed(RECORDED.releases)]
    rows = {}
    for row in re.findall("<tr.*?</tr>", table)[1:]:
        rule, *cells = (
            re.sub("<.*?>", "", it).strip() for it in re.findall("<td[^>]*>(.*?)</td>", row)
        )
        rows[rule] = dict(zip(reversed(RECORDED.releases), cells, strict=True))
    for rule in RULES:
        for release in RECORDED.releases:
            shown = rows.get(rule, {}).get(release, "✓")
            tests = changes.tests(rule, release, RECORDED)
            assert (shown == "✓") == ({*tests} == {"passed"})
            if not RULES[rule].covers(release):
                assert shown == f"from {RULES[rule].since} on"
            elif not tests:
                assert shown == "not run"
            elif tests["known failure"]:
                assert shown == f"✗ {tests['known failure']} of {tests.total()}"
