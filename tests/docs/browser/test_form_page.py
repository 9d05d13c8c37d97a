"""The page around the answer: messages, parameters, the address, copying, and no JavaScript."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from rnn_contracts import RULES, Layer, parameter_shapes
from rnn_contracts.citing.describe_error import find
from rnn_contracts.layer import ARGUMENTS, CELLS, GATES, LAYERS
from rnn_contracts.messages import MESSAGES

# Of many messages at once, what the page then says of each.
EXPLAIN = """messages => messages.map(message => {
  const field = document.getElementById("text");
  field.value = message;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  const said = document.getElementById("message");
  return {
    hidden: said.hidden,
    quoted: said.querySelector("blockquote").textContent,
    means: document.getElementById("means").textContent,
    causes: [...said.querySelectorAll("li")].map((cause) => cause.textContent),
    mend: document.getElementById("mend").textContent,
    links: [...said.querySelectorAll("a")].map((link) => link.getAttribute("href")),
  };
})"""
PARAMETERS = """() => [...document.querySelectorAll("#layer-parameters tbody tr")].map(
  (row) => [...row.cells].map((cell) => cell.textContent))"""
HAVE = "rnn = nn.LSTM(5, 8, 2, batch_first=True)\nx.shape = (2, 4, 5)"


def test_messages_are_explained(page: Page) -> None:
    """Meaning, causes, mending lines and rules are those that ``rnn-contracts why`` prints."""
    texts = [message.example for message in MESSAGES]
    texts += [f"Traceback (most recent call last):\n  File\n{text}" for text in texts]
    texts.append("Expected hidden size (2, 4, 8),\n  got [4, 2, 8]")
    for text, said in zip(texts, page.evaluate(EXPLAIN, texts), strict=True):
        found = find(text)
        assert found
        known = found.message
        assert said["quoted"] in text
        assert not said["hidden"]
        assert (said["means"], said["mend"]) == (known.means, known.mend)
        assert said["causes"] == [*known.causes]
        rules = [f"rules/{rule}.html" for rule in known.rules]
        assert said["links"] == [*rules, f"errors.html#{known.id}"]


def test_a_message_without_code_is_not_compared(page: Page) -> None:
    """The layer that the form begins with is nobody's own, even after a reload."""
    page.get_by_label("code, shapes or an error message").fill(
        "RuntimeError: Expected hidden size (2, 4, 8), got [4, 2, 8]"
    )
    page.wait_for_url("**#text=*")
    for _ in range(2):
        expect(page.locator("#means")).to_be_visible()
        expect(page.locator("#answer")).to_be_hidden()
        expect(page.get_by_role("status")).to_have_text(
            "Paste the line that makes the layer as well: then the sizes are compared."
        )
        page.reload()


def test_parameters(page: Page) -> None:
    """Names, shapes and rules of the parameters are those of ``parameter_shapes``."""
    for kind in LAYERS + CELLS:
        for options in (
            {},
            {"bias": False},
            {"num_layers": 2},
            {"num_layers": 10, "bidirectional": True},
            {"num_layers": 3, "proj_size": 3, "bidirectional": True},
        ):
            taken: Any = {name: it for name, it in options.items() if name in ARGUMENTS[kind]}
            layer = Layer(kind, 5, 8, **taken)
            page.get_by_label("code, shapes or an error message").fill(str(layer))
            shown = {}
            for name, _, shape, rule in page.evaluate(PARAMETERS):
                assert name.partition("_l")[0] in RULES[rule].tensors
                layers = range(1, layer.num_layers) if "[k]" in name else [0]
                for k in layers:
                    shown[name.replace("[k]", str(k))] = shape
            if layer.bidirectional:
                expect(page.locator("#naming")).to_contain_text("again, with _reverse at the end")
                shown |= {f"{name}_reverse": shape for name, shape in shown.items()}
            assert shown == {name: str(it) for name, it in parameter_shapes(layer).items()}


def test_order_of_the_gates(page: Page) -> None:
    """The rows of each gate are told as slices, in the order of torch's documentation."""
    for kind, quote in RULES["gates-are-ordered"].quote.items():
        assert "|".join(f"W_i{gate}" for gate in GATES[kind]) in quote
        page.get_by_label("kind", exact=True).select_option(kind)
        rows = [f"{gate} is [{8 * i}:{8 * i + 8}]" for i, gate in enumerate(GATES[kind])]
        expect(page.locator("#gates")).to_contain_text(f"bias_hh: {', '.join(rows)}. Rule:")
    page.get_by_label("kind", exact=True).select_option("RNN")
    expect(page.locator("#gates")).to_be_empty()


def test_it_starts_with_the_lesson(page: Page) -> None:
    """The first answer is that of the first lesson, and the address is still plain."""
    expect(page.locator("#tensors caption")).to_have_text(
        "nn.RNN(5, 8, batch_first=True), batch first"
    )
    expect(page.get_by_role("status")).to_have_text("output is (2, 4, 8), h_n is (1, 2, 8).")
    assert "#" not in page.url


def test_address_holds_the_text(page: Page, browser: Browser) -> None:
    """Who opens the address sees text, verdict and answer, also where a field was changed later."""
    page.get_by_label("code, shapes or an error message").fill(f"{HAVE}\nh.shape = (2, 2, 9)")
    page.get_by_role("checkbox", name="batch_first").uncheck()
    page.get_by_label("shape of your h_0").fill("[2, 4, 9]")
    status = page.get_by_role("status")
    expect(status).to_contain_text("Your h_0 is (2, 4, 9); expected (2, 4, 8)")
    other = browser.new_page()
    other.goto(page.url)
    expect(other.get_by_role("status")).to_have_text(status.text_content() or "")
    expect(other.locator("#text")).to_have_value(f"{HAVE}\nh.shape = (2, 2, 9)")
    assert other.locator("#answer").inner_text() == page.locator("#answer").inner_text()
    other.close()


