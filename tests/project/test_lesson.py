"""The lesson: its cells print what the page says, and both languages have the same cells."""

from __future__ import annotations

import ast
import contextlib
import io
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("lesson.md", "lesson.ko.md")
# What the seed notebook prints, in its order; then the lesson goes on.
SEED = [
    "2, 4, 5",
    "2, 4, 8",
    "1, 2, 8",
    "2, 4, 8",
    "10, 2, 8",
    "2, 4, 16",
    "2, 2, 8",
    *["2, 8"] * 3,
]


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def cells(name: str) -> list[tuple[str, str]]:
    """The code of each cell of a page, and what it prints."""
    cell = r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```)?"
    return re.findall(cell, page(name), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", PAGES)
def test_cells_print_what_the_page_says(name: str) -> None:
    """Run one after the other, as in a notebook."""
    names: dict[str, object] = {}
    for source, expected in cells(name):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(source, names)
        assert printed.getvalue() == expected
    assert page(name).count("```text") == sum(bool(expected) for _, expected in cells(name))


@pytest.mark.parametrize("name", PAGES)
def test_shapes_of_the_seed_notebook(name: str) -> None:
    """They come in its order, and every equality that the lesson tells is true."""
    printed = "".join(expected for _, expected in cells(name))
    shapes = re.findall(r"torch\.Size\(\[(.*?)\]\)", printed)
    assert shapes[: len(SEED)] == SEED
    assert "False" not in printed


def test_both_languages_have_the_same_cells() -> None:
    """But for the comments; pictures, rules and headings are the same, in the same order."""
    english, korean = (
        [(ast.dump(ast.parse(source)), printed) for source, printed in cells(name)]
        for name in PAGES
    )
    assert len(english) > 20
    assert english == korean
    for what in (r"generated/[\w-]+\.html", r"\{rnn-rule\}`[\w-]+`"):
        first, second = (re.findall(what, page(name)) for name in PAGES)
        assert first == second != []
    first, second = (re.findall("^#+ ", page(name), re.MULTILINE) for name in PAGES)
    assert first == second
