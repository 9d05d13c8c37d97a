"""The shapes of RNNCell, GRUCell and LSTMCell, which take one step."""

from rnn_contracts.checking.check import Check
from rnn_contracts.rule_tests.statement import rule_test


@rule_test()
def test_rnn_cell_input_shape(check: Check) -> None:
    """An input of (N, H_in) or (H_in,) is accepted."""
    check.assert_accepted()


@rule_test()
def test_rnn_cell_initial_hidden_shape(check: Check) -> None:
    """An h_0 of (N, H_out) or (H_out) is accepted."""
    check.assert_accepted()


@rule_test()
def test_rnn_cell_next_hidden_shape(check: Check) -> None:
    """`h_1` is (N, H_out) or (H_out)."""
    check.assert_shapes()


@rule_test()
def test_rnn_cell_initial_cell_shape(check: Check) -> None:
    """A c_0 of (N, H_cell) or (H_cell) is accepted."""
    check.assert_accepted()


@rule_test()
def test_rnn_cell_next_cell_shape(check: Check) -> None:
    """`c_1` is (N, H_cell) or (H_cell)."""
    check.assert_shapes()


@rule_test()
def test_rnn_cell_state_structure(check: Check) -> None:
    """An LSTMCell returns (h_1, c_1), RNNCell and GRUCell one tensor."""
    check.assert_structure()
