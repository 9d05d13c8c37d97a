"""The parameters of a layer as it is built: names, shapes, values, device and dtype."""

import torch

from rnn_contracts.calls import Case
from rnn_contracts.checks import (
    build,
    check_attributes,
    check_initialised,
    check_parameter_names,
    check_parameter_shapes,
)
from rnn_contracts.rule_tests import checks_rule


@checks_rule("constructor-accepts", build_only=True)
def test_constructor_accepts(case: Case) -> None:
    """Every combination of the documented arguments makes a layer."""
    build("constructor-accepts", case)


@checks_rule("parameter-names", build_only=True)
def test_parameter_names(case: Case) -> None:
    """The parameters are those of the documentation: _reverse twins, biases, projections."""
    check_parameter_names("parameter-names", case)


@checks_rule("weight-ih-shape", build_only=True)
def test_weight_ih_shape(case: Case) -> None:
    """weight_ih is (gates*H_cell, H_in) in layer 0, (gates*H_cell, D*H_out) above it."""
    check_parameter_shapes("weight-ih-shape", case)


@checks_rule("weight-hh-shape", build_only=True)
def test_weight_hh_shape(case: Case) -> None:
    """weight_hh is (gates*H_cell, H_out)."""
    check_parameter_shapes("weight-hh-shape", case)


@checks_rule("bias-shape", build_only=True, bias=True)
def test_bias_shape(case: Case) -> None:
    """bias_ih and bias_hh are (gates*H_cell)."""
    check_parameter_shapes("bias-shape", case)


@checks_rule("weight-hr-shape", build_only=True, projection=True)
def test_weight_hr_shape(case: Case) -> None:
    """weight_hr is (H_out, H_cell)."""
    check_parameter_shapes("weight-hr-shape", case)


@checks_rule("parameters-initialised", build_only=True)
def test_parameters_initialised(case: Case) -> None:
    """Every parameter starts within 1/sqrt(H_cell) of zero, and is not constant."""
    check_initialised("parameters-initialised", case)


@checks_rule("parameters-train", build_only=True)
def test_parameters_train(case: Case) -> None:
    """Every parameter requires a gradient."""
    check_attributes("parameters-train", case, requires_grad=True)


@checks_rule("device-and-dtype-honoured", build_only=True, needs=("device", "dtype"))
def test_device_and_dtype_honoured(case: Case) -> None:
    """Every parameter is on the device and of the dtype that the constructor was given."""
    dtype = getattr(torch, case.dtype)
    device = torch.empty(0, device=case.device).device
    check_attributes("device-and-dtype-honoured", case, device=device, dtype=dtype)
