"""What must raise ``ValueError``, ``RuntimeError`` or ``TypeError``."""

from __future__ import annotations

from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.rules.rule import Rule

# fmt: off
REFUSALS = (
    Rule(
        "input-rank-refused", "refusal",
        "An input of one or four axes is refused, or for a cell of none or three",
        layers=LAYERS + CELLS,
        condition="input of 1 or 4 axes, packed data of 1 or 4; cells: 0 or 3",
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
        "A sequence of no steps is refused",
        condition="L = 0, batched or not",
    ),
    Rule(
        "state-batch-refused", "refusal",
        "An initial state for another number of sequences is refused",
        layers=LAYERS + CELLS,
        condition="h_0 or c_0 has N + 1 or N - 1 sequences",
    ),
    Rule(
        "state-layers-refused", "refusal",
        "An initial state for another number of layers or directions is refused",
        condition="h_0 or c_0 has D*num_layers + 1 or - 1 rows",
    ),
    Rule(
        "state-width-refused", "refusal",
        "An initial state of another width is refused",
        layers=LAYERS + CELLS,
        condition="h_0 is not H_out wide, or c_0 not H_cell",
    ),
    Rule(
        "state-rank-refused", "refusal",
        "A state without a batch axis for a batch, or with one for none, is refused",
        layers=LAYERS + CELLS,
        condition="h_0 or c_0 has an axis too many or too few for the input",
    ),
    Rule(
        "state-dtype-refused", "refusal",
        "An initial state of another dtype than the parameters is refused",
        layers=LAYERS + CELLS,
        condition="h_0.dtype or c_0.dtype != parameter.dtype",
    ),
    Rule(
        "state-structure-refused", "refusal",
        "A tuple for the state of RNN or GRU, or anything but (h_0, c_0) for LSTM, is refused",
        layers=LAYERS + CELLS,
        condition="hx is not one tensor, or for LSTM not a tuple of two",
    ),
    Rule(
        "size-refused", "refusal",
        "A size that is not a positive int is refused by the constructor",
        layers=LAYERS + CELLS,
        condition="input_size, hidden_size or num_layers is 0, -1, 1.5 or '3'",
    ),
    Rule(
        "flag-refused", "refusal",
        "A flag that is not a bool is refused by the constructor",
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
        "proj_size is refused by RNN and GRU, and below 0 or from hidden_size on by LSTM",
        condition="RNN, GRU: proj_size=3; LSTM: proj_size is -1, hidden_size or hidden_size + 1",
    ),
    Rule(
        "dropout-of-one-layer-warned", "refusal",
        "Dropout in a single layer, where it does nothing, gives a warning, and in a stack none",
        condition="num_layers=1, dropout=0.5: UserWarning; num_layers > 1: none",
    ),
)
# fmt: on
