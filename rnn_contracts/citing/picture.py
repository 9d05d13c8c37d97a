"""Draw a layer, unrolled in time: where ``input``, ``output`` and the states are.

The picture is an SVG. Steps go from left to right, layers from bottom to top. If there are more than
four layers or steps, the first two and the last are drawn. Every number in a picture is a
``{field}``. So a few pictures serve every size, in Python and in the browser.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from rnn_contracts.contracts import TENSORS, tensors
from rnn_contracts.layer import CELLS, LAYERS, Layer

MANY = 5
"""With this number of layers or steps, or more, some are left out of the picture."""

FORWARD, BACKWARD, GREY = "#2f81c7", "#d9822b", "#8b949e"
WIDTH = 358
"""A picture is no wider than a phone, where its letters keep their size."""

TEXT = 'stroke="none" fill="currentColor"'

_LEFT, _STEP, _CELL, _STATE = 71, 54, 44, 54
_ROW, _HALF, _LABEL, _GAP, _SHEET = 34, 19, 16, 22, 4
_ARROW = "M{0} {1}L{2} {3}m{4} {5}L{2} {3}l{6} {7}"


def svg(template: str, fields: Mapping[str, object]) -> str:
    """Return the picture with its fields filled in."""
    return re.sub(r"\{(\w+)\}", lambda field: str(fields[field[1]]), template)


def template_name(layer: Layer, steps: int) -> str:
    """Return the name of the layer's picture in ``templates()``."""
    if layer.kind in CELLS:
        return "LSTMCell" if layer.kind == "LSTMCell" else "RNNCell"
    kind = "LSTM" if layer.kind == "LSTM" else "RNN"
    return f"{kind}-{min(layer.num_layers, MANY)}-{layer.axes['D']}-{min(steps, MANY)}"


def templates() -> dict[str, str]:
    """Return all pictures by name."""
    layers = [
        Layer(kind, 1, 1, num_layers=num_layers, bidirectional=bidirectional)
        for kind in LAYERS
        for num_layers in range(1, MANY + 1)
        for bidirectional in (False, True)
    ]
    drawn = [(layer, steps) for layer in layers for steps in range(1, MANY + 1)]
    drawn += [(Layer(kind, 1, 1), 1) for kind in CELLS]
    return {template_name(layer, steps): template(layer, steps) for layer, steps in drawn}


def template(layer: Layer, steps: int, highlight: Collection[str] = TENSORS) -> str:
    """Return the picture with its fields; every tensor that is not in ``highlight`` is dimmed."""
    return _Drawing(layer, steps, highlight).template()


