"""The code of docs/silent-mistakes.md: what is wrong raises nothing, and what is right proves itself."""

from __future__ import annotations

import ast
import importlib
import re
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "silent-mistakes.md").read_text("utf-8")
START, *SECTIONS = re.split("^## ", PAGE, flags=re.MULTILINE)
DROPOUT = "dropout option adds dropout after all but last recurrent layer"


def blocks(section: str) -> list[str]:
    """Its blocks of Python."""
    return re.findall("^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def titled(section: str) -> str:
    """The title of a section."""
    return section.partition("\n")[0]


def run(code: str) -> dict[str, Any]:
    """The names that the code has bound, after the code that all examples begin with."""
    torch.manual_seed(0)
    names: dict[str, Any] = {}
    (start,) = blocks(START)
    exec(start + code, names)
    return names


each_section = pytest.mark.parametrize("section", SECTIONS, ids=titled)


@each_section
def test_wrong_code_is_silent(section: str) -> None:
    """It raises no error and, but for dropout, warns of nothing."""
    wrong = blocks(section)[0]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        run(wrong)
    expected = [DROPOUT] if "`dropout`" in titled(section) else []
    assert [str(it.message)[: len(DROPOUT)] for it in told] == expected
    # What is wrong stands in the text, not in an assertion of the reader's code.
    assert "assert" not in wrong


@each_section
@pytest.mark.filterwarnings(f"ignore:{DROPOUT}")
def test_right_code_proves_itself(section: str) -> None:
    """Its assertions hold, and do not hold after the wrong code."""
    wrong, *right = blocks(section)
    assert right
    for code in right:
        run(code)
        asserted = [node for node in ast.parse(code).body if isinstance(node, ast.Assert)]
        assert asserted
        names = run(wrong)
        with pytest.raises(AssertionError):
            exec("\n".join(map(ast.unparse, asserted)), names)


@each_section
def test_layout_of_a_section(section: str) -> None:
    """Wrong comes first, then right, then the rules behind them."""
    words = re.findall("^(Wrong:|Right|Rules?: )", section, re.MULTILINE)
    assert words[:2] == ["Wrong:", "Right"]
    assert words[-1].startswith("Rule")
    assert len(words) == len(blocks(section)) + 1


def test_shapes_of_the_text() -> None:
    """What the text says of shapes and of the order of numbers."""
    found = {titled(section): run(blocks(section)[0]) for section in SECTIONS[:8]}
    assert found["`output[-1]` with `batch_first=True`"]["last"].shape == (4, 8)
    assert found["`batch_first=True` forgotten"]["output"].shape == (2, 4, 8)
    assert found["`batch_first=True` forgotten"]["h_n"].shape == (1, 4, 8)
    pair = found["`state[-1]` of an LSTM"]
    assert pair["last"] is pair["state"][1]
    assert pair["last"].shape == (1, 2, 8)
    read = found["`output[:, -1]` with two directions"]
    assert torch.equal(read["last"][:, :8], read["h_n"][0])


def test_backward_through_a_part_twice() -> None:
    """The error of which the section on ``detach`` speaks, and what silences it."""
    layer = nn.GRU(5, 8, batch_first=True)
    output, h_n = layer(torch.randn(2, 2, 5))
    output.sum().backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        layer(torch.randn(2, 2, 5), h_n)[0].sum().backward()
    output, h_n = layer(torch.randn(2, 2, 5))
    output.sum().backward(retain_graph=True)
    layer(torch.randn(2, 2, 5), h_n)[0].sum().backward()


def test_pictures_show_what_torch_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of words and of states in them is that of ``view`` and ``transpose``."""
    monkeypatch.syspath_prepend(str(DOCS))
    pictures = importlib.import_module("lesson_pictures")
    words = [word for sentence in pictures.WORDS for word in sentence]
    x = torch.arange(8).view(2, 4)
    for svg, read in zip(pictures.transposed(), (x.view(4, 2), x.transpose(0, 1)), strict=True):
        first, second = (" ".join(words[k] for k in column) for column in read.T.tolist())
        assert f"The layer reads {first} and {second}." in svg
        drawn = [word for word in re.findall(r">(\w+)<", svg) if word in words]
        assert drawn == [words[k] for k in read.flatten().tolist()]
    h_n = torch.arange(4).view(2, 2)
    flat = h_n.view(2, -1), h_n.transpose(0, 1).reshape(2, -1)
    for svg, rows in zip(pictures.flattened(), flat, strict=True):
        drawn = re.findall(r">(h_n\[\d, \d\])<", svg)
        assert drawn == [f"h_n[{k // 2}, {k % 2}]" for k in rows.flatten().tolist()]
