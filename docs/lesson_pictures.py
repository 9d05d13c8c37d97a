"""The pictures of the lesson and of the page of silent mistakes, by name; each is one SVG or several."""

from __future__ import annotations

from collections.abc import Collection

from grids import Bar, Grid, draw

from rnn_contracts import Layer, shapes
from rnn_contracts.citing.picture import BACKWARD, FORWARD, GREY

WORDS = (("I", "am", "a", "student"), ("You", "are", "a", "teacher"))
SENTENCES = ("#8957e5", "#2da44e")
"""The colours of the two sentences; those of the two directions are the picture's."""

ALL = "the two sentences I am a student and You are a teacher"


def pictures() -> dict[str, list[str]]:
    """Return all pictures."""
    return {
        "inputs": [inputs()],
        **{name: [shapes(layer, (2, 4, 5)).svg()] for name, layer in LESSON.items()},
        "layouts": [layout(batch_first=True), layout(batch_first=False)],
        "hidden": [hidden()],
        "last-step": last_step(),
        "words-read": words_read(),
        "padding": padding(),
        "transposed": transposed(),
        "flattened": flattened(),
    }


LESSON = {
    "one-layer": Layer("RNN", 5, 8, batch_first=True),
    "ten-layers": Layer("RNN", 5, 8, num_layers=10, batch_first=True),
    "two-directions": Layer("RNN", 5, 8, batch_first=True, bidirectional=True),
}
"""The layers of the lesson, by the names of their pictures; their input is (2, 4, 5)."""


def files() -> dict[str, str]:
    """Return the pictures as parts of a page: those of a name side by side, where there is room."""
    return {
        f"generated/{name}.html": f'<div class="pictures" lang="en">{"".join(svgs)}</div>\n'
        for name, svgs in pictures().items()
    }


def sentence(title: str, n: int, cells: int, chosen: Collection[int] = ()) -> Grid:
    """A grid of one sentence: a row for each word."""
    return Grid(
        title,
        [(word, [Bar(SENTENCES[n], cells, chosen=t in chosen)]) for t, word in enumerate(WORDS[n])],
    )


def step(title: str, t: int, cells: int, *, chosen: bool = False) -> Grid:
    """A grid of one step: a row for each sentence."""
    return Grid(title, [(WORDS[n][t], [Bar(SENTENCES[n], cells, chosen=chosen)]) for n in (0, 1)])


def inputs() -> str:
    """The axes of the input."""
    columns = [[sentence(f"inputs[{n}]", n, 5)] for n in (0, 1)]
    return draw(
        f"inputs (2, 4, 5) are {ALL}: a grid for each of N = 2 sentences, in it a row for each of "
        "L = 4 words, in it H_in = 5 numbers.",
        *columns,
        cell=18,
        title="N = 2 grids, L = 4 rows, H_in = 5 cells",
    )


def layout(*, batch_first: bool) -> str:
    """Input, output and state of one layer in one of the layouts."""
    if batch_first:
        given = [sentence(f"inputs[{n}]", n, 5) for n in (0, 1)]
        made = [sentence(f"outputs[{n}]", n, 8, chosen=[3]) for n in (0, 1)]
    else:
        given = [step(f"inputs[{t}]", t, 5) for t in range(4)]
        made = [step(f"outputs[{t}]", t, 8, chosen=t == 3) for t in range(4)]
    made.append(step("hidden[0] (2, 8)", 3, 8, chosen=True))
    names = ("N", "L") if batch_first else ("L", "N")
    first, second = ({"N": "N = 2 sentences", "L": "L = 4 words"}[name] for name in names)
    return draw(
        f"batch_first={batch_first}: inputs and outputs have a grid for each of {first}, in it a row "
        f"for each of {second}. The rows of outputs at the last words are those of hidden[0], "
        "which has a row for each sentence in both layouts.",
        given,
        made,
        cell=12,
        title=f"batch_first={batch_first}: ({names[0]}, {names[1]}, H)",
    )


def halves(n: int, texts: Collection[tuple[str, str]], chosen: Collection[tuple[int, int]]) -> Grid:
    """The output of both directions for a sentence; ``chosen`` are pairs of a word and a half."""
    rows = []
    for t, (word, pair) in enumerate(zip(WORDS[n], texts, strict=True)):
        colours = zip((FORWARD, BACKWARD), pair, strict=True)
        bars = [
            Bar(colour, 8, text, chosen=(t, half) in chosen)
            for half, (colour, text) in enumerate(colours)
        ]
        rows.append((word, bars))
    return Grid(f"outputs[{n}]", rows)


