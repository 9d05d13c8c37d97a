"""What must raise ``ValueError``, ``RuntimeError`` or ``TypeError``, or give a warning."""

from __future__ import annotations

from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.rules.rule import Rule

# fmt: off
OF_CONSTRUCTORS = (
    "size-refused",
    "flag-refused",
    "nonlinearity-refused",
    "dropout-refused",
    "projection-refused",
)
"""Those of wrong constructions, which know no device."""

REFUSALS = (
    Rule(
        "input-rank-refused", "refusal",
        "An input of other than 2 or 3 axes is refused; for a cell, of other than 1 or 2",
        layers=LAYERS + CELLS,
        condition="input of 1, 4 or 5 axes, packed data of 1 or 4; cells: 0, 3 or 4",
    ),
    Rule(
        "input-width-refused", "refusal",
        "An input whose last axis is not input_size is refused",
        layers=LAYERS + CELLS,
        condition="input.shape[-1] != input_size",
    ),
    Rule(
        "input-dtype-refused", "refusal",
        "An input of another dtype than the parameters is refused",
        layers=LAYERS + CELLS,
        condition="input.dtype != parameter.dtype",
    ),
    Rule(
        "empty-sequence-refused", "refusal",
        "A sequence of no steps is refused: alone, in a batch, and by pack_padded_sequence",
        condition="L = 0, batched or not; a length of 0 among those to be packed",
    ),
    Rule(
        "state-batch-refused", "refusal",
        "An initial state of other than N sequences is refused",
        layers=LAYERS + CELLS,
        condition="h_0 or c_0 has N + 1 or N - 1 sequences, or one for N > 1",
    ),
    Rule(
        "state-layers-refused", "refusal",
        "An initial state of other than D*num_layers rows is refused",
        condition="h_0 or c_0 has D*num_layers + 1 or - 1 rows",
    ),
    Rule(
        "state-width-refused", "refusal",
        "An initial state whose last axis is not H_out, or H_cell for c_0, is refused",
        layers=LAYERS + CELLS,
        condition="h_0 is not H_out wide, or c_0 not H_cell",
    ),
    Rule(
        "state-rank-refused", "refusal",
        "An initial state with more or fewer axes than belong to its input is refused",
        layers=LAYERS + CELLS,
        condition="h_0 or c_0 has no batch axis for a batch, one for none, or one axis more",
    ),
    Rule(
        "state-dtype-refused", "refusal",
        "An initial state of another dtype than the parameters is refused",
        layers=LAYERS + CELLS,
        condition="h_0.dtype or c_0.dtype != parameter.dtype",
    ),
    Rule(
        "state-structure-refused", "refusal",
        "RNN, GRU and their cells refuse a tuple for a state; LSTM and LSTMCell all but two tensors",
        layers=LAYERS + CELLS,
        condition="hx is a tuple of one or two; for LSTM and LSTMCell one tensor, a tuple of one or "
                  "three, or (h_0, None)",
    ),
    Rule(
        "size-refused", "refusal",
        "A size that is not an int, or is below 1, is refused by the constructor",
        layers=LAYERS + CELLS,
        condition="input_size, hidden_size or num_layers is 0, -1, 1.5 or '3'",
    ),
    Rule(
        "flag-refused", "refusal",
        "A flag that is 1 or None, and not a bool, is refused by the constructor",
        layers=LAYERS + CELLS,
        condition="bias, batch_first or bidirectional is 1 or None",
    ),
    Rule(
        "nonlinearity-refused", "refusal",
        "A nonlinearity other than 'tanh' and 'relu' is refused by the constructor",
        layers=("RNN", "RNNCell"),
        condition="nonlinearity is 'gelu' or 'Tanh'",
    ),
    Rule(
        "dropout-refused", "refusal",
        "A dropout that is not a number from 0 to 1 is refused by the constructor",
        condition="dropout is -0.1, 1.1, '0.5' or True",
    ),
    Rule(
        "projection-refused", "refusal",
        "RNN and GRU refuse any proj_size, LSTM one that is below 0 or not below hidden_size",
        condition="RNN, GRU: proj_size=3; LSTM: proj_size is -1, hidden_size or hidden_size + 1",
    ),
    Rule(
        "dropout-of-one-layer-warned", "refusal",
        "Dropout in a single layer gives a UserWarning from the constructor, and in a stack none",
        domain={"dropout": 0.5},
        condition="num_layers=1, dropout=0.5: UserWarning; num_layers > 1: none",
    ),
)
# fmt: on
