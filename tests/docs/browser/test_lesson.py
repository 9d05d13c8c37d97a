"""The lesson and the silent mistakes in a real browser: readable on a phone, and by everybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser

PAGES = ("lesson", "lesson.ko", "silent-mistakes")
# Of each picture: its scale, and whether all of it is within its frame.
MEASURE = """svgs => svgs.map(svg => {
  const box = svg.getBBox(), frame = svg.viewBox.baseVal;
  return [svg.getBoundingClientRect().width / frame.width, box.x >= 0 && box.y >= 0
    && box.x + box.width <= frame.width && box.y + box.height <= frame.height];
})"""
TOPS = "svgs => svgs.map(svg => svg.getBoundingClientRect().top)"


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_accessible(browser: Browser, site: Path, name: str, scheme: Any, width: int) -> None:
    """Axe has no objection, nothing is wider than the window, and letters keep their size."""
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    page.goto((site / f"{name}.html").as_uri())
    results = Axe().run(page, context={"include": [["article"]]})
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    measured = page.locator(".pictures svg").evaluate_all(MEASURE)
    assert len(measured) >= 7
    assert all(scale > 0.99 and framed for scale, framed in measured)
    page.close()


def test_pictures_stand_side_by_side(browser: Browser, site: Path) -> None:
    """Where there is room for two, and below each other on a phone."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto((site / "lesson.html").as_uri())
    layouts = page.locator(".pictures", has_text="batch_first=True").locator("svg")
    first, second = layouts.evaluate_all(TOPS)
    assert first == second
    page.set_viewport_size({"width": 390, "height": 900})
    first, second = layouts.evaluate_all(TOPS)
    assert first < second
    page.close()
