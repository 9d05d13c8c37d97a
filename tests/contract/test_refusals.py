"""What must be refused: `wrong` spoils the right call, or the construction, of `case`.

A refusal is a ValueError, RuntimeError or TypeError; whatever else happens is a violation: that it is
accepted, kills the process, hangs, or raises something that is no argument error.
"""

import warnings
from dataclasses import replace

from rnn_contracts import checks
from rnn_contracts.calls import Case
from rnn_contracts.refusals import Wrong, check_refused
from rnn_contracts.rule_tests import checks_rule


@checks_rule("input-rank-refused")
def test_input_rank_refused(case: Case, wrong: Wrong) -> None:
    """Input of 1 or 4 axes, packed data of 1 or 4; cells: 0 or 3."""
    check_refused("input-rank-refused", case, wrong)


@checks_rule("input-width-refused")
def test_input_width_refused(case: Case, wrong: Wrong) -> None:
    """Input.shape[-1] != input_size."""
    check_refused("input-width-refused", case, wrong)


@checks_rule("input-dtype-refused")
def test_input_dtype_refused(case: Case, wrong: Wrong) -> None:
    """Input.dtype != parameter.dtype."""
    check_refused("input-dtype-refused", case, wrong)


@checks_rule("empty-sequence-refused")
def test_empty_sequence_refused(case: Case, wrong: Wrong) -> None:
    """L = 0, batched or not."""
    check_refused("empty-sequence-refused", case, wrong)


@checks_rule("state-batch-refused")
def test_state_batch_refused(case: Case, wrong: Wrong) -> None:
    """H_0 or c_0 has N + 1 or N - 1 sequences."""
    check_refused("state-batch-refused", case, wrong)


@checks_rule("state-layers-refused")
def test_state_layers_refused(case: Case, wrong: Wrong) -> None:
    """H_0 or c_0 has D*num_layers + 1 or - 1 rows."""
    check_refused("state-layers-refused", case, wrong)


@checks_rule("state-width-refused")
def test_state_width_refused(case: Case, wrong: Wrong) -> None:
    """H_0 is not H_out wide, or c_0 not H_cell."""
    check_refused("state-width-refused", case, wrong)


@checks_rule("state-rank-refused")
def test_state_rank_refused(case: Case, wrong: Wrong) -> None:
    """H_0 or c_0 has an axis too many or too few for the input."""
    check_refused("state-rank-refused", case, wrong)


@checks_rule("state-dtype-refused")
def test_state_dtype_refused(case: Case, wrong: Wrong) -> None:
    """H_0.dtype or c_0.dtype != parameter.dtype."""
    check_refused("state-dtype-refused", case, wrong)


@checks_rule("state-structure-refused")
def test_state_structure_refused(case: Case, wrong: Wrong) -> None:
    """Hx is not one tensor, or for LSTM not a tuple of two."""
    check_refused("state-structure-refused", case, wrong)


@checks_rule("size-refused")
def test_size_refused(case: Case, wrong: Wrong) -> None:
    """Input_size, hidden_size or num_layers is 0, -1, 1.5 or '3'."""
    check_refused("size-refused", case, wrong)


@checks_rule("flag-refused")
def test_flag_refused(case: Case, wrong: Wrong) -> None:
    """Bias, batch_first or bidirectional is 1 or None."""
    check_refused("flag-refused", case, wrong)


@checks_rule("nonlinearity-refused")
def test_nonlinearity_refused(case: Case, wrong: Wrong) -> None:
    """Nonlinearity is 'gelu' or 'Tanh'."""
    check_refused("nonlinearity-refused", case, wrong)


@checks_rule("dropout-refused")
def test_dropout_refused(case: Case, wrong: Wrong) -> None:
    """Dropout is -0.1, 1.1, '0.5' or True."""
    check_refused("dropout-refused", case, wrong)


@checks_rule("projection-refused")
def test_projection_refused(case: Case, wrong: Wrong) -> None:
    """RNN, GRU: proj_size=3; LSTM: proj_size is -1, hidden_size or hidden_size + 1."""
    check_refused("projection-refused", case, wrong)


@checks_rule("dropout-of-one-layer-warned", dropout=0.5, build_only=True)
def test_dropout_of_one_layer_warned(case: Case) -> None:
    """A UserWarning for one layer, none for a stack."""
    rule = "dropout-of-one-layer-warned"
    case = replace(case, layer=replace(case.layer, dropout=0.5))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        checks.build(rule, case)
    checks.checked[rule] += 1
    warned = any(issubclass(warning.category, UserWarning) for warning in caught)
    if warned != (case.layer.num_layers == 1):
        found = f"dropout=0.5 gave {'a' if warned else 'no'} warning"
        checks.violated(rule, case, found, show="layer", call=False)
