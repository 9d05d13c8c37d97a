"""The shapes of RNNCell, GRUCell and LSTMCell, which take one step."""

from rnn_contracts.calls import Case
from rnn_contracts.checks import check_shapes, check_structure, observe
from rnn_contracts.rule_tests import checks_rule


@checks_rule("rnn-cell-input-shape", initial_state=False)
def test_rnn_cell_input_shape(case: Case) -> None:
    """An input of (N, H_in) or (H_in) is accepted."""
    observe("rnn-cell-input-shape", case)


@checks_rule("rnn-cell-initial-hidden-shape", initial_state=True)
def test_rnn_cell_initial_hidden_shape(case: Case) -> None:
    """An h_0 of (N, H_out) or (H_out) is accepted."""
    observe("rnn-cell-initial-hidden-shape", case)


@checks_rule("rnn-cell-next-hidden-shape")
def test_rnn_cell_next_hidden_shape(case: Case) -> None:
    """`h_1` is (N, H_out) or (H_out)."""
    check_shapes("rnn-cell-next-hidden-shape", case)


@checks_rule("rnn-cell-initial-cell-shape", initial_state=True)
def test_rnn_cell_initial_cell_shape(case: Case) -> None:
    """A c_0 of (N, H_cell) or (H_cell) is accepted."""
    observe("rnn-cell-initial-cell-shape", case)


@checks_rule("rnn-cell-next-cell-shape")
def test_rnn_cell_next_cell_shape(case: Case) -> None:
    """`c_1` is (N, H_cell) or (H_cell)."""
    check_shapes("rnn-cell-next-cell-shape", case)


@checks_rule("rnn-cell-state-structure")
def test_rnn_cell_state_structure(case: Case) -> None:
    """An LSTMCell returns (h_1, c_1), RNNCell and GRUCell one tensor."""
    check_structure("rnn-cell-state-structure", case)
