"""The parameters of a layer as it is built: names, shapes, values, device and dtype."""

import torch

from rnn_contracts.checking.check import Check
from rnn_contracts.checking.trial import ROUNDING, Trial
from rnn_contracts.rule_tests.statement import rule_test


@rule_test(build_only=True)
def test_constructor_accepts(check: Check) -> None:
    """Every combination of the documented arguments makes a layer."""
    check.build()


@rule_test(least_N=1, longest=5)
def test_constructor_arguments(trial: Trial) -> None:
    """By position, with every default given, it is the layer that the names alone have made."""
    other = trial.build_by_position()
    shapes = "{name: tuple(part.shape) for name, part in $0.named_parameters()}"
    found = trial.do(shapes, other, name="found")
    expected = trial.do(shapes, trial.layer, name="expected")
    trial.assert_that("$0 == $1", "made by position it has {$0}   expected {$1}", found, expected)
    trial.do("$0.load_state_dict($1.state_dict())", other, trial.layer, changes=1)
    trial.assert_all_close(trial.call(layer=other), trial.call(), units=ROUNDING)


@rule_test(build_only=True)
def test_true_input_size_accepted(check: Check) -> None:
    """The parameters have the shapes of input_size=1."""
    check.assert_true_is_one()


@rule_test(build_only=True)
def test_parameter_names(check: Check) -> None:
    """The parameters are those of the documentation: _reverse twins, biases, projections."""
    check.named_parameters(check.build())


@rule_test(build_only=True)
def test_weight_ih_shape(check: Check) -> None:
    """weight_ih is (gates*H_cell, H_in) in layer 0, (gates*H_cell, D*H_out) above it."""
    check.assert_parameter_shapes()


@rule_test(build_only=True)
def test_weight_hh_shape(check: Check) -> None:
    """weight_hh is (gates*H_cell, H_out)."""
    check.assert_parameter_shapes()


@rule_test(build_only=True)
def test_bias_shape(check: Check) -> None:
    """bias_ih and bias_hh are (gates*H_cell,)."""
    check.assert_parameter_shapes()


@rule_test(build_only=True)
def test_weight_hr_shape(check: Check) -> None:
    """weight_hr is (H_out, H_cell)."""
    check.assert_parameter_shapes()


@rule_test(build_only=True)
def test_parameters_initialised(check: Check) -> None:
    """Every number lies within 1/sqrt(H_cell) of zero, and not all are equal."""
    check.assert_initialised()


@rule_test(build_only=True)
def test_parameters_train(check: Check) -> None:
    """Every parameter requires a gradient."""
    check.assert_attributes(requires_grad=True)


@rule_test(build_only=True, needs=("device", "dtype"))
def test_device_and_dtype_honoured(check: Check) -> None:
    """Every parameter is on the device and of the dtype that the constructor was given."""
    dtype = getattr(torch, check.case.dtype)
    device = torch.empty(0, device=check.case.device).device
    check.assert_attributes(device=device, dtype=dtype)
