"""What goes into a call and comes out of it."""

from __future__ import annotations

from rnn_contracts.contracts import LAYOUTS, STEP_LAYOUTS
from rnn_contracts.layer import CELLS
from rnn_contracts.rules.rule import Rule

# fmt: off
SHAPES = (
    Rule(
        "input-shape", "shape",
        "input is (L, N, H_in), with batch_first (N, L, H_in), unbatched (L, H_in)",
        tensors=("input",), columns=LAYOUTS,
    ),
    Rule(
        "output-shape", "shape",
        "output is (L, N, D*H_out), with batch_first (N, L, D*H_out), unbatched (L, D*H_out)",
        tensors=("output",), columns=LAYOUTS,
    ),
    Rule(
        "initial-hidden-shape", "shape",
        "h_0 is (D*num_layers, N, H_out), regardless of batch_first",
        tensors=("h_0",), columns=LAYOUTS, domain={"initial_state": True},
    ),
    Rule(
        "final-hidden-shape", "shape",
        "h_n is (D*num_layers, N, H_out), regardless of batch_first",
        tensors=("h_n",), columns=LAYOUTS,
    ),
    Rule(
        "initial-cell-shape", "shape",
        "c_0 is (D*num_layers, N, H_cell), regardless of batch_first and proj_size",
        layers=("LSTM",), tensors=("c_0",), columns=LAYOUTS, domain={"initial_state": True},
    ),
    Rule(
        "final-cell-shape", "shape",
        "c_n is (D*num_layers, N, H_cell), regardless of batch_first and proj_size",
        layers=("LSTM",), tensors=("c_n",), columns=LAYOUTS,
    ),
    Rule(
        "state-structure", "shape",
        "A call returns (output, h_n) for RNN and GRU, (output, (h_n, c_n)) for LSTM",
        condition="RNN, GRU: output, h_n = layer(input); LSTM: output, (h_n, c_n) = layer(input)",
    ),
    Rule(
        "packed-output", "shape",
        "Packed input gives a packed output with the same batch_sizes and indices",
        tensors=("output",), domain={"layout": "packed"},
        condition="output.batch_sizes, .sorted_indices and .unsorted_indices equal those of input",
    ),
    Rule(
        "packed-output-shape", "shape",
        "The shape of a packed output is that of its data: (sum(lengths), D*H_out)",
        tensors=("output",), columns=("packed",), domain={"layout": "packed"},
    ),
    Rule(
        "packed-batch-sizes", "shape",
        "batch_sizes[t] of a packed output is the number of sequences that are longer than t",
        values=True, tensors=("output",), domain={"layout": "packed"},
        condition="output.batch_sizes[t] == the number of n with lengths[n] > t",
    ),
    Rule(
        "batch-first-ignored-unbatched", "shape",
        "With batch_first an unbatched input is still (L, H_in), and its output (L, D*H_out)",
        tensors=("output", "h_n", "c_n"), domain={"batch_first": True, "layout": "unbatched"},
        condition="unbatched: every tensor has the shape that it has with batch_first=False",
    ),
    Rule(
        "empty-batch-allowed", "shape",
        "A batch of no sequences, N = 0, is accepted, and its results have N = 0",
        tensors=("output", "h_n", "c_n"), domain={"layout": "batched", "N": 0},
        condition="N = 0: the call is accepted and every tensor has its shape, with N = 0",
    ),
    Rule(
        "rnn-cell-input-shape", "shape",
        "The input of an RNNCell, GRUCell or LSTMCell is (N, H_in), unbatched (H_in,)",
        module="rnn_cells",
        layers=CELLS, tensors=("input",), columns=STEP_LAYOUTS,
    ),
    Rule(
        "rnn-cell-initial-hidden-shape", "shape",
        "The initial hidden state of a cell is (N, H_out), unbatched (H_out,)",
        module="rnn_cells",
        layers=CELLS, tensors=("h_0",), columns=STEP_LAYOUTS, domain={"initial_state": True},
    ),
    Rule(
        "rnn-cell-next-hidden-shape", "shape",
        "The next hidden state of a cell is (N, H_out), unbatched (H_out,)",
        module="rnn_cells",
        layers=CELLS, tensors=("h_1",), columns=STEP_LAYOUTS,
    ),
    Rule(
        "rnn-cell-initial-cell-shape", "shape",
        "The initial cell state of an LSTMCell is (N, H_cell), unbatched (H_cell,)",
        module="rnn_cells",
        layers=("LSTMCell",), tensors=("c_0",), columns=STEP_LAYOUTS,
        domain={"initial_state": True},
    ),
    Rule(
        "rnn-cell-next-cell-shape", "shape",
        "The next cell state of an LSTMCell is (N, H_cell), unbatched (H_cell,)",
        module="rnn_cells",
        layers=("LSTMCell",), tensors=("c_1",), columns=STEP_LAYOUTS,
    ),
    Rule(
        "rnn-cell-state-structure", "shape",
        "A cell returns one tensor h_1, an LSTMCell the tuple (h_1, c_1)",
        module="rnn_cells",
        layers=CELLS,
        condition="RNNCell, GRUCell: h_1 = cell(input); LSTMCell: h_1, c_1 = cell(input)",
    ),
)
# fmt: on