def hidden() -> str:
    """The two directions of a state, and where they are in the output."""
    made = [halves(n, [(":8", "8:")] * 4, [(3, 0), (0, 1)]) for n in (0, 1)]
    ends = ((0, "forward", FORWARD, 3), (1, "backward", BACKWARD, 0))
    states = [
        Grid(
            f"hidden[{row}] (2, 8) {direction}",
            [(WORDS[n][t], [Bar(colour, chosen=True)]) for n in (0, 1)],
        )
        for row, direction, colour, t in ends
    ]
    return draw(
        "outputs (2, 4, 16) have at each word a forward half :8 and a backward half 8:. hidden[0] is "
        "(2, 8), the forward halves at the last words; hidden[1] is (2, 8), the backward halves at the "
        "first words.",
        made,
        states,
        cell=6,
    )


def last_step() -> list[str]:
    """Output[-1] and output[:, -1] with batch_first."""
    wrong, right = (
        [sentence(f"output[{n}]", n, 8, chosen=words) for n, words in enumerate(chosen)]
        for chosen in ([(), range(4)], [[3], [3]])
    )
    return [
        draw("output[-1] is every word of the last sentence.", wrong, title="Wrong: output[-1]"),
        draw(
            "output[:, -1] is the last word of every sentence.", right, title="Right: output[:, -1]"
        ),
    ]


def words_read() -> list[str]:
    """How many words each half of the output has read."""
    texts = [(f"read {t + 1}", f"read {4 - t}") for t in range(4)]
    pictures = []
    for title, chosen, told in (
        ("Wrong: output[:, -1]", [(3, 0), (3, 1)], "has read one word only"),
        ("Right: h_n[-2] and h_n[-1]", [(3, 0), (0, 1)], "stands at the first word"),
    ):
        grid = halves(0, texts, chosen)
        alternative = (
            f"{title}. The forward half at the last word has read 4 words; the backward half that is "
            f"taken {told}."
        )
        pictures.append(draw(alternative, [Grid("output[0]", grid.rows)], cell=9, title=title))
    return pictures


def padding() -> list[str]:
    """The last step of a padded sentence."""
    pictures = []
    for title, last in (("Wrong: output[:, -1]", 3), ("Right: h_n of packed input", 1)):
        rows = [
            (word, [Bar(GREY if word == "(pad)" else SENTENCES[1], chosen=t == last)])
            for t, word in enumerate(("You", "win", "(pad)", "(pad)"))
        ]
        grids = [sentence("output[0]", 0, 8, chosen=[3]), Grid("output[1]", rows)]
        taken = "a step of padding" if last == 3 else "its last word, win"
        told = f"{title}. Of the sentence You win, padded to four steps, {taken} is taken."
        pictures.append(draw(told, grids, title=title))
    return pictures


def transposed() -> list[str]:
    """What view and transpose make of a batch."""
    flat = [(n, word) for n in (0, 1) for word in WORDS[n]]
    orders = {
        "Wrong: x.view(4, 2, 5)": [flat[k : k + 2] for k in range(0, 8, 2)],
        "Right: x.transpose(0, 1)": [[flat[t], flat[4 + t]] for t in range(4)],
    }
    pictures = []
    for title, steps in orders.items():
        grids = [
            Grid(f"step {t}", [(word, [Bar(SENTENCES[n], 5)]) for n, word in words])
            for t, words in enumerate(steps)
        ]
        read = " and ".join(" ".join(words[n][1] for words in steps) for n in (0, 1))
        pictures.append(
            draw(f"{title}. The layer reads {read}.", grids[:2], grids[2:], title=title)
        )
    return pictures


def flattened() -> list[str]:
    """What view and transpose make of the two directions of a state."""
    orders = {
        "Wrong: h_n.view(2, 16)": [[(0, 0), (0, 1)], [(1, 0), (1, 1)]],
        "Right: h_n.transpose(0, 1).reshape(2, 16)": [[(0, 0), (1, 0)], [(0, 1), (1, 1)]],
    }
    pictures = []
    for title, rows in orders.items():
        told = [" beside ".join(f"h_n[{d}, {n}]" for d, n in row) for row in rows]
        bars = [
            (f"row {k}", [Bar((FORWARD, BACKWARD)[d], 8, f"h_n[{d}, {n}]") for d, n in row])
            for k, row in enumerate(rows)
        ]
        alternative = f"{title}. Row 0 is {told[0]}, row 1 is {told[1]}."
        pictures.append(draw(alternative, [Grid("", bars)], title=title))
    return pictures
