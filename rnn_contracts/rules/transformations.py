"""The same values when a layer is differentiated, mapped, recomputed, compiled or exported."""

from __future__ import annotations

from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.rules.laws import SURE
from rnn_contracts.rules.rule import Rule

_DENSE = {"layout": ("batched", "unbatched")}
"""A packed input is no tensor, and its lengths are numbers that a transformation does not see."""
_WRITABLE = {"training": False, "dtype": "float32", "device": "cpu", **_DENSE}
"""onnxruntime has no GRU and no LSTM in float64."""
_WITHOUT_GRADIENTS = ("no_grad", "inference_mode")

# fmt: off
TRANSFORMATIONS = (
    Rule(
        "forward-mode-agrees", "law",
        "Forward-mode derivatives, those of torch.func.jvp, are those of the step equations",
        module="transformations",
        layers=LAYERS + CELLS, values=True, domain={**_DENSE, "smooth": True, **SURE},
        condition="jvp along a direction of input, initial state and parameters gives the derivatives "
                  "of output and states that the step equations have",
    ),
    Rule(
        "vmap-agrees", "law",
        "torch.vmap over calls of a layer gives the results of a loop over the same calls",
        module="transformations",
        layers=LAYERS + CELLS, values=True, slow=True, domain={**_DENSE, **SURE},
        condition="vmap(layer)(inputs, states)[k] == layer(inputs[k], states[k])",
    ),
    Rule(
        "vmap-of-grad-agrees", "law",
        "torch.vmap of torch.func.grad gives the gradients of a loop of calls and backward passes",
        module="transformations",
        layers=LAYERS + CELLS, values=True, slow=True,
        domain={"grad_mode": "enable_grad", **_DENSE, "smooth": True, **SURE},
        condition="vmap(grad(loss), (None, 0, 0))(weights, inputs, states) has at [k] the gradients of "
                  "the parameters by the loss of layer(inputs[k], states[k])",
    ),
    Rule(
        "checkpoint-agrees", "law",
        "torch.utils.checkpoint with use_reentrant=False changes neither results nor gradients",
        module="transformations",
        layers=LAYERS + CELLS, values=True, domain={"grad_mode": "enable_grad"},
        condition="after the same seed checkpoint(layer, input, state, use_reentrant=False) gives the "
                  "results of layer(input, state), and the same gradients of input, state, parameters",
    ),
    Rule(
        "reentrant-checkpoint-agrees", "law",
        "torch.utils.checkpoint with use_reentrant=True changes neither results nor gradients",
        module="transformations",
        layers=LAYERS + CELLS, values=True, slow=True, domain={"grad_mode": "enable_grad"},
        condition="after the same seed checkpoint(layer, input, state, use_reentrant=True) gives the "
                  "results of layer(input, state), and the same gradients of input, state, parameters",
    ),
    Rule(
        "compile-packed-agrees", "law",
        "A compiled function that packs its input and calls a layer gives the numbers of plain calls",
        module="transformations",
        values=True, slow=True, since="2.3", domain={"layout": "packed", **SURE},
        condition="with backend='aot_eager' and allow_rnn, and graph breaks where torch makes them",
    ),
    Rule(
        "compile-drops", "law",
        "In training a compiled stack with dropout=1 zeroes every number between its layers",
        module="transformations",
        values=True, slow=True, since="2.3",
        domain={"dropout": 1.0, "training": True, "num_layers": (2, 3, 10),
                "grad_mode": _WITHOUT_GRADIENTS},
        condition="torch.compile(layer, backend='aot_eager')(input) == layer(input) with dropout = 1",
    ),
    Rule(
        "inductor-agrees", "law",
        "torch.compile with backend='inductor' changes neither the shapes nor the numbers",
        module="transformations",
        layers=LAYERS + CELLS, values=True, slow=True, since="2.3", tool="inductor",
        domain={"grad_mode": _WITHOUT_GRADIENTS, **SURE},
        condition="torch.compile(layer, backend='inductor')(input) == layer(input); on the CPU this "
                  "needs a C++ compiler",
    ),
    Rule(
        "export-uses-its-parameters", "law",
        "An exported layer keeps the names of the parameters, and computes with their current numbers",
        module="transformations",
        layers=LAYERS + CELLS, values=True, slow=True, since="2.6", domain={**_DENSE, **SURE},
        condition="export(layer).module().state_dict() has the names of named_parameters(); with "
                  "parameters of half the value it gives what a layer of those gives",
    ),
    Rule(
        "exported-layer-moves", "law",
        "An exported layer can be moved to another dtype, and to the meta device, as a layer can",
        module="transformations",
        layers=LAYERS + CELLS, values=True, slow=True, since="2.6", domain={**_DENSE, **SURE},
        condition="export(layer).module().to(dtype)(input) == layer.to(dtype)(input); after .to('meta') "
                  "the shapes are the same",
    ),
    Rule(
        "onnx-agrees", "law",
        "torch.onnx.export, run by onnxruntime, gives the numbers of the layer, for every batch size",
        module="transformations",
        layers=LAYERS + CELLS, values=True, slow=True, since="2.13", tool="onnx",
        domain=_WRITABLE,
        condition="onnx.export(layer, input, dynamo=True, dynamic_shapes=...)(input) == layer(input), "
                  "with another N too",
    ),
)
# fmt: on
