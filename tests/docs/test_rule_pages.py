"""The page of a rule: torch's words as a reader sees them, its runs, its neighbours and its links."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from rnn_contracts import RULES, Rule, __version__
from rnn_contracts.citing import describe_rule, recorded_runs
from rnn_contracts.citing.citations import REPOSITORY, SITE, address, is_released
from rnn_contracts.citing.torch_words import in_plain_text

from .test_site import Text

every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
RECORDED = recorded_runs.of_package()


def page_of(site: Path, rule: Rule) -> str:
    """The HTML of its page, with letters for entities and plain spaces for thin ones."""
    page = (site / address(rule).removeprefix(SITE)).read_text("utf-8")
    return html.unescape(page).replace("\N{THIN SPACE}", " ")


def letters(text: str) -> str:
    """The letters and digits of a text, without the names of what is drawn as a sign."""
    return re.sub(r"sigma|sqrt|[^A-Za-z0-9]", "", text)


@every_rule
def test_words_of_torch(site: Path, rule: Rule) -> None:
    """Each quote is there, and none of its markup."""
    found = re.findall(r"<blockquote>(.*?)</blockquote>", page_of(site, rule), re.S)
    shown = [str(Text(it)) for it in found]
    quotes = [quote for _, quote in describe_rule.quotes(rule)]
    assert [*map(letters, shown)] == [letters(in_plain_text(quote)) for quote in quotes]
    assert [text for text in shown if re.search(r"`|\\|:math:|\*\*|_\{", text)] == []


def test_formulas(site: Path) -> None:
    """They are drawn with indices, in the words of torch and in the table of shapes."""
    page = page_of(site, RULES["final-hidden-shape"])
    rest = "<i>N</i>, <i>H</i><sub>out</sub>)"
    assert f'(<i>D</i> · <span class="code">num_layers</span>, {rest}</span>' in page
    assert f"(<i>D</i> \N{ASTERISK OPERATOR} num_layers, {rest}</span>" in page
    page = page_of(site, RULES["recurrence"])
    assert "<i>h</i><sub>(<i>t</i>\N{MINUS SIGN}1)</sub>" in page


@every_rule
def test_runs(site: Path, rule: Rule) -> None:
    """A row for each run, the newest first: passed, a known failure in how many tests, or not run."""
    table = page_of(site, rule).partition(">Releases and machines<")[2].partition("</table>")[0]
    rows = [
        [
            html.unescape(re.sub("<.*?>", "", cell)).strip()
            for cell in re.findall("<td[^>]*>(.*?)</td>", row)
        ]
        for row in re.findall("<tr.*?</tr>", table.replace("\n", " "))
    ][1:]
    assert [tuple(row[:2]) for row in rows] == [*reversed(RECORDED.places)]
    for place, row in zip(reversed(RECORDED.places), rows, strict=True):
        seen = [it for it in RECORDED.seen(rule.id) if place in it.places]
        if not rule.covers(place.torch):
            assert row[2] == f"does not apply before {rule.since}"
        elif not seen:
            assert row[2] == "not run"
        elif {*seen[0].tests} == {"passed"}:
            assert row[2] == "passed"
        else:
            known, total = seen[0].tests["known failure"], sum(seen[0].tests.values())
            assert row[2] == f"known failure in {known} of {total} tests"
        for it in seen:
            assert all(f"{name} in {count}" in row[3] for name, count in it.refused_by.items())
            assert all(f"{what} in {count}" in row[4] for what, count in it.did_instead.items())


@every_rule
def test_links(site: Path, rule: Rule) -> None:
    """To the test at the line where it begins, to each issue, and to other rules."""
    links = [str(it["href"]) for tag, it in Text(page_of(site, rule)).attributes if "href" in it]
    file, _, name = rule.test.partition("::")
    (link,) = (it for it in links if it.startswith(f"{REPOSITORY}/blob/"))
    start, line = link.rsplit("#L", 1)
    tree = f"v{__version__}" if is_released() else "main"
    assert start == f"{REPOSITORY}/blob/{tree}/tests/contract/{file}"
    suite = Path(__file__).parents[1] / "contract" / file
    assert suite.read_text("utf-8").splitlines()[int(line) - 1].startswith(f"def {name}(")
    assert {issue for _, issue in describe_rule.pitfalls(rule)} <= {*links}
    article = page_of(site, rule).partition(">See also<")[2].partition(">Cite it<")[0]
    near = {*re.findall(r'href="([a-z0-9-]+)\.html', article)} - {"index"}
    assert near <= {*RULES} - {rule.id}
    assert len(near) <= 8


def test_neighbours(site: Path) -> None:
    """A rule about the final state leads to the other shape of it, and to its place in the output."""
    article = page_of(site, RULES["final-hidden-shape"]).partition(">See also<")[2]
    for id in ("initial-hidden-shape", "final-cell-shape", "final-hidden-is-last-output"):
        assert f'href="{id}.html' in article
    article = page_of(site, RULES["pad-sequence-shape"]).partition(">See also<")[2]
    assert 'href="pad-sequence-pads-at-the-end.html' in article


def test_form_is_filled(site: Path) -> None:
    """A page with a picture leads to the form, filled with the call of the picture."""
    start = 'href="../what-shape.html#kind='
    for rule in RULES.values():
        page = page_of(site, rule)
        assert (start in page) == (">Picture<" in page)
    assert f"{start}LSTM&" in page_of(site, RULES["final-cell-shape"])
    assert "&layout=packed&lengths=3%2C+2" in page_of(site, RULES["packed-output-shape"])
