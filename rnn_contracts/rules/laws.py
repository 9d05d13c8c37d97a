"""The values behind the shapes, in every mode of torch."""

from __future__ import annotations

from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.rules.rule import Rule

# fmt: off
LAWS = (
    Rule(
        "final-hidden-is-last-output", "law",
        "h_n of the last layer is output at the last step, of the backward direction at the first",
        values=True,
        condition="h_n[-D] == output[length - 1, :, :H_out]; h_n[-1] == output[0, :, H_out:] if D = 2",
    ),
    Rule(
        "directions-concatenate", "law",
        "The forward direction is the first half of output, the backward direction the second",
        values=True,
        condition="with the backward weights of the last layer at zero, output[..., H_out:] == 0 and "
                  "output[..., :H_out] is unchanged",
    ),
    Rule(
        "hidden-layout", "law",
        "States are ordered by layer first, by direction within it: (num_layers, D, N, H)",
        values=True,
        condition="h_n.view(num_layers, D, N, H_out)[k, d] is the final state of layer k, direction d",
    ),
    Rule(
        "initial-state-defaults-to-zero", "law",
        "Without an initial state a call is one with states of zeros",
        layers=LAYERS + CELLS, values=True,
        condition="layer(input) == layer(input, zeros)",
    ),
    Rule(
        "initial-state-reaches-every-layer-and-direction", "law",
        "Each part of an initial state acts on its layer and direction, and on no layer below",
        layers=LAYERS + CELLS, values=True,
        condition="changing h_0[k*D + d] or c_0[k*D + d] changes h_n[k*D + d], and no h_n[:k*D]",
    ),
    Rule(
        "batch-first-is-a-transposition", "law",
        "batch_first transposes input and output and changes nothing else",
        values=True,
        condition="batch_first: output.transpose(0, 1) and states are those of batch_first=False",
    ),
    Rule(
        "unbatched-is-a-batch-of-one", "law",
        "An unbatched input gives what it gives as a batch of one",
        layers=LAYERS + CELLS, values=True,
        condition="layer(input) == layer(input.unsqueeze(N axis)).squeeze(N axis)",
    ),
    Rule(
        "rows-are-independent", "law",
        "No sequence of a batch influences another",
        layers=LAYERS + CELLS, values=True,
        condition="with NaN in every other row of input and state, a row's results are unchanged",
    ),
    Rule(
        "steps-are-causal", "law",
        "In the forward direction no step influences one before it",
        values=True,
        condition="with NaN in input[t:], output[:t] is unchanged",
    ),
    Rule(
        "sequence-splits", "law",
        "A sequence cut in two, the state carried over the cut, gives what it gives whole",
        values=True,
        condition="layer(input[t:], state of layer(input[:t])) continues output and ends in h_n",
    ),
    Rule(
        "layers-compose", "law",
        "A stack is its layers one after the other, each fed with the output of the one below",
        values=True,
        condition="output and h_n of num_layers layers are those of single layers in a chain",
    ),
    Rule(
        "directions-decompose", "law",
        "The backward direction is a forward one that reads the sequence from its end",
        values=True,
        condition="output[..., H_out:] of a layer is flip(layer_backward(flip(input)))",
    ),
    Rule(
        "recurrence", "law",
        "Every step is the documented equation of RNN (tanh, relu), GRU or LSTM",
        layers=LAYERS + CELLS, values=True,
        condition="RNN: h' = tanh(W_ih x + b_ih + W_hh h + b_hh); "
                  "GRU, LSTM: rnn_contracts/checking/equations.py",
    ),
    Rule(
        "packed-is-per-sequence", "law",
        "Each sequence of a packed input gives what it gives alone, in the order of the caller",
        values=True,
        condition="row n of output and states == layer(input[:lengths[n], n], state[:, n])",
    ),
    Rule(
        "dropout-between-layers-in-training-only", "law",
        "Dropout falls on what a layer passes to the next, in training, and on nothing else",
        values=True,
        condition="eval: as dropout=0; training with dropout=1: every layer but the first reads zeros",
    ),
    Rule(
        "gradients-agree", "law",
        "Gradients through output and states reach input, initial state and every parameter",
        layers=LAYERS + CELLS, values=True,
        condition="the gradients are those of the step equations",
    ),
    Rule(
        "second-derivatives-exist", "law",
        "A gradient can be differentiated again",
        values=True,
        condition="the second derivatives are those of the step equations",
    ),
    Rule(
        "arguments-are-read-only", "law",
        "A call leaves input and initial state as they were",
        layers=LAYERS + CELLS, values=True,
        condition="input and state are bit for bit the same after the call",
    ),
    Rule(
        "calls-are-independent", "law",
        "A layer keeps no memory from one call to the next",
        layers=LAYERS + CELLS, values=True,
        condition="the same call again, with another between them, gives the same results",
    ),
    Rule(
        "parameters-unchanged-by-a-call", "law",
        "A call leaves the parameters as they were: names, shapes and numbers",
        layers=LAYERS + CELLS, values=True,
        condition="state_dict() is bit for bit the same after the call",
    ),
    Rule(
        "dtype-and-device-follow", "law",
        "Results have the dtype and the device of the parameters",
        layers=LAYERS + CELLS,
        condition="result.dtype == parameter.dtype and result.device == parameter.device",
    ),
    Rule(
        "autocast-dtype", "law",
        "Under autocast to bfloat16 on the CPU, RNN and LSTM give bfloat16, GRU gives float32",
        layers=LAYERS + CELLS, values=True,
        condition="observed, with float32 parameters: bfloat16 from RNN, LSTM and RNNCell, but float32 "
                  "from an LSTM packed with unequal lengths and in c_n of a projected one; float32 "
                  "from the others",
    ),
    Rule(
        "modes-agree", "law",
        "train and eval, grad, no_grad and inference_mode give the same results but for dropout",
        layers=LAYERS + CELLS, values=True,
        condition="dropout=0: the results are the same in every mode",
    ),
    Rule(
        "memory-layout-is-irrelevant", "law",
        "Strides of input and initial state do not matter",
        layers=LAYERS + CELLS, values=True,
        condition="layer(strided) == layer(strided.contiguous())",
    ),
    Rule(
        "functional-call-uses-its-weights", "law",
        "torch.func.functional_call computes with the weights that it is given",
        layers=LAYERS + CELLS, values=True,
        condition="functional_call(layer, weights, input) == a layer of those weights(input)",
    ),
    Rule(
        "copies-agree", "law",
        "deepcopy, pickle and state_dict give layers of the same results",
        layers=LAYERS + CELLS, values=True,
        condition="copy(layer)(input) == layer(input); the names of state_dict are those of parameters",
    ),
    Rule(
        "meta-agrees", "law",
        "The meta device and FakeTensor give the shapes and dtypes of the real call",
        layers=LAYERS + CELLS, values=True,
        condition="shape and dtype of every result agree",
    ),
    Rule(
        "compile-agrees", "law",
        "torch.compile changes no shape and no number",
        layers=LAYERS + CELLS, values=True, since="2.6", slow=True,
        condition="torch.compile(layer, backend='aot_eager')(input) == layer(input)",
    ),
    Rule(
        "export-agrees", "law",
        "torch.export, with a fixed or a dynamic batch, changes no shape and no number",
        layers=LAYERS + CELLS, values=True, since="2.6", slow=True,
        condition="export(layer, input).module()(input) == layer(input), for every N if N is dynamic",
    ),
)
# fmt: on
