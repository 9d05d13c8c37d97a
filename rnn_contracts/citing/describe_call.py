"""Describe one call of a layer: the shape of every tensor, as a table and as a picture."""

from __future__ import annotations

import operator
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rnn_contracts.citing import picture
from rnn_contracts.citing.citations import address
from rnn_contracts.citing.describe_rule import as_attribute, as_tuple
from rnn_contracts.citing.tables import columns
from rnn_contracts.contracts import TENSORS, call_axes, expected_shapes, tensors
from rnn_contracts.layer import RETURNS, Layer
from rnn_contracts.rules import RULES, shape_rule

PACKED = "Packed: input and output stand for their .data."
BATCH = "A sheet stands for each sequence: N = {}."
"""What stands below the picture of packed input, and of a batch."""


def shapes(
    layer: object, input_shape: Sequence[int], lengths: Sequence[int] | None = None
) -> ShapesOfCall:
    """Return every tensor of one call with its shape and the rule that says so.

    This function has the arguments and the errors of ``expected_shapes``. The result prints as a
    table, and a notebook shows a picture below it.

    >>> shapes(Layer("RNN", 5, 8, num_layers=10, batch_first=True), (2, 4, 5))
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
    expected = expected_shapes(layer, input_shape, lengths)
    layout, axes = call_axes(layer, input_shape, lengths)
    # The lengths may be a tensor; these are ints.
    sizes = () if lengths is None else tuple(map(operator.index, lengths))
    return ShapesOfCall(layer, layout, axes, expected, sizes)


@dataclass(frozen=True, repr=False)
class ShapesOfCall:
    """The tensors of one call of a layer; ``shapes`` makes it."""

    layer: Layer
    layout: str
    axes: dict[str, int]
    shapes: dict[str, tuple[int, ...]]
    lengths: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        """The layer and the layout of its input."""
        lengths = f", lengths {[*self.lengths]}" if self.lengths else ""
        return f"{self.layer}, {self.layout}{lengths}"

    @property
    def rows(self) -> list[tuple[str, str, str, str]]:
        """For each tensor its name, its shape in axes, its shape in numbers, and a rule's id."""
        rules = {name: shape_rule(self.layer, name) for name in tensors(self.layer)}
        return [
            (
                as_attribute(name, self.layout),
                as_tuple(rule.shapes[self.layout]),
                str(self.shapes[name]),
                rule.id,
            )
            for name, rule in rules.items()
        ]

    @property
    def sizes(self) -> str:
        """The axes that occur in the shapes, and their sizes."""
        symbolic = [
            shape_rule(self.layer, name).shapes[self.layout] for name in tensors(self.layer)
        ]
        names = dict.fromkeys(axis for shape in symbolic for axis in re.split(r"[ *]", shape))
        return ", ".join(f"{name} = {self.axes[name]}" for name in names)

    @property
    def code(self) -> str:
        """A line of Python that makes the call."""
        if self.lengths:
            N, L, batch_first = len(self.lengths), self.steps, self.layer.batch_first
            sizes = (*((N, L) if batch_first else (L, N)), self.layer.input_size)
            first = "batch_first=True, " if batch_first else ""
            input = (
                f"nn.utils.rnn.pack_padded_sequence(torch.randn{sizes}, {[*self.lengths]}, "
                f"{first}enforce_sorted=False)"
            )
        else:
            input = f"torch.randn{self.shapes['input']}"
        return f"{RETURNS[self.layer.kind]} = {self.layer}({input})"

    @property
    def steps(self) -> int:
        """The number of steps of the longest sequence."""
        return max(self.lengths) if self.lengths else self.axes.get("L", 1)

    def svg(self, highlight: Collection[str] = TENSORS) -> str:
        """Return the picture; every tensor that is not in ``highlight`` is dimmed."""
        layer = self.layer
        rows = zip(tensors(self.layer), self.rows, strict=True)
        fields = {name: f"{symbolic} = {numbers}" for name, (_, symbolic, numbers, _) in rows}
        states = layer.axes["D"] * layer.num_layers
        batched = "N" in self.axes and not self.lengths
        return picture.svg(
            picture.template(layer, self.steps, highlight),
            fields
            | layer.axes
            | {
                "layer": layer,
                "last_step": self.steps - 1,
                "last_layer": layer.num_layers - 1,
                "last_state": states - 1,
                "last_forward": states - 2,
                "note": PACKED if self.lengths else "",
                "batch": BATCH.format(self.axes["N"]) if batched else "",
                "sheets": "visible" if batched else "hidden",
            },
        )

    def __repr__(self) -> str:
        table = columns(self.rows)
        return "\n".join([self.title, "", *table, "", self.sizes, self.code])

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the table with links to the rules, and the picture."""
        # Notebooks align the cells of a table to the right, which suits numbers only.
        td = "<td style='text-align:left'>"
        cells = "".join(
            f"<tr><th scope='row'>{name}</th>{td}{symbolic}</td>{td}{numbers}</td>"
            f"{td}<a href='{address(RULES[id])}'>{id}</a></td></tr>"
            for name, symbolic, numbers, id in self.rows
        )
        return (
            f"<table><caption>{self.title}</caption><thead><tr><th>tensor</th><th>shape</th>"
            f"<th>here</th><th>rule</th></tr></thead><tbody>{cells}</tbody></table>"
            f"<p>{self.sizes}</p><pre style='white-space:pre-wrap'><code>{self.code}</code></pre>"
            f"{self.svg()}"
        )
