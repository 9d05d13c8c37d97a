"""The menus of the page on upgrades, and the copy buttons, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from rnn_contracts import RULES, shapes
from rnn_contracts.citing import recorded_runs
from rnn_contracts.layer import Layer

RELEASES = recorded_runs.of_package().releases
NEWEST, BEFORE = RELEASES[-1], RELEASES[-2]


@pytest.fixture
def page(browser: Browser, site: Path) -> Iterator[Page]:
    """The page as a file, which must raise nothing."""
    errors: list[object] = []
    page = browser.new_page()
    page.on("pageerror", lambda error: errors.append(error))
    page.goto((site / "upgrades.html").as_uri())
    yield page
    page.close()
    assert errors == []


def shown(page: Page) -> list[str]:
    """The titles of what is shown."""
    return page.locator("div.change:visible p.rubric, div.change:visible h3").all_inner_texts()


def test_one_pair_is_shown(page: Page) -> None:
    """At first the newest; a choice changes what is shown, and the address."""
    assert shown(page) == [f"{BEFORE} to {NEWEST}"]
    page.get_by_label("from torch").select_option("2.6.0")
    assert shown(page) == [f"2.6.0 to {NEWEST}"]
    page.get_by_label("to torch").select_option("2.9.1")
    assert shown(page) == ["2.6.0 to 2.9.1"]
    assert page.url.endswith("#2.6.0-2.9.1")
    expect(page.get_by_role("status")).to_have_text("Shown: torch 2.6.0 to 2.9.1.")
    page.get_by_label("from torch").select_option("2.13.0")
    assert shown(page) == [f"2.13.0 to {NEWEST}"]


def test_only_newer_releases_are_offered(page: Page) -> None:
    """There is no change from a release to an older one."""
    page.get_by_label("from torch").select_option("2.13.0")
    offered = page.get_by_label("to torch").locator("option").all_inner_texts()
    assert offered == [NEWEST, BEFORE]


def test_an_address_makes_the_choice(page: Page) -> None:
    """Who opens it sees that pair, and another address on the open page another one."""
    start = page.url.partition("#")[0]
    page.goto("about:blank")
    page.goto(f"{start}#2.6.0-2.15.0")
    assert shown(page) == ["2.6.0 to 2.15.0"]
    expect(page.get_by_label("from torch")).to_have_value("2.6.0")
    page.evaluate("location.hash = '#2.0.1-2.3.1'")
    expect(page.get_by_role("status")).to_have_text("Shown: torch 2.0.1 to 2.3.1.")
    page.evaluate("location.hash = '#the-words'")
    assert shown(page) == ["2.0.1 to 2.3.1"]


def test_keyboard(page: Page) -> None:
    """Both menus are reached and changed by keys alone."""
    page.get_by_label("from torch").focus()
    page.keyboard.type("2.6")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.parentElement.innerText").startswith("to torch")
    page.keyboard.type("2.13")
    assert shown(page) == ["2.6.0 to 2.13.0"]


def test_without_javascript(browser: Browser, site: Path) -> None:
    """Every pair can be read, and there is no dead menu."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "upgrades.html").as_uri())
    assert page.locator("div.change:visible").count() == len(RELEASES) * (len(RELEASES) - 1) // 2
    assert page.locator("article select").count() == 0
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_accessible(browser: Browser, site: Path, scheme: Any, width: int) -> None:
    """Axe has no objection to the menus and what they show, and the page fits the window."""
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    page.goto((site / "upgrades.html").as_uri() + "#2.0.1-2.15.0")
    results = Axe().run(page, context={"include": [["form.releases"], ["div.change"]]})
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_copy_buttons(browser: Browser, site: Path) -> None:
    """Each form of citation has one."""
    page = browser.new_page()
    page.goto((site / "rules" / "final-hidden-shape.html").as_uri())
    blocks = page.locator("#cite-it .highlight")
    assert blocks.count() == 8
    assert page.locator("#cite-it .highlight button.copybtn").count() == 8
    page.close()


def test_form_shows_the_example(browser: Browser, site: Path) -> None:
    """The link of a rule leads to the form with the call of the picture."""
    page = browser.new_page()
    for id, kind, size in (
        ("final-hidden-shape", "RNN", (2, 3, 5)),
        ("rnn-cell-next-hidden-shape", "LSTMCell", (2, 5)),
        ("packed-output-shape", "RNN", (5, 5)),
        ("batch-first-ignored-unbatched", "RNN", (3, 5)),
    ):
        assert id in RULES
        page.goto((site / "rules" / f"{id}.html").as_uri())
        code = page.locator("#picture p code").first.inner_text()
        page.get_by_text("Try it with other sizes").click()
        lengths = (3, 2) if "packed" in id else None
        cell = kind == "LSTMCell"
        layer = (
            Layer(kind, 5, 8)
            if cell
            else Layer(kind, 5, 8, num_layers=2, batch_first=True, bidirectional=True)
        )
        assert code == str(layer)
        expect(page.locator("#code")).to_contain_text(shapes(layer, size, lengths).code)
    page.close()
