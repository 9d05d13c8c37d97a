"""The right calls that a wrong one spoils."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnn_contracts.contracts import layouts
from rnn_contracts.devices import dtypes
from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.sequences import Sequences
from rnn_contracts.drawing.wrong_calls import WrongCall
from rnn_contracts.drawing.wrong_packing import WrongPacking, right_batches
from rnn_contracts.layer import CELLS, Layer

_RIGHT_CALLS: tuple[dict[str, Any], ...] = (
    {"N": 4, "lengths": (3, 3, 1, 1)},
    {"N": 3, "lengths": (3, 2, 1), "num_layers": 2, "bidirectional": True, "dtype": "float64"},
    {"N": 3, "lengths": (2, 2, 2), "num_layers": 3, "bias": False, "dtype": "bfloat16"},
    {"N": 1, "lengths": (1,), "H_in": 1, "H_out": 1, "batch_first": True},
    {"N": 17, "lengths": (3,) + 16 * (2,), "H_out": 33, "bidirectional": True, "dtype": "float64"},
)
"""They are few and always the same, so that a known deviation happens in every run."""


def right_calls(
    kind: str, device: str, wrong: WrongCall | WrongPacking, *, subject: str = ""
) -> Sequence[Case | Sequences]:
    """The right calls that the wrong one spoils; for LSTM also those of a layer with a projection."""
    if isinstance(wrong, WrongPacking):
        return right_batches(device, wrong)
    if wrong.constructor:
        return [Case(Layer(kind, 3, 4), device, subject=subject)]
    projections = (False, True) if kind == "LSTM" else (False,)
    # Calls on meta are slow and differ by their shapes alone, so that two of them do.
    calls = _RIGHT_CALLS[::3] if device == "meta" else _RIGHT_CALLS
    return [
        _right_case(kind, device, wrong, projection, subject=subject, **call)
        for projection in projections
        for call in calls
        if call["N"] >= wrong.least_N
    ]


def _right_case(
    kind: str,
    device: str,
    wrong: WrongCall,
    projection: bool,
    *,
    subject: str,
    N: int,
    lengths: tuple[int, ...],
    H_in: int = 5,
    H_out: int = 2,
    dtype: str = "float32",
    **options: Any,
) -> Case:
    if kind in CELLS:
        options = {name: value for name, value in options.items() if name == "bias"}
    H_cell, proj_size = (H_out + 1, H_out) if projection else (H_out, 0)
    layer = Layer(kind, H_in, H_cell, proj_size=proj_size, **options)
    lengths = lengths if wrong.layout == "packed" else ()
    return Case(
        layer,
        device,
        dtype=dtype if dtype in dtypes(device) else "float32",
        layout=layouts(layer)[0] if wrong.layout == "batched" else wrong.layout,
        N=N,
        L=max(lengths, default=3),
        lengths=lengths[::-1] if wrong.enforce_sorted is False else lengths,
        enforce_sorted=wrong.enforce_sorted is not False,
        initial_state=wrong.rule.startswith("state-"),
        subject=subject,
    )
