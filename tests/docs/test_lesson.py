"""The lesson as the site has it: the notebook that is offered is the page, and is whole."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from rnn_contracts.citing.citations import SITE

from .conftest import DOCS

NAMES = ("lesson", "lesson.ko")
each_page = pytest.mark.parametrize("name", NAMES)


def read_notebook(site: Path, name: str) -> dict[str, Any]:
    """The notebook to which the page links."""
    page = (site / f"{name}.html").read_text("utf-8")
    (link,) = re.findall(r'href="(_downloads/[^"]*\.ipynb)"', page)
    assert Path(link).name == f"{name}.ipynb"
    made = json.loads((site / link).read_text("utf-8"))
    assert isinstance(made, dict)
    return made


@each_page
def test_cells_of_the_notebook(site: Path, name: str) -> None:
    """Every block of code is a cell that has been run, and has the output of the page."""
    page = (DOCS / f"{name}.md").read_text("utf-8")
    expected = re.findall(r"^```(?:python|text)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    found, counts = [], []
    for cell in read_notebook(site, name)["cells"]:
        if cell["cell_type"] == "code":
            found.append(cell["source"] + "\n")
            found += [output["text"] for output in cell["outputs"]]
            counts.append(cell["execution_count"])
    assert found == expected
    assert counts == [*range(1, 1 + page.count("```python"))]


@each_page
def test_text_of_the_notebook(site: Path, name: str) -> None:
    """It has all headings and pictures of the page, links to the site, and nothing of MyST."""
    page = (DOCS / f"{name}.md").read_text("utf-8")
    cells = read_notebook(site, name)["cells"]
    text = "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "markdown")
    headings = re.compile("^#+ .*", re.MULTILINE)
    assert headings.findall(text) == headings.findall(
        re.sub("```.*?```", "", page, flags=re.DOTALL)
    )
    assert not re.search(r"\{[\w-]+\}|```|\.md\b", text)
    links = re.findall(r"\]\((https:[^)#]*)", text)
    assert len(links) > 10
    assert [link for link in links if not (site / link.removeprefix(SITE)).is_file()] == []
    attached: dict[str, dict[str, str]] = {}
    for cell in cells:
        attached |= cell.get("attachments", {})
        assert re.findall(r"attachment:([\w.-]+)", str(cell["source"])) == [
            *cell.get("attachments", {})
        ]
    shown = (site / f"{name}.html").read_text("utf-8").count('role="img"')
    assert len(attached) == shown == 7
    for picture in attached.values():
        svg = ElementTree.fromstring(base64.b64decode(picture["image/svg+xml"]))
        assert svg.get("aria-label")


@each_page
def test_form_of_the_notebook(site: Path, name: str) -> None:
    """It has the fields that version 4.5 of the format asks for."""
    made = read_notebook(site, name)
    assert (made["nbformat"], made["nbformat_minor"]) == (4, 5)
    assert made["metadata"]["kernelspec"]["name"] == "python3"
    ids = [cell["id"] for cell in made["cells"]]
    assert len({*ids}) == len(ids)
    for cell in made["cells"]:
        code = {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
        assert {*cell} - {"attachments"} == {"cell_type", "id", "metadata", "source"} | code


def test_language_of_a_page(site: Path) -> None:
    """The Korean text says that it is Korean, and the English pages say nothing."""
    assert '<div lang="ko">' in (site / "lesson.ko.html").read_text("utf-8")
    assert 'lang="ko"' not in (site / "lesson.html").read_text("utf-8")