def framed(height: int, alternative: str, parts: Iterable[str]) -> str:
    """Return the SVG of these parts; ``alternative`` says in words what they show."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" style="max-width:100%;height:auto" role="img" '
        f'aria-label="{alternative}" '
        'font-family="ui-monospace,Menlo,Consolas,monospace" font-size="12" '
        'fill="none" stroke="currentColor">'
        # These colours are for a picture in a file of its own. In a page it has the page's.
        "<style>svg:root{color:#1f2328;background:#fff}@media(prefers-color-scheme:dark)"
        f"{{svg:root{{color:#e6edf3;background:#0d1117}}}}</style>{''.join(parts)}</svg>"
    )


class _Drawing:
    """The state of a picture while it is drawn. Each method that takes ``y`` draws from there down."""

    def __init__(self, layer: Layer, steps: int, highlight: Collection[str]) -> None:
        self.layer = layer
        self.highlight = highlight
        self.is_cell = layer.kind in CELLS
        self.directions = 2 if layer.bidirectional else 1
        self.states = ("h", "c") if layer.kind.startswith("LSTM") else ("h",)
        # The second state of an LSTM needs a line more.
        self.row = _ROW + 14 * (len(self.states) - 1)
        self.steps = _drawn(steps, "last_step")
        self.layers = _drawn(layer.num_layers, "last_layer")
        self.right = _LEFT + _STEP * len(self.steps)
        self.sheets: list[str] = []
        self.arrows: list[str] = []
        # By the attributes that they share.
        self.boxes: dict[str, list[str]] = {}
        self.texts: dict[str, list[str]] = {}

    def template(self) -> str:
        """Draw everything from top to bottom, and return the SVG."""
        y = 8
        if not self.is_cell:
            y = self._arrows_up(self._row_of_tensors("output", y))
        for k in reversed(self.layers):
            if k is None:
                self._text((_LEFT + self.right) // 2 - 3, y + 14, "&#8942;", middle=True)
                y += 24
            else:
                y = self._layer(y, k)
            y = self._arrows_up(y)
        y = self._row_of_tensors("input", y)
        if not self.is_cell:
            for x, step in self._columns():
                self._text(x, y + 16, "&#8943;" if step is None else f"t={step}", middle=True)
            y += 20
        y = self._legend(y + 10)
        sheets = f'<path d="{"".join(self.sheets)}" visibility="{{sheets}}" stroke-opacity=".5"/>'
        arrows = f'<path d="{"".join(self.arrows)}" stroke-opacity=".65"/>'
        groups = [
            f"<g {shared}>{''.join(group)}</g>"
            for shared, group in [*self.boxes.items(), *self.texts.items()]
        ]
        return framed(y, self._alternative(), [sheets, arrows, *groups])

    def _columns(self) -> Iterator[tuple[int, str | None]]:
        """Yield the x and the label of each step that is drawn, and of the gap between them."""
        for number, step in enumerate(self.steps):
            yield _LEFT + _STEP * number + _STEP // 2, step

    def _row_of_tensors(self, name: str, y: int) -> int:
        """Draw a box of ``input`` or ``output`` for each step, and return the y below them."""
        boxes = [(GREY, "{H_in}")] if name == "input" else [(FORWARD, "{H_out}")]
        if name == "output" and self.layer.bidirectional:
            boxes = [(FORWARD, ":{H_out}"), (BACKWARD, "{H_out}:")]
        height = _HALF * len(boxes) + 5 * (len(boxes) == 1)
        self._text(2, y + height // 2 + 4, name, opacity=self._opacity(name))
        for x, step in self._columns():
            if step is None:
                self._text(x, y + height // 2 + 4, "&#8943;", middle=True)
                continue
            left = x - _CELL // 2
            for half, (colour, size) in enumerate(boxes):
                at, tall = y + _HALF * half, height // len(boxes)
                self._box(left, at, _CELL, tall, colour, name)
                self._text(x, at + tall // 2 + 4, size, middle=True, opacity=self._opacity(name))
            self._sheet(left, y, _CELL, height)
        return y + height

    def _arrows_up(self, y: int) -> int:
        """Draw an arrow for each step, and return the y below them."""
        self.arrows += [
            _ARROW.format(x, y + _GAP - 6, x, y + 3, -3, 4, 3, 4)
            for x, step in self._columns()
            if step is not None
        ]
        return y + _GAP

    def _layer(self, y: int, k: str) -> int:
        """Draw a layer of the stack in all its directions, and return the y below it."""
        label = 0 if self.is_cell else _LABEL
        height = label + self.row * self.directions + 2
        width = self.right - _LEFT + 4
        frame = f'<rect x="{_LEFT - 2}" y="{y}" width="{width}" height="{height}" rx="6"/>'
        self.boxes.setdefault('stroke-opacity=".3"', []).append(frame)
        if not self.is_cell:
            self._text(_LEFT + 6, y + 13, f"layer {k}")
        y += label
        for direction in range(self.directions):
            if k.isdigit():
                row = str(int(k) * self.directions + direction)
            else:
                row = "{last_state}" if direction == self.directions - 1 else "{last_forward}"
            self._direction(y + self.row * direction, row, backward=direction == 1)
        return y + self.row * self.directions + 2

    def _direction(self, y: int, row: str, *, backward: bool) -> None:
        """Draw one direction of a layer; ``row`` is its index in the states."""
        colour = BACKWARD if backward else FORWARD
        middle = y + self.row // 2
        left, right = 2, self.right + 12
        start, end = (right, left) if backward else (left, right)
        before, after = ("_0", "_1") if self.is_cell else ("_0", "_n")
        for x, moment, shade in ((start, before, GREY), (end, after, colour)):
            names = [state + moment for state in self.states]
            height = 8 + 14 * len(names)
            top = middle - height // 2
            self._box(x, top, _STATE, height, shade, *names)
            self._sheet(x, top, _STATE, height)
            for line, name in enumerate(names):
                text = name if self.is_cell else f"{name}[{row}]"
                center, bottom = x + _STATE // 2, top + 15 + 14 * line
                self._text(center, bottom, text, middle=True, opacity=self._opacity(name))
        edges = [left + _STATE]
        for x, step in self._columns():
            if step is None:
                self._text(x, middle + 4, "&#8943;", middle=True)
            else:
                at = f'x="{x - 18}" y="{middle - 10}" width="36" height="20" rx="10"'
                shared = f'fill="{colour}" fill-opacity=".16" stroke="{colour}"'
                self.boxes.setdefault(shared, []).append(f"<rect {at}/>")
            edges += [x - 18, x + 18]
        edges.append(right)
        for a, b in zip(edges[::2], edges[1::2], strict=True):
            tail, head, back = (b - 1, a + 2, 4) if backward else (a + 1, b - 2, -4)
            self.arrows.append(_ARROW.format(tail, middle, head, middle, back, -3, back, 3))

    def _legend(self, y: int) -> int:
        """Draw what the colours mean and the list of all shapes, and return the y below them."""
        if self.layer.bidirectional:
            directions = (FORWARD, "forward, to the right"), (BACKWARD, "backward, to the left")
            for x, (colour, text) in zip((2, 180), directions, strict=True):
                self._box(x, y, 12, 12, colour, "output", "h_n")
                self._text(x + 18, y + 10, text)
            y += 20
        for name in tensors(self.layer):
            self._text(2, y + 10, f"{name:<7}{{{name}}}", opacity=self._opacity(name))
            y += 16
        self._text(2, y + 10, "{batch}{note}")
        return y + 16

    def _alternative(self) -> str:
        """Return the picture in words, for those who cannot see it."""
        names = tensors(self.layer)
        starts, ends = (
            " and ".join(f"{name} {{{name}}}" for name in names if name.endswith(moments))
            for moments in ("_0", ("_n", "_1"))
        )
        if self.is_cell:
            return (
                f"{{layer}}, one step. Input {{input}} comes from below, {starts} from the left; "
                f"to the right leaves {ends}."
            )
        both = (
            "The forward direction runs to the right, the backward direction to the left. On the last "
            "axis of output, :{H_out} is forward and {H_out}: is backward. "
            if self.layer.bidirectional
            else ""
        )
        return (
            "{layer}, unrolled from step 0 to step {last_step}, from layer 0 at the bottom to layer "
            f"{{last_layer}} at the top. {both}At the bottom enters input {{input}}, step by step. At "
            "the top leaves output {output}: the last layer at every step. At its sides each layer and "
            f"direction starts from its part of {starts} and ends in its part of {ends}. {{note}}"
        )

    def _opacity(self, *names: str) -> float:
        return 1 if {*names} & {*self.highlight} else 0.6

    def _box(self, x: int, y: int, width: int, height: int, colour: str, *names: str) -> None:
        opacity = self._opacity(*names)
        shared = (
            f'fill="{colour}" fill-opacity="{0.34 * opacity:.2g}" stroke="{colour}" '
            f'stroke-opacity="{opacity:g}"'
        )
        box = f'<rect x="{x}" y="{y}" width="{width}" height="{height}"/>'
        self.boxes.setdefault(shared, []).append(box)

    def _sheet(self, x: int, y: int, width: int, height: int) -> None:
        """Draw the edge of a second sheet behind a box: a batch has one for each sequence."""
        self.sheets.append(f"M{x + _SHEET} {y}v-{_SHEET}h{width}v{height}h-{_SHEET}")

    def _text(self, x: int, y: int, text: str, *, middle: bool = False, opacity: float = 1) -> None:
        shared = TEXT + ' text-anchor="middle"' * middle
        spaces = "" if middle else ' xml:space="preserve"'
        dimmed = f' opacity="{opacity:g}"' if opacity < 1 else ""
        line = f'<text x="{x}" y="{y}"{spaces}{dimmed}>{text}</text>'
        self.texts.setdefault(shared, []).append(line)


def _drawn(number: int, last: str) -> list[str | None]:
    """Return the labels of the layers or steps; ``None`` stands for those that are left out."""
    if number < MANY:
        return [str(index) for index in range(number)]
    return ["0", "1", None, f"{{{last}}}"]
