"""The parameters of a new layer."""

from __future__ import annotations

from rnn_contracts.contracts import DEPTHS
from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.rules.rule import Rule

# fmt: off
PARAMETERS = (
    Rule(
        "constructor-accepts", "parameter",
        "Every combination of the documented arguments makes a layer",
        layers=LAYERS + CELLS,
        condition="the constructor returns; proj_size only for LSTM, nonlinearity only for RNN",
    ),
    Rule(
        "parameter-names", "parameter",
        "The parameters are those that the documentation lists, and no others",
        layers=LAYERS + CELLS,
        condition="weight_ih_l[k], weight_hh_l[k]; bias_ih_l[k], bias_hh_l[k] if bias; weight_hr_l[k] "
                  "if proj_size > 0; each again with _reverse if bidirectional; cells: without _l[k]",
    ),
    Rule(
        "weight-ih-shape", "parameter",
        "weight_ih_l[k] is (gates*H_cell, H_in) in layer 0, (gates*H_cell, D*H_out) above it",
        layers=LAYERS + CELLS, tensors=("weight_ih",), columns=DEPTHS,
    ),
    Rule(
        "weight-hh-shape", "parameter",
        "weight_hh_l[k] is (gates*H_cell, H_out)",
        layers=LAYERS + CELLS, tensors=("weight_hh",), columns=DEPTHS,
    ),
    Rule(
        "bias-shape", "parameter",
        "bias_ih_l[k] and bias_hh_l[k] are (gates*H_cell)",
        layers=LAYERS + CELLS, tensors=("bias_ih", "bias_hh"), columns=DEPTHS,
    ),
    Rule(
        "weight-hr-shape", "parameter",
        "weight_hr_l[k], there only with proj_size > 0, is (H_out, H_cell)",
        layers=("LSTM",), tensors=("weight_hr",), columns=DEPTHS,
    ),
    Rule(
        "parameters-initialised", "parameter",
        "Every parameter starts within 1/sqrt(hidden_size) of zero, and is not constant",
        layers=LAYERS + CELLS, values=True,
        condition="-1/sqrt(H_cell) <= parameter <= 1/sqrt(H_cell)",
    ),
    Rule(
        "parameters-train", "parameter",
        "Every parameter requires a gradient",
        layers=LAYERS + CELLS,
        condition="parameter.requires_grad",
    ),
    Rule(
        "device-and-dtype-honoured", "parameter",
        "Every parameter is on the device and of the dtype that the constructor was given",
        layers=LAYERS + CELLS,
        condition="parameter.device == device and parameter.dtype == dtype",
    ),
)
# fmt: on
