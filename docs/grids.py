"""Draw tensors as grids: a grid for each index of the first axis, in it a row for each of the second.

The lesson and the page of silent mistakes show with them which rows of a tensor are meant. The style
is that of the picture of a layer, ``rnn_contracts.citing.picture``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rnn_contracts.citing.picture import TEXT, framed

_ROW, _TITLE, _GAP, _LETTER = 20, 22, 10, 7.3


@dataclass(frozen=True)
class Bar:
    """Some numbers of a row, as wide as they are many; ``chosen`` ones have a thick outline."""

    colour: str
    cells: int = 8
    text: str = ""
    chosen: bool = False


@dataclass(frozen=True)
class Grid:
    """Rows with a label each, under a title."""

    title: str
    rows: Sequence[tuple[str, Sequence[Bar]]]


def draw(alternative: str, *columns: Sequence[Grid], cell: int = 10, title: str = "") -> str:
    """Return the SVG of grids in columns; ``cell`` is the width of a number."""
    boxes: list[str] = []
    texts: list[str] = [_text(2, 14, title)] if title else []
    x, top, bottom = 2, _TITLE * bool(title), 0
    for grids in columns:
        rows = [row for grid in grids for row in grid.rows]
        left = x + 6 + int(_LETTER * max(len(label) for label, _ in rows))
        y = top
        for grid in grids:
            texts.append(_text(x, y + 14, grid.title))
            y += _TITLE * bool(grid.title)
            for label, bars in grid.rows:
                texts.append(_text(x, y + 14, label))
                at = left
                for bar in bars:
                    boxes.append(_bar(at, y, cell, bar))
                    texts.append(_text(at + bar.cells * cell // 2, y + 14, bar.text, middle=True))
                    at += bar.cells * cell
                y += _ROW
            y += _GAP
        bottom = max(bottom, y)
        x = left + max(cell * sum(bar.cells for bar in bars) for _, bars in rows) + 16
    return framed(bottom, alternative, [*boxes, f"<g {TEXT}>{''.join(texts)}</g>"])


def _bar(x: int, y: int, cell: int, bar: Bar) -> str:
    box = (
        f'<rect x="{x}" y="{y}" width="{bar.cells * cell}" height="{_ROW - 3}" fill="{bar.colour}" '
        f'fill-opacity="{0.5 if bar.chosen else 0.2}" stroke="{bar.colour}"/>'
    )
    if not bar.text:
        lines = "".join(f"M{x + cell * k} {y}v{_ROW - 3}" for k in range(1, bar.cells))
        box += f'<path d="{lines}" stroke="{bar.colour}" stroke-opacity=".5"/>'
    if bar.chosen:
        size = f'width="{bar.cells * cell}" height="{_ROW - 3}"'
        box += f'<rect x="{x}" y="{y}" {size} stroke-width="2"/>'
    return box


def _text(x: int, y: int, text: str, *, middle: bool = False) -> str:
    if not text:
        return ""
    anchor = ' text-anchor="middle"' if middle else ""
    return f'<text x="{x}" y="{y}"{anchor}>{text}</text>'
