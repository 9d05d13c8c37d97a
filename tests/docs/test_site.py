"""The site has a page for each rule at its permanent address, and tells other projects so."""

from __future__ import annotations

import re
import zlib
from html.parser import HTMLParser
from pathlib import Path

import pytest

from rnn_contracts import RULES, Layer, Rule, __version__, contracts
from rnn_contracts.citing import describe_rule, describe_runs
from rnn_contracts.citing.citations import CITATIONS, SITE, address
from rnn_contracts.contracts import TENSORS

PICTURED_LAWS = ("final-hidden-is-last-output", "directions-concatenate", "hidden-layout")


class Text(HTMLParser):
    """The text of a page, and the attributes of its elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def __str__(self) -> str:
        return " ".join("".join(self.parts).split())


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_page_of_a_rule(site: Path, rule: Rule) -> None:
    """Its address is the one that is cited, and all that is known of the rule is on it."""
    path = site / address(rule).removeprefix(SITE)
    page = Text(path.read_text("utf-8"))
    said = [rule.id, rule.says, rule.condition, rule.source, describe_rule.command(rule)]
    said += [title for title, _ in describe_rule.pitfalls(rule)]
    said += [line.rpartition("): ")[0] for line in describe_rule.deviations(rule)]
    said += [describe_rule.as_tuple(shape) for shape in rule.shapes.values()]
    runs = describe_runs.of_rule(rule)
    basis = runs["basis"][0]
    said += [basis[:1].upper() + basis[1:], rule.where, *rule.symbols.values()]
    said += [*rule.recipes, *rule.recipes.values(), *runs["refused means"]]
    said += [rule.test]
    said += [cite(rule) for cite in CITATIONS.values()]
    said += [f":rnn-rule:`{rule.id}`", f".. rnn-rule:: {rule.id}", f"{{rnn-rule}}`{rule.id}`"]
    assert [text for text in said if " ".join(text.split()) not in str(page)] == []
    pictures = [
        attributes for tag, attributes in page.attributes if attributes.get("role") == "img"
    ]
    assert len(pictures) == (rule.family == "shape" or rule.id in PICTURED_LAWS)
    for picture in pictures:
        layers = re.findall(r"nn\.(\w+)\(", picture["aria-label"] or "")
        assert layers
        assert {*layers} <= {*rule.layers}
    # Dimmed in the picture are the tensors of which the rule does not speak.
    dimmed = "".join(re.findall(r'<text [^>]*opacity="0\.6">([^<]*)', path.read_text("utf-8")))
    for layer in map(Layer, layers if pictures else [], [1], [2]):
        for name in contracts.tensors(layer):
            assert (f"{name} " in dimmed) == (name not in (rule.tensors or TENSORS))


def test_inventory(site: Path) -> None:
    """Every rule is an object that intersphinx finds, by a label of its own, at its address."""
    *head, compressed = (site / "objects.inv").read_bytes().split(b"\n", 4)
    assert head[1:3] == [b"# Project: rnn-contracts", f"# Version: {__version__}".encode()]
    objects = {}
    for line in zlib.decompress(compressed).decode().splitlines():
        name, role, _, location, title = line.split(" ", 4)
        objects[role, name] = (location.replace("$", name), title)
    for rule in RULES.values():
        label = f"rnn-rule-{rule.id}"
        location = address(rule).removeprefix(SITE)
        assert objects["std:label", label] == (f"{location}#{label}", rule.id)


def test_table_of_all_shapes(site: Path) -> None:
    """Every symbolic shape of the contract is on the page that is to be printed."""
    page = str(Text((site / "shapes.html").read_text("utf-8")))
    shapes = {describe_rule.as_tuple(it) for rule in RULES.values() for it in rule.shapes.values()}
    assert [shape for shape in shapes if shape not in page] == []


def test_the_index_says_what_refused_means(site: Path) -> None:
    """Above the refusals, so that nobody takes a deviation for an accepted call."""
    page = str(Text((site / "rules" / "index.html").read_text("utf-8")))
    assert f"Refused means: {describe_runs.REFUSED_MEANS}." in page


def test_what_an_address_can_point_at(site: Path) -> None:
    """In the list of rules each rule, and in the table of shapes each tensor, of layers and of cells."""
    rules = Text((site / "rules" / "index.html").read_text("utf-8"))
    assert {*RULES} <= {attributes.get("id") for _, attributes in rules.attributes}
    shapes = Text((site / "shapes.html").read_text("utf-8"))
    ids = [attributes["id"] for _, attributes in shapes.attributes if "id" in attributes]
    assert len(ids) == len({*ids})
    assert {*TENSORS, "cell-h_0", "cell-c_0", "weight_ih", "bias_hh"} - {"h_1", "c_1"} <= {*ids}
    assert {"cell-h_1", "cell-c_1"} <= {*ids}


def test_every_page_is_described(site: Path) -> None:
    """To search engines and where its link is shown, by no more than they show; it has an icon."""
    for path in site.rglob("*.html"):
        attributes = Text(path.read_text("utf-8")).attributes
        icons = [
            it["href"] for tag, it in attributes if tag == "link" and "icon" in (it["rel"] or "")
        ]
        assert icons == ["_static/favicon.svg" if path.parent == site else "../_static/favicon.svg"]
        said = {
            it.get("name") or it.get("property"): it["content"]
            for tag, it in attributes
            if tag == "meta" and "content" in it
        }
        if path.name in ("404.html", "search.html"):
            continue
        assert 20 < len(said["description"] or "") <= 204, path
        assert said["og:description"] == said["description"]
        assert said["og:title"]
        assert said["og:url"] == f"{SITE}{path.relative_to(site).as_posix()}"
    page = Text((site / "rules" / "final-hidden-shape.html").read_text("utf-8"))
    says = f"{RULES['final-hidden-shape'].says}."
    assert ("meta", {"name": "description", "content": says}) in page.attributes


def test_pages_are_light(site: Path) -> None:
    """No page is heavier than one that has everything of its kind."""
    heavy = {path.name: path.stat().st_size for path in site.rglob("*.html")}
    assert {name: size for name, size in heavy.items() if size > 250_000} == {}