def test_unknown_parts_of_an_address_are_told(page: Page, address: str) -> None:
    """They are told, and still told after a change and a reload."""
    page.goto(f"{address}#kind=lstm&batch_first=1&hidden_size=9&colour=red")
    page.reload()
    page.get_by_label("input_size").fill("6")
    for _ in range(2):
        expect(page.get_by_role("status")).to_contain_text(
            "Not known, and left out: kind=lstm, batch_first=1, colour=red."
        )
        expect(page.locator("#tensors caption")).to_have_text("nn.RNN(6, 9), sequence first")
        page.reload()


def test_a_shape_without_code_is_of_the_layer_below(page: Page) -> None:
    """It is said of which layer the verdict is; and what is missing beside a message."""
    field = page.get_by_label("code, shapes or an error message")
    field.fill("(2, 4, 5)")
    expect(page.get_by_role("status")).to_contain_text("The layer is the one that is chosen below.")
    field.fill(f"{HAVE}\n")
    expect(page.get_by_role("status")).not_to_contain_text("chosen below")
    field.fill("nn.GRU(5, 8)\nRuntimeError: RNN: Expected input to be 2D or 3D, got 4D instead")
    expect(page.get_by_role("status")).to_contain_text(
        "Paste x.shape as well: then it is compared."
    )


def test_a_shape_goes_with_its_line(page: Page) -> None:
    """The layer stays where the next text has no code, a shape does not."""
    field = page.get_by_label("code, shapes or an error message")
    field.fill(HAVE)
    field.fill("x.shape = (3, 4, 5)")
    expect(page.locator("#tensors caption")).to_have_text(
        "nn.LSTM(5, 8, num_layers=2, batch_first=True), batch first"
    )
    field.fill("")
    expect(page.get_by_label("shape of your input")).to_have_value("")


@pytest.mark.parametrize("written", ["[4, 2]", "(4, 2)", "4 2", "4,2", "4, 2,", "tensor([4, 2])"])
def test_lists_are_taken(page: Page, written: str) -> None:
    """A field takes a list as Python prints it."""
    page.get_by_label("layout").select_option("packed")
    page.get_by_label("lengths of the sequences").fill(written)
    page.get_by_label("shape of your input").fill("torch.Size([6, 5])")
    page.get_by_label("shape of your h_0").fill("(1, 2, 8)")
    expect(page.get_by_role("status")).to_contain_text(
        "Right: your input (6, 5) and h_0 (1, 2, 8) fit this layer."
    )


def test_copy(page: Page) -> None:
    """One button copies the code, the other the address."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_label("code, shapes or an error message").fill(HAVE)
    page.get_by_role("button", name="Copy the code").click()
    expect(page.locator("#copied")).to_have_text("The code is copied.")
    code = page.evaluate("navigator.clipboard.readText()")
    assert code == page.locator("#code").inner_text()
    assert code.startswith("import torch\n")
    page.get_by_role("button", name="Copy a link to this answer").click()
    expect(page.locator("#copied")).to_have_text("The link is copied.")
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_copying_that_is_not_allowed_is_told(page: Page) -> None:
    """Some browsers let no page copy."""
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
    page.get_by_role("button", name="Copy the code").click()
    expect(page.locator("#copied")).to_have_text(
        "Copying is not allowed here. Select the code above."
    )


def test_typing_changes_the_address_once(page: Page) -> None:
    """Browsers refuse a page that changes its address with every key."""
    page.evaluate("""() => {
      const replace = history.replaceState.bind(history);
      window.written = 0;
      history.replaceState = (...parts) => { window.written++; replace(...parts); };
    }""")
    page.get_by_label("code, shapes or an error message").press_sequentially("nn.GRU(5, 8)")
    page.wait_for_url("**/what-shape.html#text=nn.GRU*")
    assert page.evaluate("window.written") < 4


def test_no_id_is_there_twice(page: Page) -> None:
    """The table below the form has addresses of its own."""
    ids = page.evaluate("() => [...document.querySelectorAll('[id]')].map((it) => it.id)")
    assert len(ids) == len({*ids})


def test_without_javascript(browser: Browser, address: str) -> None:
    """The page says so first, links the table, shows it, and shows neither form nor empty table."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    first = page.locator("article p:visible").first
    expect(first).to_have_text(re.compile("^This form needs JavaScript, which is off here."))
    first.get_by_role("link").click()
    assert page.url.endswith("#all-shapes")
    for hidden in ("form", "#status", "#message", "#answer"):
        expect(page.locator(f"article {hidden}")).to_be_hidden()
    tables = page.locator("article table:visible")
    assert "(D*num_layers, N, H_out)" in tables.first.inner_text()
    for table in tables.all():
        assert table.locator("tbody tr").count() > 1
    context.close()


def test_weight(site: Path) -> None:
    """The page and its scripts are lighter than one photograph."""
    scripts = ("pasted.js", "fields.js", "call.js", "what-shape.js")
    files = [site / "what-shape.html", *(site / "_static" / name for name in scripts)]
    assert sum(path.stat().st_size for path in files) < 250_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_accessible(browser: Browser, address: str, scheme: Any, width: int) -> None:
    """Axe has no objection to verdict, message and answer, and the page fits the window."""
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    page.goto(address)
    for message in ("", "\nRuntimeError: Expected hidden[0] size (2, 2, 8), got [2, 4, 8]"):
        page.get_by_label("code, shapes or an error message").fill(HAVE + message)
        results = Axe().run(page, context={"include": [["#what-shape"]]})
        assert results.violations_count == 0, results.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
