"""The sources of the rules about values and refusals."""

from __future__ import annotations

from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.sources.of_shapes import OF_SHAPES
from rnn_contracts.sources.source import DOCS, PYTORCH, Source, same

SERIALIZATION = "https://docs.pytorch.org/docs/stable/notes/serialization.html"

# fmt: off
_ZEROS = {
    "RNN": "Defaults to zeros if not provided.", "GRU": "Defaults to zeros if not provided.",
    "LSTM": "Defaults to zeros if (h_0, c_0) is not provided.",
    "GRUCell": "Defaults to zero if not provided.",
    "RNNCell": "Defaults to zero if not provided.",
    "LSTMCell": "If `(h_0, c_0)` is not provided, both **h_0** and **c_0** default to zero."}
_EQUATIONS = {
    "RNN": r"h_t = \tanh(x_t W_{ih}^T + b_{ih} + h_{t-1}W_{hh}^T + b_{hh})",
    "GRU": r"h_t = (1 - z_t) \odot n_t + z_t \odot h_{(t-1)}",
    "LSTM": r"c_t = f_t \odot c_{t-1} + i_t \odot g_t",
    "RNNCell": r"h' = \tanh(W_{ih} x + b_{ih} + W_{hh} h + b_{hh})",
    "GRUCell": r"h' = (1 - z) \odot n + z \odot h",
    "LSTMCell": r"c' = f \odot c + i \odot g"}
_FUNCTIONS = {
    "RNN": _EQUATIONS["RNN"],
    "GRU": r"r_t = \sigma(W_{ir} x_t + b_{ir} + W_{hr} h_{(t-1)} + b_{hr})",
    "LSTM": r"i_t = \sigma(W_{ii} x_t + b_{ii} + W_{hi} h_{t-1} + b_{hi})",
    "RNNCell": _EQUATIONS["RNNCell"],
    "GRUCell": r"r = \sigma(W_{ir} x + b_{ir} + W_{hr} h + b_{hr})",
    "LSTMCell": r"i = \sigma(W_{ii} x + b_{ii} + W_{hi} h + b_{hi})"}
_BEFORE = {
    "RNN": ":math:`h_{(t-1)}` is the hidden state of the previous layer at time `t-1` or the initial "
           "hidden state at time `0`.",
    "GRU": ":math:`h_{(t-1)}` is the hidden state of the layer at time `t-1` or the initial hidden "
           "state at time `0`",
    "LSTM": ":math:`h_{t-1}` is the hidden state of the layer at time `t-1` or the initial hidden state "
            "at time `0`"}
_INITIAL = {
    **_BEFORE,
    "RNNCell": "tensor containing the initial hidden state",
    "GRUCell": "tensor containing the initial hidden state for each element in the batch.",
    "LSTMCell": "tensor containing the initial hidden state"}
_DIRECTIONS = {
    kind: f"For bidirectional {kind}s, forward and backward are directions 0 and 1 respectively. "
          "Example of splitting the output layers when ``batch_first=False``: "
          "``output.view(seq_len, batch, num_directions, hidden_size)``."
    for kind in LAYERS}
_LAYER_STATES = {
    # Older releases call it h_0 and newer ones hx.
    kind: quote.partition(": ")[2]
    for kind, quote in OF_SHAPES["initial-hidden-shape"].quote.items()}
_STATES = {**_LAYER_STATES, **OF_SHAPES["rnn-cell-initial-hidden-shape"].quote}
_INPUTS = {**OF_SHAPES["input-shape"].quote, **OF_SHAPES["rnn-cell-input-shape"].quote}

