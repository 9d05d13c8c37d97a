"""What ``shapes`` shows is what torch does."""

from __future__ import annotations

import doctest
import itertools
import re
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
from torch import nn

import rnn_contracts
from rnn_contracts import Layer, shapes
from rnn_contracts.citing import describe_call, describe_rule, picture
from rnn_contracts.citing.citations import address
from rnn_contracts.contracts import TENSORS
from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.rules import RULES

CALLS: list[tuple[Layer, tuple[int, ...], tuple[int, ...] | None]] = [
    (Layer(kind, 5, 8, num_layers=num_layers, batch_first=batch_first, bidirectional=both), *call)
    for kind, num_layers, batch_first, both in itertools.product(
        LAYERS, (1, 2, 10), (False, True), (False, True)
    )
    for call in (((2, 4, 5), None), ((4, 5), None), ((6, 5), (2, 4)))
]
CALLS += [(Layer(kind, 5, 8), shape, None) for kind in CELLS for shape in ((2, 5), (5,))]
CALLS += [(Layer("LSTM", 5, 8, proj_size=3), (2, 4, 5), None)]


# Torch's own, of how it computes.
@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize(("layer", "shape", "lengths"), CALLS, ids=str)
def test_code(layer: Layer, shape: tuple[int, ...], lengths: tuple[int, ...] | None) -> None:
    """The line of Python runs, and what it makes has the shapes that are shown."""
    call = shapes(layer, shape, lengths)
    made: dict[str, Any] = {"torch": torch, "nn": nn}
    exec(call.code, made)
    for name in call.shapes:
        if name in made:
            found = made[name].data if name == "output" and lengths else made[name]
            assert tuple(found.shape) == call.shapes[name]
    assert {name for name in TENSORS if name in made} >= {"output", "h_n"} or layer.kind in CELLS


def test_of_a_layer_of_torch() -> None:
    """A layer of torch gives what its arguments give, and a torch.Size what its numbers give."""
    layer = nn.RNN(5, 8, num_layers=10, batch_first=True)
    expected = shapes(Layer("RNN", 5, 8, num_layers=10, batch_first=True), (2, 4, 5))
    found = shapes(layer, torch.Size([2, 4, 5]))
    assert (repr(found), found._repr_html_()) == (repr(expected), expected._repr_html_())
    packed = nn.utils.rnn.pack_sequence([torch.zeros(3, 5), torch.zeros(2, 5)])
    lengths: Any = torch.tensor([3, 2])
    call = shapes(nn.GRU(5, 8), packed.data.shape, lengths)
    assert call.title == "nn.GRU(5, 8), packed, lengths [3, 2]"


def test_in_a_notebook() -> None:
    """The table with links to the rules, and the picture."""
    call = shapes(Layer("LSTM", 5, 8, proj_size=3), (2, 4, 5))
    tree = ElementTree.fromstring(f"<div>{call._repr_html_()}</div>")
    rows = [["".join(cell.itertext()) for cell in row] for row in tree.iter("tr")]
    assert rows == [["tensor", "shape", "here", "rule"], *map(list, call.rows)]
    assert [link.get("href") for link in tree.iter("a")] == [
        address(RULES[id]) for *_, id in call.rows
    ]
    assert call.svg() in call._repr_html_()


@pytest.mark.parametrize(("layer", "shape", "lengths"), CALLS[::7] + CALLS[-8:], ids=str)
def test_picture(layer: Layer, shape: tuple[int, ...], lengths: tuple[int, ...] | None) -> None:
    """A file of its own: well-formed, in words too, with every tensor and no field left open."""
    call = shapes(layer, shape, lengths)
    svg = call.svg()
    tree = ElementTree.fromstring(svg)
    words, texts = (
        tree.get("aria-label") or "",
        [text.text or "" for text in tree.iter() if text.text],
    )
    assert tree.tag == "{http://www.w3.org/2000/svg}svg"
    assert tree.get("role") == "img"
    for name, symbolic, numbers, _ in call.rows:
        tensor = name.removesuffix(".data")
        assert f"{tensor:<7}{symbolic} = {numbers}" in texts
        assert f"{symbolic} = {numbers}" in words
    assert not re.search(r"\{\w+\}", svg)


def test_picture_shows_every_state() -> None:
    """Each row of h_n sits at its own layer and direction; many layers are left out by name."""
    few = shapes(Layer("GRU", 5, 8, num_layers=3, bidirectional=True), (4, 2, 5)).svg()
    assert re.findall(r">h_n\[(\d+)\]", few) == ["4", "5", "2", "3", "0", "1"]
    many = shapes(Layer("LSTM", 5, 8, num_layers=10, bidirectional=True), (40, 2, 5)).svg()
    for state in "hc":
        assert re.findall(rf">{state}_n\[(\d+)\]", many) == ["18", "19", "2", "3", "0", "1"]
        assert re.findall(rf">{state}_0\[(\d+)\]", many) == ["18", "19", "2", "3", "0", "1"]
    assert re.findall(r">layer (\d+)", many) == ["9", "1", "0"]
    assert re.findall(r">t=(\d+)", many) == ["0", "1", "39"]


