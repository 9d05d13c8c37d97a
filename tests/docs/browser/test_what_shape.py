"""The page that answers, in a real browser: it says what Python says, to everybody.

``tox -e browser`` runs this alone; it needs Chromium or Chrome.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from rnn_contracts import Layer, shapes
from rnn_contracts.citing.describe_call import ShapesOfCall
from rnn_contracts.layer import ARGUMENTS, CELLS, LAYERS

# Of many choices at once, what the page then shows; and whether the picture stays within its frame.
ASK = """hashes => hashes.map(hash => {
  history.replaceState(null, "", hash);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
  const text = (id) => document.getElementById(id).textContent;
  const svg = document.querySelector("#picture svg"), box = svg.getBBox(), frame = svg.viewBox.baseVal;
  return {
    rows: [...document.querySelectorAll("#tensors tbody tr")].map(
      (row) => [...row.children].map((cell) => cell.textContent)),
    title: document.querySelector("#tensors caption").textContent,
    sizes: text("sizes"), code: text("code"), svg: document.getElementById("picture").innerHTML,
    framed: box.x >= 0 && box.y >= 0 && box.x + box.width <= frame.width
      && box.y + box.height <= frame.height,
  };
})"""
# A picture as the browser writes it.
NORMAL = """pictures => pictures.map(picture => {
  const made = document.createElement("div");
  made.innerHTML = picture;
  return made.innerHTML;
})"""


Choice = dict[str, Any]


def grid() -> Iterator[tuple[Choice, ShapesOfCall]]:
    """Every combination of flags, layout and sizes, as the page and as Python name it."""
    flags = itertools.product((False, True), (1, 2, 3, 10), (False, True))
    for kind, (batch_first, num_layers, bidirectional) in itertools.product(LAYERS, flags):
        for proj_size in (0, 3) if kind == "LSTM" else (0,):
            options: Any = {
                "num_layers": num_layers,
                "batch_first": batch_first,
                "bidirectional": bidirectional,
                "proj_size": proj_size,
            }
            if not proj_size:
                del options["proj_size"]
            layer = Layer(kind, 5, 8, **options)
            chosen = {"kind": kind, "input_size": 5, "hidden_size": 8, **options}
            for L, N in itertools.product((1, 2, 4, 5, 7), (0, 1, 2)):
                shape = (N, L, 5) if batch_first else (L, N, 5)
                yield chosen | {"layout": "batched", "N": N, "L": L}, shapes(layer, shape)
            for L in (1, 2, 4, 5, 7):
                yield chosen | {"layout": "unbatched", "L": L}, shapes(layer, (L, 5))
            for lengths in ([1], [4], [2, 4], [7, 1, 7]):
                choice = chosen | {"layout": "packed", "lengths": ", ".join(map(str, lengths))}
                yield choice, shapes(layer, (sum(lengths), 5), lengths)
    for kind in CELLS:
        chosen = {"kind": kind, "input_size": 5, "hidden_size": 8}
        yield chosen | {"layout": "unbatched"}, shapes(Layer(kind, 5, 8), (5,))
        for N in (0, 1, 2):
            yield chosen | {"layout": "batched", "N": N}, shapes(Layer(kind, 5, 8), (N, 5))


def fragment(choice: Choice) -> str:
    """The choice as the address has it."""
    written = {name: "true" if value is True else value for name, value in choice.items()}
    return "#" + urlencode({name: value for name, value in written.items() if value is not False})


def test_answers_as_python_does(page: Page) -> None:
    """On the full grid: table, sizes, line of Python and picture are those of ``shapes``."""
    cases = [*grid()]
    assert len(cases) > 1500
    for start in range(0, len(cases), 100):
        some = cases[start : start + 100]
        answers = page.evaluate(ASK, [fragment(choice) for choice, _ in some])
        pictures = page.evaluate(NORMAL, [call.svg() for _, call in some])
        for (_, python), svg, answer in zip(some, pictures, answers, strict=True):
            assert answer == {
                "rows": [list(row) for row in python.rows],
                "title": python.title,
                "sizes": python.sizes,
                "code": f"import torch\nfrom torch import nn\n\n{python.code}",
                "svg": svg,
                "framed": True,
            }


def test_sizes_are_exact(page: Page) -> None:
    """A product that is no double of JavaScript is still right."""
    size = 10**12 + 1
    layer = Layer("LSTM", size, size, num_layers=size, bidirectional=True)
    choice = {
        "kind": "LSTM",
        "num_layers": size,
        "bidirectional": True,
        "layout": "unbatched",
        "L": 2,
    }
    choice |= {"input_size": size, "hidden_size": size}
    (answer,) = page.evaluate(ASK, [fragment(choice)])
    assert answer["rows"] == [list(row) for row in shapes(layer, (2, size)).rows]


def test_rules_are_linked(page: Page, site: Path) -> None:
    """The rule behind each tensor is a link to its page."""
    for kind in LAYERS + CELLS:
        page.get_by_label("kind", exact=True).select_option(kind)
        links = page.locator("#answer td a")
        for index in range(links.count()):
            target = links.nth(index).get_attribute("href") or ""
            assert (site / target).is_file()


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"input_size": "0"}, {"input_size": "expected a whole number of at least 1"}),
        ({"hidden_size": ""}, {"hidden_size": "expected a whole number of at least 1"}),
        ({"num_layers": "1.5"}, {"num_layers": "expected a whole number of at least 1"}),
        ({"num_layers": "-1"}, {"num_layers": "expected a whole number of at least 1"}),
        ({"N": "-1"}, {"N": "expected a whole number of at least 0"}),
        ({"L": "0"}, {"L": "expected a whole number of at least 1"}),
        ({"proj_size": "8"}, {"proj_size": "expected a whole number from 0 to hidden_size - 1"}),
        ({"proj_size": "-1"}, {"proj_size": "expected a whole number from 0 to hidden_size - 1"}),
        (
            {"N": "1e1", "L": "-4"},
            {
                "N": "expected a whole number of at least 0",
                "L": "expected a whole number of at least 1",
            },
        ),
        *[
            (
                {"layout": "packed", "lengths": lengths},
                {
                    "lengths": "expected a whole number of at least 1 for each sequence, such as 4, 2"
                },
            )
            for lengths in ("", "4, x", "4, 0", "4, -2", "4;2", "1.5", "4,,2", "[4, 2", "4, 2)")
        ],
    ],
)
def test_bad_sizes_are_told_beside_the_field(
    page: Page, fields: dict[str, str], wrong: dict[str, str]
) -> None:
    """Beside the field and in the status line, and there is no answer until it is fixed."""
    page.get_by_label("kind", exact=True).select_option("LSTM")
    for name, value in fields.items():
        field = page.locator(f"#layer [name={name}]")
        if name == "layout":
            field.select_option(value)
        else:
            field.fill(value)
    for field in page.locator("#layer input:not([type=checkbox])").all():
        name = field.get_attribute("name") or ""
        expect(field).to_have_attribute("aria-invalid", str(name in wrong).lower())
        expect(field).to_have_accessible_description(wrong.get(name, ""))
        expect(field.locator("xpath=following-sibling::span")).to_have_text(wrong.get(name, ""))
    expect(page.locator("#answer")).to_be_hidden()
    for name in wrong:
        got = fields[name] or "empty"
        expect(page.get_by_role("status")).to_contain_text(f"{name} is {got}, {wrong[name]}")
    for name in wrong:
        page.locator(f"#layer [name={name}]").fill("1")
    expect(page.locator("#answer")).to_be_visible()
    expect(page.locator("#layer [aria-invalid=true]")).to_have_count(0)


def test_address_holds_the_choice(page: Page, browser: Browser) -> None:
    """Who opens the address sees the answer, and going back to another address shows that."""
    page.get_by_label("kind", exact=True).select_option("LSTM")
    page.get_by_label("num_layers", exact=True).fill("10")
    page.get_by_label("bidirectional", exact=True).check()
    page.get_by_label("layout", exact=True).select_option("packed")
    page.get_by_label("lengths of the sequences").fill("7, 3")
    status = page.get_by_role("status")
    expect(status).to_have_text("output.data is (10, 16), h_n is (20, 2, 8), c_n is (20, 2, 8).")
    other = browser.new_page()
    other.goto(page.url)
    expect(other.get_by_role("status")).to_have_text(status.inner_text())
    assert other.locator("#answer").inner_text() == page.locator("#answer").inner_text()
    other.goto(page.url.partition("#")[0] + "#kind=GRU&batch_first=true")
    expect(other.get_by_role("status")).to_have_text("output is (2, 4, 8), h_n is (1, 2, 8).")
    other.go_back()
    expect(other.get_by_role("status")).to_have_text(status.inner_text())
    other.close()


@pytest.mark.parametrize("hash", ["#kind=Transformer&layout=x", "#x=1&submit", "#<img src=x>"])
def test_an_address_of_nothing(page: Page, hash: str) -> None:
    """What the form does not know is left out; nothing of it gets into the page."""
    (answer,) = page.evaluate(ASK, [hash])
    assert answer["rows"] == [list(row) for row in shapes(Layer("RNN", 5, 8), (4, 2, 5)).rows]


def test_fields_that_say_nothing_are_hidden(page: Page) -> None:
    """A cell has no layers and no steps, only an LSTM a projection, only packed input lengths."""
    shown = {
        ("RNN", "batched"): {*ARGUMENTS["RNN"], "N", "L"},
        ("LSTM", "unbatched"): {*ARGUMENTS["LSTM"], "L", "c_0"},
        ("GRU", "packed"): {*ARGUMENTS["GRU"], "lengths"},
        ("LSTMCell", "batched"): {"bias", "N", "c_0"},
        ("RNNCell", "batched"): {"bias", "nonlinearity", "N"},
        ("GRUCell", "unbatched"): {"bias"},
    }
    for (kind, layout), expected in shown.items():
        page.get_by_label("kind", exact=True).select_option(kind)
        page.get_by_label("layout", exact=True).select_option(layout)
        visible = page.locator("#layer [name]:visible").all()
        names = {field.get_attribute("name") for field in visible}
        always = {"text", "kind", "layout", "input_size", "hidden_size", "input", "h_0"}
        assert names == expected | always


def test_a_cell_takes_no_packed_input(page: Page) -> None:
    """The choice is not offered, and an address that makes it is read as a batch."""
    (answer,) = page.evaluate(ASK, ["#kind=GRUCell&layout=packed&N=3"])
    assert answer["title"] == "nn.GRUCell(5, 8), batched"
    expect(
        page.locator("#layout option[value=packed], #layout option:has-text('packed')")
    ).to_be_disabled()


def test_keyboard(page: Page) -> None:
    """Every field is reached and changed by keys alone, in the order in which it is read."""
    page.locator("#text").focus()
    keys = {
        "kind": "LSTM",
        "input_size": "6",
        "hidden_size": "9",
        "num_layers": "2",
        "bias": "",
        "batch_first": "",
        "dropout": "0.5",
        "bidirectional": " ",
        "proj_size": "4",
        "layout": "batched",
        "N": "3",
        "L": "7",
        "input": "",
        "h_0": "",
        "c_0": "",
    }
    for name, typed in keys.items():
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.name") == name
        page.keyboard.type(typed)
    expect(page.locator("#code")).to_have_text(
        "import torch from torch import nn output, (h_n, c_n) = nn.LSTM(6, 9, num_layers=2, "
        "batch_first=True, dropout=0.5, bidirectional=True, proj_size=4)(torch.randn(3, 7, 6))"
    )
    for rule in ("input-shape", "initial-hidden-shape"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == rule
    page.keyboard.press("Enter")
    page.wait_for_url("**/rules/initial-hidden-shape.html")


def test_names_for_a_screen_reader(page: Page) -> None:
    """Every field has a name, the answer is announced, and the picture is put into words."""
    for field in page.locator("#layer [name]").all():
        assert field.evaluate("field => field.labels.length") == 1
    image = page.locator("#picture").get_by_role("img")
    expect(image).to_have_accessible_name(
        "nn.RNN(5, 8, batch_first=True), unrolled from step 0 to step 3, from layer 0 at the bottom to "
        "layer 0 at the top. At the bottom enters input (N, L, H_in) = (2, 4, 5), step by step. At the "
        "top leaves output (N, L, D*H_out) = (2, 4, 8): the last layer at every step. At its "
        "sides each layer and direction starts from its part of h_0 (D*num_layers, N, H_out) = "
        "(1, 2, 8) and ends in its part of h_n (D*num_layers, N, H_out) = (1, 2, 8)."
    )
    expect(page.get_by_role("status")).to_have_text("output is (2, 4, 8), h_n is (1, 2, 8).")
    page.get_by_label("hidden_size", exact=True).fill("9")
    expect(page.get_by_role("status")).to_have_text("output is (2, 4, 9), h_n is (1, 2, 9).")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1250, 390])
@pytest.mark.parametrize(
    "hash", ["#kind=LSTM&num_layers=10&bidirectional=true", "#L=0&hidden_size="]
)
def test_accessible(browser: Browser, address: str, scheme: Any, width: int, hash: str) -> None:
    """Axe has no objection to form and answer, and the page is no wider than the window."""
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    page.goto(address + hash)
    results = Axe().run(page, context={"include": [["#layer"], ["#status"], ["#answer"]]})
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_pictures_of_rules(browser: Browser, site: Path) -> None:
    """The picture on each page stays within its frame, and its letters are those of the page."""
    page = browser.new_page(color_scheme="dark")
    for path in sorted((site / "rules").glob("*.html")):
        page.goto(path.as_uri())
        for svg in page.locator("article svg[role=img]").all():
            assert svg.evaluate(
                "svg => getComputedStyle(svg).color == getComputedStyle(document.body).color"
            )
            assert svg.evaluate("svg => svg.getBBox().width <= svg.viewBox.baseVal.width")
    page.close()


def test_shapes_fit_a_printed_page(browser: Browser, site: Path, tmp_path: Path) -> None:
    """The table of all shapes is one page of paper."""
    page = browser.new_page()
    page.goto((site / "shapes.html").as_uri())
    printed = page.pdf(prefer_css_page_size=True)
    page.close()
    assert printed.count(b"/Type /Page\n") == 1
