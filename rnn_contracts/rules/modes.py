"""The same values in every mode of torch: of autograd, autocast, copies, meta, compile, export."""

from __future__ import annotations

from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.rules.laws import SURE
from rnn_contracts.rules.rule import Rule

# fmt: off
MODES = (
    Rule(
        "dtype-and-device-follow", "law",
        "Outside torch.autocast, results have the dtype and the device of the parameters",
        module="modes",
        layers=LAYERS + CELLS, domain={"autocast": False},
        condition="result.dtype == parameter.dtype and result.device == parameter.device",
    ),
    Rule(
        "autocast-dtype", "law",
        "Under CPU autocast to bfloat16 RNN, RNNCell and most LSTMs give bfloat16, the others float32",
        module="modes",
        layers=LAYERS + CELLS, values=True,
        domain={"autocast": True, "device": "cpu", "dtype": "float32"},
        condition="LSTM gives bfloat16, but float32 where it is packed with unequal lengths and has no "
                  "projection, and in c_n where it has one",
    ),
    Rule(
        "tf32-is-near", "law",
        "Where TF32 is allowed, results in float32 are within 2**-8 of the step equations",
        module="modes",
        layers=LAYERS + CELLS, values=True, domain={"dtype": "float32", **SURE},
        condition="with set_float32_matmul_precision('high') and backends.cudnn.allow_tf32 on, results "
                  "differ by 2**-8 at most, times the largest number where that is above 1",
    ),
    Rule(
        "modes-agree", "law",
        "Without dropout, train and eval, grad, no_grad and inference_mode give the same results",
        module="modes",
        layers=LAYERS + CELLS, values=True, domain={"dropout": 0.0},
        condition="the results are the same in every mode",
    ),
    Rule(
        "functional-call-uses-its-weights", "law",
        "torch.func.functional_call computes with the weights that it is given",
        module="modes",
        layers=LAYERS + CELLS, values=True, domain=SURE,
        condition="functional_call(layer, weights, input) == a layer of those weights(input)",
    ),
    Rule(
        "copies-agree", "law",
        "A layer copied by deepcopy, pickle or state_dict gives the same results",
        module="modes",
        layers=LAYERS + CELLS, values=True, domain=SURE,
        condition="copy(layer)(input) == layer(input); the names of state_dict are those of parameters",
    ),
    Rule(
        "meta-agrees", "law",
        "The meta device and FakeTensor give the shapes and dtypes of the real call",
        module="modes",
        layers=LAYERS + CELLS, values=True,
        condition="shape and dtype of every result agree; FakeTensor takes no packed input",
    ),
    Rule(
        "compile-agrees", "law",
        "torch.compile with backend='aot_eager' changes neither the shapes nor the numbers",
        module="modes",
        layers=LAYERS + CELLS, values=True, since="2.6", slow=True,
        domain={"grad_mode": ("no_grad", "inference_mode"), **SURE},
        condition="torch.compile(layer, backend='aot_eager')(input) == layer(input)",
    ),
    Rule(
        "export-agrees", "law",
        "torch.export, with a fixed or a dynamic batch, changes neither the shapes nor the numbers",
        module="modes",
        layers=LAYERS + CELLS, values=True, since="2.6", slow=True,
        domain={"layout": ("batched", "unbatched"), "least_N": 2, **SURE},
        condition="export(layer, input).module()(input) == layer(input), for every N if N is dynamic",
    ),
)
# fmt: on
