"""Each kind of page: everybody can read it, and nothing of it is hidden; the search; a missing page."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from rnn_contracts import RULES
from rnn_contracts.citing.citations import SITE

WIDTHS = (390, 900, 1400, 1920)
PREFIX = urlsplit(SITE).path.rstrip("/")

# What is wider than the place that shows it.
HIDDEN = """() => [...document.querySelectorAll("article pre, article .table-wrapper, article table")]
  .filter((it) => it.scrollWidth > it.clientWidth + 1 && it.clientWidth > 0)
  .map((it) => `${it.tagName}: ${it.textContent.trim().slice(0, 60)}`)"""


class GitHubPages(SimpleHTTPRequestHandler):
    """Serves the site as GitHub Pages does: in a directory, and with its page for what is missing."""

    def translate_path(self, path: str) -> str:
        """Return the file at an address."""
        return super().translate_path(path.removeprefix(PREFIX))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send the page of the site."""
        body = (Path(self.directory) / "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="session")
def served(site: Path) -> Iterator[str]:
    """The address of the site."""
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(GitHubPages, directory=site)
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{PREFIX}/"
        server.shutdown()


@pytest.fixture(scope="session")
def kinds(site: Path) -> list[str]:
    """A page of each kind: all but those of rules, and one of these for each family."""
    rules = {f"rules/{rule.id}.html" for rule in RULES.values()}
    of_families = {rule.family: f"rules/{rule.id}.html" for rule in RULES.values()}
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert {"index.html", "shapes.html", "search.html", "404.html", "rules/index.html"} <= pages
    return sorted(pages - rules | {*of_families.values()} | {"search.html?q=h_n", "no/such/page"})


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page on which no script fails, and no file is missing but the page itself."""
    told: list[str] = []
    context = browser.new_context()
    page = context.new_page()

    def tell(message: ConsoleMessage) -> None:
        if message.location["url"] != page.url:
            told.append(f"{message.location['url']}: {message.text}")

    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("console", tell)
    yield page
    context.close()
    assert told == []


def test_nothing_is_hidden(
    page: Page, served: str, kinds: list[str], subtests: pytest.Subtests
) -> None:
    """No page is wider than its window, and no table or code is wider than its place."""
    for kind in kinds:
        page.goto(served + kind)
        for width in WIDTHS:
            with subtests.test(kind, width=width):
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                assert page.evaluate(HIDDEN) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_accessible(
    page: Page,
    served: str,
    kinds: list[str],
    width: int,
    scheme: Any,
    subtests: pytest.Subtests,
) -> None:
    """Axe has no objection to the whole frame of any kind of page."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    for kind in kinds:
        with subtests.test(kind):
            page.goto(served + kind)
            results = Axe().run(page)
            assert results.violations_count == 0, results.generate_report()


def found(page: Page, served: str, query: str) -> list[str]:
    """The pages that a search finds, the best first."""
    page.goto(f"{served}search.html?q={quote(query)}")
    expect(page.locator(".search-summary")).not_to_be_empty()
    links = page.locator("ul.search li > a").all()
    return [(link.get_attribute("href") or "").partition("#")[0] for link in links]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("h_n batch_first", ["shapes.html", "rules/final-hidden-shape.html"]),
        ("shapes", ["shapes.html"]),
        ("final hidden shape", ["rules/final-hidden-shape.html"]),
        ("cite BibTeX", ["citing.html"]),
        ("citation", ["citing.html"]),
        ("2.6 2.15", ["upgrades.html"]),
        ("error", ["errors.html"]),
        ("hidden size mismatch", ["errors.html"]),
        ("input.size(-1) must be equal to input_size. Expected 5, got 4", ["errors.html"]),
        ("upgrading", ["gating.html", "upgrades.html"]),
        ("it does not learn", ["silent-mistakes.html"]),
        ("역방향", ["lesson.ko.html"]),
    ],
)
def test_search(page: Page, served: str, query: str, first: list[str]) -> None:
    """What is most about the words comes first, in whatever form a word is."""
    assert found(page, served, query)[: len(first)] == first


def test_search_finds_nothing(page: Page, served: str) -> None:
    """It says so."""
    assert found(page, served, "zzyzx") == []
    expect(page.locator(".search-summary")).to_contain_text("did not match any documents")


def test_search_shows_no_text_of_pictures(page: Page, served: str) -> None:
    """A picture is neither found nor quoted."""
    found(page, served, "output hidden state pictures")
    shown = page.locator("p.context")
    expect(shown.first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert [text for text in shown.all_inner_texts() if "layer 1" in text and "h_n[" in text] == []
    words = page.evaluate("Object.keys(WORDS.words)")
    assert "svg" not in words
    assert {"h_n", "hidden", "batch_first", "2.15", "2.15.0"} <= {*words}


@pytest.mark.parametrize("address", ["no-such-page.html", "rules/no/such/rule.html"])
def test_missing_page(page: Page, served: str, address: str) -> None:
    """It looks as the others do, however deep the address is, and its links and its search work."""
    response = page.goto(served + address)
    assert response is not None
    assert response.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("This page does not exist")
    page.locator("article").get_by_role("searchbox").fill("h_n batch_first")
    page.locator("article").get_by_role("button", name="Search").click()
    page.wait_for_url(f"{served}search.html?q=h_n+batch_first")
    page.goto(served + address)
    page.locator("article").get_by_role("link", name="All shapes").click()
    assert page.url == f"{served}shapes.html"


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus."""
    for _ in range(100):
        page.keyboard.press("Tab")
        if target.evaluate("it => it === document.activeElement"):
            return
    pytest.fail(f"the keyboard does not reach {target}")


def test_menu_by_keyboard(page: Page, served: str) -> None:
    """On a narrow screen the menu is opened and used without a mouse; a closed one is passed over."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{served}index.html")
    link = page.locator(".sidebar-drawer").get_by_role("link", name="I got this error")
    expect(link).to_be_hidden()
    tab_to(page, page.locator(".mobile-header .nav-overlay-icon"))
    page.keyboard.press("Space")
    expect(link).to_be_visible()
    tab_to(page, link)
    expect(link).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("I got this error")
