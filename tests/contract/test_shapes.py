"""The shapes of what goes into and comes out of a call.

`case` is a layer of one grid cell and a call of it, drawn by Hypothesis (``rnn_contracts.plugin``).
"""

from rnn_contracts.calls import Case
from rnn_contracts.checks import check_packed, check_shapes, check_structure, observe
from rnn_contracts.rule_tests import checks_rule


@checks_rule("input-shape", initial_state=False)
def test_input_shape(case: Case) -> None:
    """An input of (L, N, H_in), (N, L, H_in) if batch_first, or (L, H_in) is accepted."""
    observe("input-shape", case)


@checks_rule("output-shape")
def test_output_shape(case: Case) -> None:
    """`output` is (L, N, D*H_out), (N, L, D*H_out) if batch_first, (L, D*H_out) unbatched."""
    check_shapes("output-shape", case)


@checks_rule("initial-hidden-shape", initial_state=True)
def test_initial_hidden_shape(case: Case) -> None:
    """An h_0 of (D*num_layers, N, H_out) is accepted, whatever batch_first says."""
    observe("initial-hidden-shape", case)


@checks_rule("final-hidden-shape")
def test_final_hidden_shape(case: Case) -> None:
    """`h_n` is (D*num_layers, N, H_out), whatever batch_first says."""
    check_shapes("final-hidden-shape", case)


@checks_rule("initial-cell-shape", initial_state=True)
def test_initial_cell_shape(case: Case) -> None:
    """A c_0 of (D*num_layers, N, H_cell) is accepted, projected or not."""
    observe("initial-cell-shape", case)


@checks_rule("final-cell-shape")
def test_final_cell_shape(case: Case) -> None:
    """`c_n` is (D*num_layers, N, H_cell), projected or not."""
    check_shapes("final-cell-shape", case)


@checks_rule("state-structure")
def test_state_structure(case: Case) -> None:
    """An LSTM returns (output, (h_n, c_n)), RNN and GRU (output, h_n)."""
    check_structure("state-structure", case)


@checks_rule("packed-output", layout="packed")
def test_packed_output(case: Case) -> None:
    """A packed input gives a packed output with the same batch_sizes and indices."""
    check_packed("packed-output", case)


@checks_rule("batch-first-ignored-unbatched", batch_first=True, layout="unbatched")
def test_batch_first_ignored_unbatched(case: Case) -> None:
    """A batch_first layer reads an unbatched input as (L, H_in) all the same."""
    check_shapes("batch-first-ignored-unbatched", case)


@checks_rule("empty-batch-allowed", N=0)
def test_empty_batch_allowed(case: Case) -> None:
    """A batch of no sequences gives results of no sequences."""
    check_shapes("empty-batch-allowed", case)
