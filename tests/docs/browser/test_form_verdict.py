"""What the form says of a pasted text: it is right or wrong exactly where Python says so."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from rnn_contracts import Layer, expected_shapes
from rnn_contracts.layer import ARGUMENTS, CELLS, LAYERS

# Of many texts at once, what the page then shows.
PASTE = """texts => texts.map(text => {
  const field = document.getElementById("text");
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  const rows = [...document.querySelectorAll("#tensors tbody tr")];
  return {
    verdict: document.getElementById("status").dataset.verdict,
    status: document.getElementById("status").textContent,
    shapes: Object.fromEntries(rows.map((row) => [row.cells[0].textContent, row.cells[2].textContent])),
  };
})"""


def paste(page: Page, text: str) -> Any:
    """Paste the text; what the page then shows."""
    return page.evaluate(PASTE, [text])[0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "nn.LSTM(5, 8, 2, batch_first=True)\nx.shape (4, 7, 5)\nh.shape (4, 2, 8)",
            "Your h_0 is (4, 2, 8); expected (2, 4, 8) = (D*num_layers, N, H_out): axis 0, "
            "D*num_layers, is 4, expected 2; axis 1, N, is 2, expected 4. batch_first does not move the "
            "batch axis of a state: it is axis 1. Rule: initial-hidden-shape.",
        ),
        (
            "nn.GRU(5, 8, batch_first=True)\n(3, 4, 5)\nh (1, 4, 8)",
            "Your h_0 is (1, 4, 8); expected (1, 3, 8) = (D*num_layers, N, H_out): axis 1, N, is 4, "
            "expected 3. N is that of the input. The last batch of a DataLoader is often smaller. Rule: "
            "initial-hidden-shape.",
        ),
        (
            "nn.GRU(5, 8)\n(2, 4, 6)",
            "Your input is (2, 4, 6); expected (2, 4, 5) = (L, N, H_in): axis 2, H_in, is 6, "
            "expected 5. Rule: input-shape.",
        ),
        (
            "nn.GRU(5, 8, batch_first=True)\n(2, 5, 4)",
            "axis 2, H_in, is 4, expected 5. Axis 1 is 5: are the axes in the order (N, L, H_in)?",
        ),
        (
            "nn.GRU(5, 8)\n(2, 4, 5, 1)",
            "Your input is (2, 4, 5, 1), which has 4 axes; expected 3: (L, N, H_in). One sequence alone "
            "has 2 axes: (L, H_in).",
        ),
        (
            "nn.LSTM(5, 8, proj_size=3)\n(4, 2, 5)\nh (1, 2, 3)\nc (1, 2, 3)",
            "Your c_0 is (1, 2, 3); expected (1, 2, 8) = (D*num_layers, N, H_cell): axis 2, H_cell, is "
            "3, expected 8. Rule: initial-cell-shape.",
        ),
        ("nn.GRU(5, 8)\n(0, 4, 5)", "Your input has no steps: L is 0, expected at least 1."),
        (
            "nn.GRUCell(5, 8)\n(2, 4, 5)",
            "which has 3 axes; expected 2: (N, H_in). A cell takes one step, so there is no axis L.",
        ),
        (
            "nn.GRU(5, 8, batch_first=True)\n(2, 4, 5)\nlengths = [6, 2]",
            "The longest of the lengths is 6; expected at most L = 4, the steps of your input.",
        ),
        (
            "nn.GRU(5, 8, batch_first=True)\n(2, 4, 5)\nlengths = [4, 2, 1]",
            "axis 0, N, is 2, expected 3. There is one length for each sequence.",
        ),
        (
            "nn.LSTM(5, 8, proj_size=8)",
            "proj_size is 8, expected a whole number from 0 to hidden_size - 1",
        ),
        (
            "nn.GRU(5, 8, proj_size=3)",
            "nn.GRU has no argument proj_size; it takes input_size, hidden",
        ),
        (
            "nn.GRU(5, 8, hidden=3)",
            "nn.GRU has no argument hidden; it takes input_size, hidden_size",
        ),
        (
            "nn.GRUCell(5, 8, True, 2)",
            "nn.GRUCell takes 3 arguments by position; 2 is one too many.",
        ),
        ("nn.GRU(5)", "nn.GRU needs hidden_size, and the code gives none."),
        ("nn.GRU(*sizes)", "*sizes cannot be read here: write its arguments out."),
        ("nn.GRU(0, 8)", "input_size is 0, expected a whole number of at least 1"),
        ("nn.GRU(5, 8, dropout=2)", "dropout is 2, expected a number from 0 to 1"),
        ("nn.GRU(5, 8, batch_first=1)", "batch_first is 1 in your code; expected True or False."),
        (
            "nn.RNN(5, 8, 1, 'gelu')",
            "nonlinearity is gelu in your code; expected 'tanh' or 'relu'.",
        ),
        (
            "nn.LSTM(EMB, 8)",
            "input_size is EMB in your code. Type its number into the field input_size, or add a line "
            "such as EMB = 5.",
        ),
        (
            "nn.LSTM(2 * EMB, 8)",
            "input_size is 2 * EMB in your code. Type its number into the field input_size.",
        ),
        (
            "nn.LSTM(5, 8)\nRuntimeError: input.size(-1) must be equal to input_size. Expected 5, got 4",
            "The message says that the last axis of your input is 4; expected 5, the input_size of the "
            "layer. Rule: input-shape.",
        ),
        (
            "nn.GRU(5, 8, 2, batch_first=True)\n(4, 7, 5)\n"
            "Expected hidden size (2, 4, 8), got [4, 2, 8]",
            "Your h_0 is (4, 2, 8); expected (2, 4, 8) = (D*num_layers, N, H_out)",
        ),
        (
            "nn.LSTM(6, 8)\nRuntimeError: input.size(-1) must be equal to input_size. Expected 5, got 4",
            "The message is about another layer: there input_size is 5, here 6.",
        ),
        (
            "nn.LSTM(5, 8)\nRuntimeError: Expected hidden[0] size (2, 4, 8), got [4, 2, 8]",
            "The message is about another call: there h_0 has to be (2, 4, 8), here (1, 4, 8).",
        ),
    ],
)
def test_wrong(page: Page, site: Path, text: str, sentence: str) -> None:
    """One sentence names what is wrong, what is expected and what was got, and its rule is linked."""
    shown = paste(page, text)
    assert sentence in shown["status"]
    assert shown["verdict"] == "wrong"
    for link in page.locator("#status a").all():
        assert (site / (link.get_attribute("href") or "")).is_file()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "nn.GRU(5, 8)\n(2, 4, 5)",
            "The input is read as N = 4 sequences of L = 2 steps. If the first axis is to be N, "
            "the layer needs batch_first=True.",
        ),
        (
            "nn.GRU(5, 8, batch_first=True)\n(2, 4, 5)\nh (1, 2, 8)",
            "Right: your input (2, 4, 5) and h_0 (1, 2, 8) fit this layer.The input is read as N = 2 "
            "sequences of L = 4 steps.output is (2, 4, 8), h_n is (1, 2, 8).",
        ),
        ("nn.GRU(5, 8)\nh (1, 7, 8)", "Right: your h_0 (1, 7, 8) fits this layer."),
        ("nn.LSTMCell(5, 8)\nh (7, 8)", "Right: your h_0 (7, 8) fits this layer."),
        (
            "nn.GRU(5, 8, dropout=0.5)\n(4, 5)",
            "dropout does nothing in a single layer, and torch warns",
        ),
        ("nn.GRU(5, 8)\n(4, 5)\nout (4, 8)", "Not read: out (4, 8)."),
        ("nn.GRU(5, 8)\n(4, 5)\nc.shape (1, 8)", "Not compared: c_0. nn.GRU has no cell state."),
    ],
)
def test_right(page: Page, text: str, sentence: str) -> None:
    """What fits is said to fit, with how it is read and what else is to be known."""
    shown = paste(page, text)
    assert sentence in shown["status"]
    assert shown["verdict"] == "right"


def test_a_name_is_typed_as_a_number(page: Page) -> None:
    """The field of a name waits for its number, and then there is an answer."""
    paste(page, "nn.LSTM(EMB, 8)\nx.shape = (2, 4, 5)")
    expect(page.locator("#answer")).to_be_hidden()
    page.get_by_label("input_size").fill("5")
    expect(page.get_by_role("status")).to_contain_text(
        "Right: your input (2, 4, 5) fits this layer."
    )


def code_of(layer: Layer, chance: random.Random) -> str:
    """The line of code that makes the layer, written by position or by name, at random."""
    options = {name: getattr(layer, name) for name in ARGUMENTS[layer.kind]}
    by_position = chance.randint(0, len(options))
    written = [repr(value) for value in [*options.values()][:by_position]]
    written += [f"{name}={value!r}" for name, value in [*options.items()][by_position:]]
    return f"{chance.choice(('nn.', 'torch.nn.'))}{layer.kind}({', '.join(['5', '8', *written])})"


def random_layer(chance: random.Random) -> Layer:
    """A layer of any kind."""
    kind = chance.choice(LAYERS + CELLS)
    options: dict[str, Any] = {
        "num_layers": chance.choice((1, 2, 3, 10)),
        "nonlinearity": chance.choice(("tanh", "relu")),
        "proj_size": chance.choice((0, 3)),
        **{name: chance.choice((True, False)) for name in ("bias", "batch_first", "bidirectional")},
    }
    taken = {name: value for name, value in options.items() if name in ARGUMENTS[kind]}
    return Layer(kind, 5, 8, **taken)


def random_call(chance: random.Random) -> tuple[str, dict[str, tuple[int, ...]], bool]:
    """A text with code and shapes; the right shapes, none if the input is wrong; whether all fit."""
    layer = random_layer(chance)
    shape = [chance.choice((1, 2, 4, 7)) for _ in range(chance.choice((1, 2, 2, 2, 3, 3, 3, 4)))]
    shape[-1] = chance.choice((5, 5, 5, 6))
    packed = layer.kind in LAYERS and len(shape) == 2 and chance.random() < 0.4
    lengths = [shape[0] - 1, 1][shape[0] == 1 :] if packed else None
    text = f"{code_of(layer, chance)}\nx.shape = {tuple(shape)}"
    text += f"\nlengths = {lengths}" * packed
    try:
        shapes = expected_shapes(layer, shape, lengths)
    except ValueError:
        return text, {}, False
    state = [*shapes["h_0"]]
    if chance.random() < 0.3:
        state[chance.randrange(len(state))] += 1
    return f"{text}\nh.shape = {tuple(state)}", shapes, tuple(state) == shapes["h_0"]


def test_random_calls_are_judged_as_python_does(page: Page) -> None:
    """Shapes and verdict of code, x.shape, states and lengths are those of ``expected_shapes``."""
    chance = random.Random(25)
    calls = [random_call(chance) for _ in range(200)]
    assert sum(not shapes for _, shapes, _ in calls) > 30
    assert sum(fits for *_, fits in calls) > 60
    answers = page.evaluate(PASTE, [text for text, *_ in calls])
    for (text, shapes, fits), shown in zip(calls, answers, strict=True):
        assert shown["verdict"] == ("right" if fits else "wrong"), text
        for name, shape in shapes.items():
            told = shown["shapes"].get(name) or shown["shapes"][f"{name}.data"]
            assert told == str(shape), text
