"""The shapes of what goes into and comes out of a call.

Each check is of a layer at one point of the grid and a call of it, which Hypothesis draws.
"""

from rnn_contracts.checking.check import Check
from rnn_contracts.rule_tests.statement import rule_test


@rule_test()
def test_input_shape(check: Check) -> None:
    """An input of (L, N, H_in), (N, L, H_in) if batch_first, or (L, H_in) is accepted."""
    check.assert_accepted()


@rule_test()
def test_output_shape(check: Check) -> None:
    """`output` is (L, N, D*H_out), (N, L, D*H_out) if batch_first, (L, D*H_out) unbatched."""
    check.assert_shapes()


@rule_test()
def test_initial_hidden_shape(check: Check) -> None:
    """An h_0 of (D*num_layers, N, H_out) is accepted, regardless of batch_first."""
    check.assert_accepted()


@rule_test()
def test_final_hidden_shape(check: Check) -> None:
    """`h_n` is (D*num_layers, N, H_out), regardless of batch_first."""
    check.assert_shapes()


@rule_test()
def test_initial_cell_shape(check: Check) -> None:
    """A c_0 of (D*num_layers, N, H_cell) is accepted, projected or not."""
    check.assert_accepted()


@rule_test()
def test_final_cell_shape(check: Check) -> None:
    """`c_n` is (D*num_layers, N, H_cell), projected or not."""
    check.assert_shapes()


@rule_test()
def test_state_structure(check: Check) -> None:
    """An LSTM returns (output, (h_n, c_n)), RNN and GRU (output, h_n)."""
    check.assert_structure()


@rule_test()
def test_packed_output(check: Check) -> None:
    """A packed input gives a packed output with the same batch_sizes and indices."""
    check.assert_packed_alike()


@rule_test()
def test_packed_output_shape(check: Check) -> None:
    """The data of a packed output is (sum(lengths), D*H_out)."""
    check.assert_shapes()


@rule_test()
def test_packed_batch_sizes(check: Check) -> None:
    """batch_sizes[t] counts the sequences that have a step t."""
    check.assert_batch_sizes()


@rule_test()
def test_batch_first_ignored_unbatched(check: Check) -> None:
    """A batch_first layer reads an unbatched input as (L, H_in) all the same."""
    check.assert_shapes()


@rule_test()
def test_empty_batch_allowed(check: Check) -> None:
    """A batch of no sequences gives results of no sequences."""
    check.assert_shapes()
