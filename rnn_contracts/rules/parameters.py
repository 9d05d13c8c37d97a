"""The parameters of a new layer."""

from __future__ import annotations

from rnn_contracts.contracts import DEPTHS
from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.rules.rule import Rule

# fmt: off
PARAMETERS = (
    Rule(
        "constructor-accepts", "parameter",
        "Every valid combination of the documented arguments makes a layer",
        layers=LAYERS + CELLS,
        condition="the constructor returns; 0 < proj_size < hidden_size for LSTM alone, nonlinearity "
                  "for RNN and RNNCell alone",
    ),
    Rule(
        "constructor-arguments", "parameter",
        "The constructor's arguments have the documented order, names and defaults",
        layers=LAYERS + CELLS, values=True, domain={"dropout": (0.0, 1.0)},
        condition="a layer made by position, with every default given, has the parameters and results "
                  "of one made by name, with defaults left out; device and dtype by name alone",
    ),
    Rule(
        "true-input-size-accepted", "parameter",
        "input_size=True makes the layer that input_size=1 makes",
        layers=LAYERS + CELLS,
        condition="the constructor returns, and the parameters have the shapes of input_size=1",
    ),
    Rule(
        "parameter-names", "parameter",
        "Parameters are weight_ih, weight_hh, bias_ih, bias_hh, weight_hr, named by layer and direction",
        layers=LAYERS + CELLS,
        condition="weight_ih_l[k], weight_hh_l[k]; bias_ih_l[k], bias_hh_l[k] if bias; weight_hr_l[k] "
                  "if proj_size > 0; each again with _reverse if bidirectional; cells: without _l[k]; "
                  "no others",
    ),
    Rule(
        "weight-ih-shape", "parameter",
        "weight_ih is (gates*H_cell, H_in) in layer 0 and in a cell, (gates*H_cell, D*H_out) above",
        layers=LAYERS + CELLS, tensors=("weight_ih",), columns=DEPTHS,
    ),
    Rule(
        "weight-hh-shape", "parameter",
        "weight_hh is (gates*H_cell, H_out) in every layer",
        layers=LAYERS + CELLS, tensors=("weight_hh",), columns=DEPTHS,
    ),
    Rule(
        "bias-shape", "parameter",
        "bias_ih and bias_hh are (gates*H_cell,) in every layer",
        layers=LAYERS + CELLS, tensors=("bias_ih", "bias_hh"), columns=DEPTHS, domain={"bias": True},
    ),
    Rule(
        "weight-hr-shape", "parameter",
        "weight_hr is (H_out, H_cell) in every layer of an LSTM with proj_size > 0",
        layers=("LSTM",), tensors=("weight_hr",), columns=DEPTHS, domain={"projection": True},
    ),
    Rule(
        "parameters-initialised", "parameter",
        "Every number of a new layer's parameters is random, and within 1/sqrt(hidden_size) of zero",
        layers=LAYERS + CELLS, values=True,
        condition="-1/sqrt(H_cell) <= parameter <= 1/sqrt(H_cell); 16 numbers or more are not all equal",
    ),
    Rule(
        "parameters-train", "parameter",
        "Every parameter of a new layer requires a gradient",
        layers=LAYERS + CELLS,
        condition="parameter.requires_grad",
    ),
    Rule(
        "device-and-dtype-honoured", "parameter",
        "Every parameter has the device and the dtype that the constructor was given",
        layers=LAYERS + CELLS,
        condition="parameter.device == device and parameter.dtype == dtype",
    ),
)
# fmt: on
