"""Draw a layer, unrolled in time: where ``input``, ``output`` and the states are.

The picture is an SVG. Steps go from left to right, layers from bottom to top. If there are more than
four layers or steps, the first two and the last are drawn. Every number in a picture is a
``{field}``. So a few pictures serve every size, in Python and in the browser.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from rnn_contracts.contracts import TENSORS, tensors
from rnn_contracts.layer import CELLS, LAYERS, Layer

MANY = 5
"""With this number of layers or steps, or more, some are left out of the picture."""

_CELL, _STEP, _ROW, _LABEL, _GAP = 36, 54, 34, 16, 22
_STATE, _LEFT = 62, 84
FORWARD, BACKWARD, _GREY = "#2f81c7", "#d9822b", "#8b949e"
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


class _Drawing:
    """The state of a picture while it is drawn. Each method that takes ``y`` draws from there down."""

    def __init__(self, layer: Layer, steps: int, highlight: Collection[str]) -> None:
        self.layer = layer
        self.highlight = highlight
        self.is_cell = layer.kind in CELLS
        self.states = ("h", "c") if layer.kind.startswith("LSTM") else ("h",)
        # The second state of an LSTM needs a line more.
        self.row = _ROW + 12 * (len(self.states) - 1)
        self.steps = _drawn(steps, "last_step")
        self.layers = _drawn(layer.num_layers, "last_layer")
        self.right = _LEFT + _STEP * len(self.steps)
        self.width = max(430, self.right + _STATE + 10)
        self.parts: list[str] = []

    def template(self) -> str:
        """Draw everything from top to bottom, and return the SVG."""
        y = 8
        if not self.is_cell:
            self._row_of_tensors("output", y)
            y = self._arrows_up(y + 26)
        for k in reversed(self.layers):
            if k is None:
                x = (_LEFT + self.right) // 2
                self._text(x - 3, y + 14, "&#8942;", "middle")
                y += 24
            else:
                y = self._layer(y, k)
            y = self._arrows_up(y)
        self._row_of_tensors("input", y)
        y += 26
        if not self.is_cell:
            for x, step in self._columns():
                self._text(x, y + 14, "&#8943;" if step is None else f"t={step}", "middle", size=10)
            y += 18
        y = self._legend(y + 10)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {y}" '
            f'width="{self.width}" height="{y}" style="max-width:100%;height:auto" role="img" '
            f'aria-label="{self._alternative()}" '
            'font-family="ui-monospace,Menlo,Consolas,monospace" font-size="11.5" '
            'fill="currentColor">'
            # These colours are for a picture in a file of its own. In a page it has the page's.
            "<style>svg:root{color:#1f2328;background:#fff}@media(prefers-color-scheme:dark)"
            "{svg:root{color:#e6edf3;background:#0d1117}}</style>" + "".join(self.parts) + "</svg>"
        )

    def _columns(self) -> Iterator[tuple[int, str | None]]:
        """Yield the x and the label of each step that is drawn, and of the gap between them."""
        for number, step in enumerate(self.steps):
            yield _LEFT + _STEP * number + _STEP // 2, step

    def _row_of_tensors(self, name: str, y: int) -> None:
        """Draw a box of ``input`` or ``output`` for each step."""
        self._text(8, y + 17, name, opacity=self._opacity(name))
        for x, step in self._columns():
            left = x - _CELL // 2
            if step is None:
                self._text(x, y + 17, "&#8943;", "middle")
            elif name == "input":
                self._box(left, y, _CELL, 26, _GREY, name)
            elif not self.layer.bidirectional:
                self._box(left, y, _CELL, 26, FORWARD, name)
            else:
                self._box(left, y, _CELL // 2, 26, FORWARD, name)
                self._box(left + _CELL // 2, y, _CELL // 2, 26, BACKWARD, name)

    def _arrows_up(self, y: int) -> int:
        """Draw an arrow for each step, and return the y below them."""
        paths = [
            _ARROW.format(x, y + _GAP - 2, x, y + 3, -3, 4, 3, 4)
            for x, step in self._columns()
            if step is not None
        ]
        self._path(paths)
        return y + _GAP

    def _layer(self, y: int, k: str) -> int:
        """Draw a layer of the stack in all its directions, and return the y below it."""
        directions = 2 if self.layer.bidirectional else 1
        label = 0 if self.is_cell else _LABEL
        height = label + self.row * directions + 2
        width = self.right - _LEFT - 8
        self.parts.append(
            f'<rect x="{_LEFT + 4}" y="{y}" width="{width}" height="{height}" rx="6" '
            'fill="none" stroke="currentColor" stroke-opacity=".3"/>'
        )
        if not self.is_cell:
            self._text(_LEFT + 10, y + 12, f"layer {k}", size=10)
        y += label
        for direction in range(directions):
            if k.isdigit():
                row = str(int(k) * directions + direction)
            else:
                row = "{last_state}" if direction == directions - 1 else "{last_forward}"
            self._direction(y + self.row * direction, row, backward=direction == 1)
        return y + self.row * directions + 2

    def _direction(self, y: int, row: str, *, backward: bool) -> None:
        """Draw one direction of a layer; ``row`` is its index in the states."""
        colour = BACKWARD if backward else FORWARD
        middle = y + self.row // 2
        start, end = (self.right + 6, 8) if backward else (8, self.right + 6)
        before, after = ("_0", "_1") if self.is_cell else ("_0", "_n")
        for x, moment, shade in ((start, before, _GREY), (end, after, colour)):
            names = [state + moment for state in self.states]
            height = 8 + 14 * len(names)
            self._box(x, middle - height // 2, _STATE, height, shade, *names)
            for line, name in enumerate(names):
                text = name if self.is_cell else f"{name}[{row}]"
                at = middle - height // 2 + 15 + 14 * line
                self._text(x + _STATE // 2, at, text, "middle", opacity=self._opacity(name))
        edges = [8 + _STATE]
        for x, step in self._columns():
            if step is None:
                self._text(x, middle + 4, "&#8943;", "middle")
            else:
                self.parts.append(
                    f'<rect x="{x - _CELL // 2}" y="{middle - 10}" width="{_CELL}" height="20" '
                    f'rx="10" fill="{colour}" fill-opacity=".16" stroke="{colour}"/>'
                )
            edges += [x - _CELL // 2, x + _CELL // 2]
        edges.append(self.right + 6)
        paths = []
        for left, right in zip(edges[::2], edges[1::2], strict=True):
            tail, head, back = (right - 1, left + 2, 4) if backward else (left + 1, right - 2, -4)
            paths.append(_ARROW.format(tail, middle, head, middle, back, -3, back, 3))
        self._path(paths)

    def _legend(self, y: int) -> int:
        """Draw the list of all shapes, and return the y below it."""
        for name in tensors(self.layer):
            self._text(8, y + 10, f"{name:<7}{{{name}}}", opacity=self._opacity(name))
            y += 16
        self._text(8, y + 10, "{note}", size=10)
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
            "The forward direction runs to the right, the backward direction to the left; output "
            "has the forward half first. "
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
        self.parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{colour}" '
            f'fill-opacity="{0.34 * opacity:.2g}" stroke="{colour}" stroke-opacity="{opacity:g}"/>'
        )

    def _text(
        self, x: int, y: int, text: str, anchor: str = "", *, size: int = 0, opacity: float = 1
    ) -> None:
        attributes = [f'x="{x}" y="{y}" xml:space="preserve"']
        if anchor:
            attributes.append(f'text-anchor="{anchor}"')
        if size:
            attributes.append(f'font-size="{size}"')
        if opacity < 1:
            attributes.append(f'opacity="{opacity:g}"')
        self.parts.append(f"<text {' '.join(attributes)}>{text}</text>")

    def _path(self, paths: list[str]) -> None:
        self.parts.append(
            f'<path d="{"".join(paths)}" fill="none" stroke="currentColor" stroke-opacity=".65"/>'
        )


def _drawn(number: int, last: str) -> list[str | None]:
    """Return the labels of the layers or steps; ``None`` stands for those that are left out."""
    if number < MANY:
        return [str(index) for index in range(number)]
    return ["0", "1", None, f"{{{last}}}"]
