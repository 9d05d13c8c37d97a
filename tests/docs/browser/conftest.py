"""A browser, and the page of the form in it. Run with ``--confcutdir tests/docs``."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

BROWSERS = ("chromium", "google-chrome", "chromium-browser", "chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser that is installed; there is no test of the page without one."""
    found = [path for path in map(shutil.which, BROWSERS) if path]
    if not found:
        pytest.fail(f"no browser here; install one of {', '.join(BROWSERS)}", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found[0], args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address(site: Path) -> str:
    """The page of the form as a file: it needs no server."""
    return (site / "what-shape.html").as_uri()


@contextmanager
def opened(browser: Browser, address: str) -> Iterator[Page]:
    """Open the page of the form, which must raise nothing."""
    errors: list[object] = []
    context = browser.new_context()
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(error))
    page.on("console", lambda message: errors.append(message.text))
    page.goto(address)
    page.locator("#what-shape").wait_for()
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page of the form, as it is at first."""
    with opened(browser, address) as page:
        yield page
