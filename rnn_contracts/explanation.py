"""What goes into one call and what comes out of it, to be read: as a table, and as a picture."""

from __future__ import annotations

import operator
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rnn_contracts import picture, render
from rnn_contracts.contracts import (
    RETURNS,
    RULES,
    TENSORS,
    Layer,
    call_axes,
    expected_shapes,
    shape_rule,
    tensors,
)

PACKED = "Packed: each sequence ends at its own last step."


def explain(
    layer: object, input_shape: Sequence[int], lengths: Sequence[int] | None = None
) -> Explanation:
    """Explain one call of a layer: every tensor, its shape and the rule that says so.

    The arguments are those of ``expected_shapes``, and so are the errors. What is returned prints
    as a table, and in a notebook shows the picture too.

    >>> explain(Layer("RNN", 5, 8, num_layers=10, batch_first=True), (2, 4, 5))
    nn.RNN(5, 8, num_layers=10, batch_first=True), batch first
    <BLANKLINE>
    input   (N, L, H_in)              (2, 4, 5)   input-shape
    h_0     (D*num_layers, N, H_out)  (10, 2, 8)  initial-hidden-shape
    output  (N, L, D*H_out)           (2, 4, 8)   output-shape
    h_n     (D*num_layers, N, H_out)  (10, 2, 8)  final-hidden-shape
    <BLANKLINE>
    N = 2, L = 4, H_in = 5, D = 1, num_layers = 10, H_out = 8
    output, h_n = nn.RNN(5, 8, num_layers=10, batch_first=True)(torch.randn(2, 4, 5))
    """
    layer = Layer.of(layer)
    shapes = expected_shapes(layer, input_shape, lengths)
    layout, axes = call_axes(layer, input_shape, lengths)
    whole = () if lengths is None else tuple(map(operator.index, lengths))
    return Explanation(layer, layout, axes, shapes, whole)


@dataclass(frozen=True, repr=False)
class Explanation:
    """One call of a layer, explained; see ``explain``."""

    layer: Layer
    layout: str
    axes: dict[str, int]
    shapes: dict[str, tuple[int, ...]]
    lengths: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        """The layer, and how its input is laid out."""
        lengths = f", lengths {[*self.lengths]}" * bool(self.lengths)
        return f"{self.layer}, {self.layout}{lengths}"

    @property
    def rows(self) -> list[tuple[str, str, str, str]]:
        """Of each tensor its name, its shape in axes and in numbers, and the id of the rule."""
        return [
            (
                name,
                render.shape(shape_rule(self.layer, name).shapes[self.layout]),
                str(self.shapes[name]),
                shape_rule(self.layer, name).id,
            )
            for name in tensors(self.layer)
        ]

    @property
    def sizes(self) -> str:
        """The axes that the shapes speak of, and their sizes."""
        shapes = [shape_rule(self.layer, name).shapes[self.layout] for name, *_ in self.rows]
        names = dict.fromkeys(name for shape in shapes for name in shape.replace("*", " ").split())
        return ", ".join(f"{name} = {self.axes[name]}" for name in names)

    @property
    def code(self) -> str:
        """A line of Python that makes the call."""
        if self.lengths:
            batch = (len(self.lengths), self.steps)
            sizes = (*(batch if self.layer.batch_first else batch[::-1]), self.layer.input_size)
            first = "batch_first=True, " * self.layer.batch_first
            input = (
                f"nn.utils.rnn.pack_padded_sequence(torch.randn{sizes}, {[*self.lengths]}, "
                f"{first}enforce_sorted=False)"
            )
        else:
            input = f"torch.randn{self.shapes['input']}"
        return f"{RETURNS[self.layer.kind]} = {self.layer}({input})"

    @property
    def steps(self) -> int:
        """The length of the sequence, of the longest one if there are several."""
        return max(self.lengths) if self.lengths else self.axes.get("L", 1)

    def svg(self, highlight: Collection[str] = TENSORS) -> str:
        """The picture; only the tensors to ``highlight`` are in full strength."""
        layer = self.layer
        fields = {name: f"{symbolic} = {numbers}" for name, symbolic, numbers, _ in self.rows}
        states = layer.axes["D"] * layer.num_layers
        return picture.svg(
            picture.template(layer, self.steps, highlight),
            fields
            | {
                "layer": layer,
                "last_step": self.steps - 1,
                "last_layer": layer.num_layers - 1,
                "last_state": states - 1,
                "last_forward": states - 2,
                "note": PACKED if self.lengths else "",
            },
        )

    def __repr__(self) -> str:
        table = render.columns(self.rows)
        return "\n".join([self.title, "", *table, "", self.sizes, self.code])

    def _repr_html_(self) -> str:
        """What a notebook shows: the table, with links to the rules, and the picture."""
        # Where notebooks align numbers.
        td = "<td style='text-align:left'>"
        cells = "".join(
            f"<tr><th scope='row'>{name}</th>{td}{symbolic}</td>{td}{numbers}</td>"
            f"{td}<a href='{render.address(RULES[id])}'>{id}</a></td></tr>"
            for name, symbolic, numbers, id in self.rows
        )
        return (
            f"<table><caption>{self.title}</caption><thead><tr><th>tensor</th><th>shape</th>"
            f"<th>here</th><th>rule</th></tr></thead><tbody>{cells}</tbody></table>"
            f"<p>{self.sizes}</p><pre style='white-space:pre-wrap'><code>{self.code}</code></pre>"
            f"{self.svg()}"
        )
