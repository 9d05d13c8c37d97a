"""The values behind the shapes, whatever the mode of torch."""

from __future__ import annotations

from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.rules.rule import Rule

SURE = {"dropout_acts": False}
"""The domain in which no number is left out at random."""

# fmt: off
LAWS = (
    Rule(
        "final-hidden-is-last-output", "law",
        "In the last layer, h_n is output at the last step (forward) and at the first step (backward)",
        values=True,
        condition="h_n[-D] == output_t[..., :H_out] with t = length - 1; "
                  "if D = 2, h_n[-1] == output_t[..., H_out:] with t = 0",
        recipes={
            "one direction": "h_n[-1]",
            "two directions, both finished": "torch.cat([h_n[-2], h_n[-1]], dim=-1)",
            "one direction, from output": "output[-1]",
            "one direction, from output with batch_first": "output[:, -1]",
            "one direction, from a packed output":
                "padded, lengths = nn.utils.rnn.pad_packed_sequence(output); "
                "padded[lengths - 1, torch.arange(len(lengths))]",
            "two directions, from output":
                "torch.cat([output[-1, ..., :H_out], output[0, ..., H_out:]], dim=-1)",
            "two directions, from output with batch_first":
                "torch.cat([output[:, -1, :H_out], output[:, 0, H_out:]], dim=-1)",
        },
    ),
    Rule(
        "directions-concatenate", "law",
        "On its last axis output has the forward direction first and the backward direction second",
        values=True, domain={"bidirectional": True, **SURE},
        condition="with weights and states of zero in the backward direction of the last layer, "
                  "output[..., H_out:] == 0 and output[..., :H_out] is unchanged",
    ),
    Rule(
        "hidden-layout", "law",
        "h_n[k*D + d] is the final state of layer k, direction d (0 forward, 1 backward)",
        values=True, domain=SURE,
        condition="h_n[k*D + d] and c_n[k*D + d] are the final state of layer k, direction d, run alone",
        recipes={
            "all layers and directions": "h_n.view(num_layers, D, N, H_out)",
            "the last layer, forward and backward": "h_n.view(num_layers, D, N, H_out)[-1]",
        },
    ),
    Rule(
        "initial-state-defaults-to-zero", "law",
        "A missing initial state means an initial state of zeros",
        layers=LAYERS + CELLS, values=True, domain={"initial_state": False, **SURE},
        condition="layer(input) == layer(input, zeros)",
    ),
    Rule(
        "initial-state-reaches-every-layer-and-direction", "law",
        "h_0[k*D + d] reaches h_n[k*D + d] and no state of a layer below, and so does c_0[k*D + d]",
        layers=LAYERS + CELLS, values=True, domain={"initial_state": True, **SURE},
        condition="with NaN in h_0[k*D + d] or c_0[k*D + d], h_n[k*D + d] is NaN, h_n[:k*D] unchanged",
    ),
    Rule(
        "batch-first-is-a-transposition", "law",
        "batch_first transposes input and output and changes nothing else",
        values=True, domain={"batch_first": True, **SURE},
        condition="batch_first: output.transpose(0, 1) and states are those of batch_first=False",
    ),
    Rule(
        "unbatched-is-a-batch-of-one", "law",
        "An unbatched input gives the results of the same input in a batch of one",
        layers=LAYERS + CELLS, values=True, domain={"layout": "unbatched", **SURE},
        condition="layer(input) == layer(input.unsqueeze(N axis)).squeeze(N axis)",
    ),
    Rule(
        "rows-are-independent", "law",
        "No sequence of a batch influences the results of another",
        layers=LAYERS + CELLS, values=True, domain=SURE,
        condition="with other numbers, or NaN, in all other rows, the results of a row are unchanged",
    ),
    Rule(
        "steps-are-causal", "law",
        "Without bidirectional, the output at a step does not depend on the input after it",
        values=True, domain={"bidirectional": False, **SURE},
        condition="with other numbers, or NaN, in input_t from a step on, output_t before is unchanged",
    ),
    Rule(
        "sequence-splits", "law",
        "Without bidirectional, a sequence can be run in two parts if the state is carried over",
        values=True, domain={"bidirectional": False, **SURE},
        condition="layer(first part), then layer(second part, its final state), give the outputs and "
                  "the final state of layer(input)",
    ),
    Rule(
        "layers-compose", "law",
        "A stack gives the results of its layers run one after the other, each on the output below",
        values=True, domain=SURE,
        condition="output and h_n of num_layers layers are those of single layers in a chain",
    ),
    Rule(
        "directions-decompose", "law",
        "The backward direction of a layer is a forward layer that reads the sequence from its end",
        values=True, domain={"bidirectional": True, **SURE},
        condition="output[..., H_out:] of a layer is flip(layer_backward(flip(input)))",
    ),
    Rule(
        "recurrence", "law",
        "Every step computes the documented equations of RNN (tanh or relu), GRU or LSTM",
        layers=LAYERS + CELLS, values=True, domain=SURE,
        condition="RNN: h' = tanh(W_ih x + b_ih + W_hh h + b_hh); "
                  "GRU, LSTM: rnn_contracts/checking/equations.py",
    ),
    Rule(
        "gates-are-ordered", "law",
        "Weights and biases hold the gates in the order r, z, n for GRU and i, f, g, o for LSTM",
        layers=("GRU", "LSTM", "GRUCell", "LSTMCell"), values=True, domain=SURE,
        condition="rows 0 to H_cell - 1 of weight_ih, weight_hh, bias_ih and bias_hh are r or i, the "
                  "next H_cell rows z or f, then n or g, then o",
    ),
    Rule(
        "reset-gate-follows-the-product", "law",
        "The reset gate of a GRU multiplies W_hn h + b_hn, not h",
        layers=("GRU", "GRUCell"), values=True,
        condition="n = tanh(W_in x + b_in + r * (W_hn h + b_hn))",
    ),
    Rule(
        "call-arguments", "law",
        "A call takes input and hx by these names, and in this order",
        layers=LAYERS + CELLS, values=True, domain=SURE,
        condition="layer(input=input, hx=hx) == layer(input, hx)",
    ),
    Rule(
        "state-list-accepted", "law",
        "LSTM and LSTMCell take a list [h_0, c_0] as they take the tuple (h_0, c_0)",
        layers=("LSTM", "LSTMCell"), values=True, domain={"initial_state": True, **SURE},
        condition="layer(input, [h_0, c_0]) == layer(input, (h_0, c_0))",
    ),
    Rule(
        "packed-is-per-sequence", "law",
        "Each sequence of a packed input gives the results of the same sequence run alone",
        values=True, domain={"layout": "packed", **SURE},
        condition="row n of output and states == layer(input[:length, n], state[:, n]), "
                  "in the order of the caller",
    ),
    Rule(
        "dropout-between-layers-in-training-only", "law",
        "With dropout=1 in training, every layer but the first gets zeros; in eval dropout does nothing",
        values=True, domain={"dropout": 1.0},
        condition="eval: as dropout=0; training: every layer but the first reads zeros",
    ),
    Rule(
        "gradients-agree", "law",
        "Gradients with respect to input, initial state and parameters are those of the equations",
        layers=LAYERS + CELLS, values=True,
        domain={"grad_mode": "enable_grad", "smooth": True, **SURE},
        condition="the gradients of output and states are those of the step equations",
    ),
    Rule(
        "second-derivatives-exist", "law",
        "A gradient can be differentiated again; in float64 the result is that of the equations",
        values=True, domain={"grad_mode": "enable_grad", **SURE},
        condition="the second derivatives have the shapes and, in float64, the numbers of those of the "
                  "step equations",
    ),
    Rule(
        "arguments-are-read-only", "law",
        "A call does not change the numbers of its input and initial state",
        layers=LAYERS + CELLS, values=True,
        condition="input and state are bit for bit the same after the call",
    ),
    Rule(
        "calls-are-independent", "law",
        "The same call made again gives the same numbers, bit for bit, whatever was called between",
        layers=LAYERS + CELLS, values=True, domain=SURE,
        condition="the same call again, with another between them, gives the same results",
    ),
    Rule(
        "parameters-unchanged-by-a-call", "law",
        "A call changes neither the names nor the shapes nor the numbers of the parameters",
        layers=LAYERS + CELLS, values=True,
        condition="state_dict() is bit for bit the same after the call",
    ),
    Rule(
        "memory-layout-is-irrelevant", "law",
        "Results do not depend on the strides of input and initial state",
        layers=LAYERS + CELLS, values=True, domain=SURE,
        condition="layer(strided) == layer(strided.contiguous())",
    ),
)
# fmt: on