def boxes(svg: str, colour: str) -> list[tuple[int, int]]:
    """Where the boxes of a colour are: x, and y from the top."""
    return [
        (int(box.get("x", "")), int(box.get("y", "")))
        for group in ElementTree.fromstring(svg).iter()
        if group.get("stroke") == colour
        for box in group
    ]


def labels(svg: str, pattern: str) -> dict[str, int]:
    """The x of each text that is like the pattern."""
    return {text: int(x) for x, text in re.findall(rf'<text x="(\d+)"[^>]*>({pattern})<', svg)}


@pytest.mark.parametrize("kind", ["RNN", "LSTM"])
def test_picture_shows_where_states_start_and_end(kind: str) -> None:
    """Forward from left to right, backward from right to left; c beside h."""
    svg = shapes(Layer(kind, 5, 8, num_layers=2, bidirectional=True), (4, 2, 5)).svg()
    for state in "hc" if kind == "LSTM" else "h":
        at = labels(svg, rf"{state}_[0n]\[\d\]")
        for row in range(4):
            start, end = at[f"{state}_0[{row}]"], at[f"{state}_n[{row}]"]
            assert (start > end) == (row % 2 == 1)
    one = labels(shapes(Layer("GRU", 5, 8), (4, 2, 5)).svg(), r"h_[0n]\[0\]")
    assert one["h_0[0]"] < one["h_n[0]"]
    cell = labels(shapes(Layer("LSTMCell", 5, 8), (2, 5)).svg(), "[hc]_[01]")
    assert cell["h_0"] == cell["c_0"] < cell["h_1"] == cell["c_1"]


def test_picture_shows_both_halves_of_output() -> None:
    """At every step the forward half is above, in the colour of its cells and of its state."""
    forward, backward = picture.FORWARD, picture.BACKWARD
    svg = shapes(Layer("RNN", 5, 8, bidirectional=True), (3, 2, 5)).svg()
    upper, lower = (
        sorted(boxes(svg, it), key=lambda box: box[1])[:3] for it in (forward, backward)
    )
    assert [x for x, _ in upper] == [x for x, _ in lower]
    assert max(y for _, y in upper) < min(y for _, y in lower)
    halves = [int(x) for x in re.findall(r'<text x="(\d+)" y="\d+">(?:8:|:8)<', svg)]
    assert sorted(halves) == sorted([x + 22 for x, _ in upper] * 2)
    # Three halves, three cells, one state, and what the colour means.
    assert len(boxes(svg, forward)) == len(boxes(svg, backward)) == 8
    assert re.findall(r">(forward|backward), to the (right|left)<", svg) == [
        ("forward", "right"),
        ("backward", "left"),
    ]
    one = shapes(Layer("RNN", 5, 8), (3, 2, 5)).svg()
    assert (len(boxes(one, forward)), boxes(one, backward)) == (7, [])


def test_picture_highlights() -> None:
    """The tensors of a rule are in full strength, the others are not."""
    call = shapes(Layer("RNN", 5, 8), (4, 2, 5))
    assert 'opacity="0.6"' not in call.svg()
    dimmed = re.compile("h_0|input|output|>5<|>8<")
    for line in re.findall(r"<text [^>]*>[^<]*</text>", call.svg(["h_n"])):
        assert ('opacity="0.6"' in line) == bool(dimmed.search(line))


def test_picture_shows_the_batch() -> None:
    """Behind each box of a batch is a sheet more; one sequence, and packed ones, are without."""
    sheets = re.compile(r'<path d="([^"]*)" visibility="(\w+)"')
    note = "A sheet stands for each sequence: N = 2."
    layer = Layer("LSTM", 5, 8, bidirectional=True)
    for shape, lengths, seen in (
        ((4, 2, 5), None, True),
        ((4, 5), None, False),
        ((6, 5), (4, 2), False),
    ):
        svg = shapes(layer, shape, lengths).svg()
        ((path, visibility),) = sheets.findall(svg)
        assert path.count("M") == 12
        assert visibility == ("visible" if seen else "hidden")
        assert (f">{note}<" in svg) == seen


def test_letters_keep_their_size_on_a_phone() -> None:
    """Every picture fits into the 358 pixels that a phone has, and has no smaller letters than 12."""
    for layer, shape, lengths in CALLS:
        svg = shapes(layer, shape, lengths).svg()
        assert re.findall(r' width="(\d+)"', svg)[0] == "358"
        assert re.findall(r'font-size="(\d+)"', svg) == ["12"]


def test_templates() -> None:
    """There is a picture for every layer that can be chosen."""
    templates = picture.templates()
    for layer, shape, lengths in CALLS:
        assert picture.template_name(layer, shapes(layer, shape, lengths).steps) in templates


def test_errors() -> None:
    """They are those of ``expected_shapes``."""
    for arguments in ((3, (2, 4, 5)), (Layer("RNN", 5, 8), (2, 4, 6)), (Layer("RNN", 5, 8), "x")):
        with pytest.raises(ValueError, match="expected") as expected:
            rnn_contracts.expected_shapes(*arguments)
        with pytest.raises(ValueError, match=re.escape(str(expected.value))):
            shapes(*arguments)


def test_examples() -> None:
    """Those of the docstrings give what they say."""
    assert doctest.testmod(describe_call) == (0, 1)
    assert doctest.testmod(describe_rule) == (0, 4)