OF_LAWS = {
    "final-hidden-is-last-output": Source(
        DOCS.format("LSTM"),
        quote={
            "RNN": "containing the final hidden state for each element in the batch.",
            "GRU": "containing the final hidden state for the input sequence.",
            "LSTM": "For bidirectional LSTMs, `h_n` is not equivalent to the last element of `output`; "
                    "the former contains the final forward and reverse hidden states, while the latter "
                    "contains the final forward hidden state and the initial reverse hidden state."},
        pitfalls=("#3587",),
    ),
    "directions-concatenate": Source(
        DOCS.format("LSTM"),
        quote=_DIRECTIONS,
        pitfalls=("#3587",),
    ),
    "hidden-layout": Source(
        f"{PYTORCH}/issues/99421",
        pitfalls=("#99421", "#10741"),
    ),
    "initial-state-defaults-to-zero": Source(
        DOCS.format("RNN"),
        quote=_ZEROS,
    ),
    "initial-state-reaches-every-layer-and-direction": Source(
        DOCS.format("LSTM"),
        quote=_INITIAL,
        pitfalls=("#95137",),
    ),
    "batch-first-is-a-transposition": Source(
        DOCS.format("RNN"),
        quote=same(
            "If ``True``, then the input and output tensors are provided as `(batch, seq, feature)` "
            "instead of `(seq, batch, feature)`. Note that this does not apply to hidden or cell "
            "states."),
        pitfalls=("#80306", "#4145"),
    ),
    "unbatched-is-a-batch-of-one": Source(
        DOCS.format("RNN"),
        quote=_INPUTS,
    ),
    "rows-are-independent": Source(
        DOCS.format("RNN"),
        quote=_FUNCTIONS,
        pitfalls=("#90421", "#180744", "#177834"),
    ),
    "steps-are-causal": Source(
        DOCS.format("RNN"),
        quote=_BEFORE,
    ),
    "sequence-splits": Source(
        DOCS.format("RNN"),
        quote=_BEFORE,
    ),
    "layers-compose": Source(
        DOCS.format("RNN"),
        quote={
            kind: f"stacking two {kind}s together to form a `stacked {kind}`, with the second {kind} "
                  f"taking in outputs of the first {kind} and computing the final results."
            for kind in LAYERS},
    ),
    "directions-decompose": Source(
        DOCS.format("LSTM"),
        quote={
            **_DIRECTIONS,
            "LSTM": "`output` will contain a concatenation of the forward and reverse hidden states at "
                    "each time step in the sequence."},
        pitfalls=("#94754",),
    ),
    "recurrence": Source(
        DOCS.format("LSTM"),
        quote=_EQUATIONS,
        pitfalls=("#94754",),
    ),
    "gates-are-ordered": Source(
        DOCS.format("LSTM"),
        quote={
            "GRU": "(W_ir|W_iz|W_in)",
            "LSTM": "(W_ii|W_if|W_ig|W_io)"},
        pitfalls=("#18872",),
    ),
    "reset-gate-follows-the-product": Source(
        DOCS.format("GRU"),
        quote={"GRU": "The calculation of new gate :math:`n_t` subtly differs from the original paper "
                      "and other frameworks."},
        pitfalls=("#8153", "#99531"),
    ),
    "call-arguments": Source(
        DOCS.format("RNN"),
        pitfalls=("#124194", "#136925"),
    ),
    "state-list-accepted": Source(
        DOCS.format("LSTM"),
    ),
    "packed-is-per-sequence": Source(
        DOCS.format("RNN"),
        quote=same("The input can also be a packed variable length sequence."),
        pitfalls=("#95118",),
    ),
    "dropout-between-layers-in-training-only": Source(
        DOCS.format("RNN"),
        quote={
            kind: f"If non-zero, introduces a `Dropout` layer on the outputs of each {kind} layer "
                  "except the last layer, with dropout probability equal to :attr:`dropout`."
            for kind in LAYERS},
        pitfalls=("#5985", "#190056"),
    ),
    "dropout-scales-what-it-keeps": Source(
        DOCS.format("Dropout"),
        quote={"Dropout": r"scaled by a factor of :math:`\frac{1}{1-p}` during training."},
        pitfalls=("#190056",),
    ),
    "dropout-drops-its-share": Source(
        DOCS.format("Dropout"),
        quote={"Dropout": "Each channel will be zeroed out independently on every forward call."},
    ),
    "dropout-follows-the-seed": Source(
        "https://docs.pytorch.org/docs/stable/generated/torch.manual_seed.html",
        quote={"manual_seed": "Sets the seed for generating random numbers"},
    ),
    "dropout-of-one-layer-does-nothing": Source(
        DOCS.format("RNN"),
        quote={kind: f"on the outputs of each {kind} layer except the last layer" for kind in LAYERS},
    ),
    "gradients-agree": Source(
        "https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html",
        quote={"autograd.grad": "the sum of gradients of outputs with respect to the inputs."},
        pitfalls=("#179308", "#190056"),
    ),
    "second-derivatives-exist": Source(
        "https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html",
        quote={"autograd.grad": "graph of the derivative will be constructed, allowing to compute "
                                "higher order derivative products."},
        pitfalls=("#99413",),
    ),
    "arguments-are-read-only": Source(
        DOCS.format("Module"),
    ),
    "calls-are-independent": Source(
        DOCS.format("RNN"),
        quote=_ZEROS,
    ),
    "parameters-unchanged-by-a-call": Source(
        DOCS.format("Module"),
        pitfalls=("#1721",),
    ),
    "dtype-and-device-follow": Source(
        DOCS.format("RNN"),
    ),
    "autocast-dtype": Source(
        "https://docs.pytorch.org/docs/stable/amp.html",
    ),
    "tf32-is-near": Source(
        "https://docs.pytorch.org/docs/stable/generated/torch.set_float32_matmul_precision.html",
        quote={"set_float32_matmul_precision": "Sets the internal precision of float32 matrix "
                                               "multiplications."},
    ),
    "modes-agree": Source(
        DOCS.format("Module"),
        quote={"Module.train": "effect only on certain modules."},
    ),
    "memory-layout-is-irrelevant": Source(
        "https://docs.pytorch.org/docs/stable/tensor_view.html",
    ),
    "functional-call-uses-its-weights": Source(
        "https://docs.pytorch.org/docs/stable/generated/torch.func.functional_call.html",
        quote={"func.functional_call": "by replacing the module parameters and buffers with the "
                                       "provided ones."},
        pitfalls=("#90500",),
    ),
    "copies-agree": Source(
        DOCS.format("Module"),
        quote={"Module.state_dict": "containing references to the whole state of the module."},
    ),
    "meta-agrees": Source(
        "https://docs.pytorch.org/docs/stable/meta.html",
        pitfalls=("#179308",),
    ),
    "compile-agrees": Source(
        "https://docs.pytorch.org/docs/stable/generated/torch.compile.html",
        pitfalls=("#158007",),
    ),
    "export-agrees": Source(
        "https://docs.pytorch.org/docs/stable/export.html",
        pitfalls=("#126339",),
    ),
    "state-dict-crosses-releases": Source(SERIALIZATION, pitfalls=("#42724", "#6801")),
    "pickled-layer-loads-in-later-releases": Source(SERIALIZATION, pitfalls=("#53359", "#57558")),
    "input-rank-refused": Source(
        DOCS.format("RNN"),
        quote=_INPUTS,
    ),
    "input-width-refused": Source(
        DOCS.format("RNN"),
        quote=same("input_size: The number of expected features in the input `x`", LAYERS + CELLS),
        pitfalls=("#114874", "#195803"),
    ),
    "input-dtype-refused": Source(
        DOCS.format("RNN"),
        pitfalls=("#195803",),
    ),
    "empty-sequence-refused": Source(
        DOCS.format("RNN"),
    ),
    "state-batch-refused": Source(
        DOCS.format("RNN"),
        quote=_STATES,
        pitfalls=("#7890", "#15260", "#195803"),
    ),
    "state-layers-refused": Source(
        DOCS.format("RNN"),
        quote=_LAYER_STATES,
        pitfalls=("#518", "#519"),
    ),
    "state-width-refused": Source(
        DOCS.format("RNN"),
        quote=_STATES,
    ),
    "state-rank-refused": Source(
        DOCS.format("RNN"),
        quote=_STATES,
        pitfalls=("#175978",),
    ),
    "state-dtype-refused": Source(
        DOCS.format("RNN"),
    ),
    "state-structure-refused": Source(
        DOCS.format("LSTM"),
        quote={
            "RNN": "Inputs: input, h", "GRU": "Inputs: input, h_0", "LSTM": "Inputs: input, (h_0, c_0)",
            "RNNCell": "Inputs: input, hidden", "GRUCell": "Inputs: input, hidden",
            "LSTMCell": "Inputs: input, (h_0, c_0)"},
        pitfalls=("#193823",),
    ),
    "size-refused": Source(
        DOCS.format("RNN"),
    ),
    "flag-refused": Source(
        DOCS.format("RNN"),
        pitfalls=("#136954", "#39311"),
    ),
    "nonlinearity-refused": Source(
        DOCS.format("RNN"),
        quote=same("Can be either ``'tanh'`` or ``'relu'``.", ("RNN", "RNNCell")),
    ),
    "dropout-refused": Source(
        DOCS.format("RNN"),
        quote=same("with dropout probability equal to :attr:`dropout`."),
    ),
    "projection-refused": Source(
        DOCS.format("LSTM"),
        quote={"LSTM": "``proj_size`` should be smaller than ``hidden_size``."},
    ),
    "dropout-of-one-layer-warned": Source(
        DOCS.format("RNN"),
        pitfalls=("#5985",),
    ),
}
# fmt: on
