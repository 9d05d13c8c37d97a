"""The sources of the rules about values and refusals."""

from __future__ import annotations

from rnn_contracts.sources.source import DOCS, PYTORCH, Source, same

# fmt: off
OF_LAWS = {
    "final-hidden-is-last-output": Source(
        DOCS.format("LSTM"),
        quote={
            "RNN": "containing the final hidden state for each element in the batch.",
            "GRU": "containing the final hidden state for the input sequence.",
            "LSTM": "`h_n` will contain a concatenation of the final forward and reverse hidden states"},
        pitfalls=("#3587",),
    ),
    "directions-concatenate": Source(
        DOCS.format("LSTM"),
        quote={"LSTM": "`output` will contain a concatenation of the forward and reverse hidden states "
                       "at each time step in the sequence."},
        pitfalls=("#3587",),
    ),
    "hidden-layout": Source(
        f"{PYTORCH}/issues/99421",
        pitfalls=("#99421", "#10741"),
    ),
    "initial-state-defaults-to-zero": Source(
        DOCS.format("RNN"),
        quote={"RNN": "Defaults to zeros if not provided.", "GRU": "Defaults to zeros if not provided.",
               "LSTM": "Defaults to zeros if (h_0, c_0) is not provided.",
               "GRUCell": "Defaults to zero if not provided.",
               "RNNCell": "Defaults to zero if not provided.",
               "LSTMCell": "If `(h_0, c_0)` is not provided, both **h_0** and **c_0** default to zero."},
    ),
    "initial-state-reaches-every-layer-and-direction": Source(
        f"{PYTORCH}/pull/95137",
        pitfalls=("#95137",),
    ),
    "batch-first-is-a-transposition": Source(
        DOCS.format("RNN"),
        quote=same("Note that this does not apply to hidden or cell states."),
        pitfalls=("#80306", "#4145"),
    ),
    "unbatched-is-a-batch-of-one": Source(
        DOCS.format("RNN"),
    ),
    "rows-are-independent": Source(
        DOCS.format("RNN"),
        pitfalls=("#90421", "#180744", "#177834"),
    ),
    "steps-are-causal": Source(
        DOCS.format("RNN"),
    ),
    "sequence-splits": Source(
        DOCS.format("RNN"),
    ),
    "layers-compose": Source(
        DOCS.format("RNN"),
        quote=same("stacking two"),
    ),
    "directions-decompose": Source(
        DOCS.format("RNN"),
        pitfalls=("#94754",),
    ),
    "recurrence": Source(
        DOCS.format("LSTM"),
        quote={
            "RNN": r"h_t = \tanh(x_t W_{ih}^T + b_{ih} + h_{t-1}W_{hh}^T + b_{hh})",
            "GRU": r"h_t = (1 - z_t) \odot n_t + z_t \odot h_{(t-1)}",
            "LSTM": r"c_t = f_t \odot c_{t-1} + i_t \odot g_t",
            "RNNCell": r"h' = \tanh(W_{ih} x + b_{ih} + W_{hh} h + b_{hh})",
            "LSTMCell": r"c' = f \odot c + i \odot g"},
        pitfalls=("#94754",),
    ),
    "packed-is-per-sequence": Source(
        DOCS.format("RNN"),
        pitfalls=("#95118",),
    ),
    "dropout-between-layers-in-training-only": Source(
        DOCS.format("RNN"),
        quote=same("introduces a `Dropout` layer on the outputs of each"),
        pitfalls=("#5985", "#190056"),
    ),
    "gradients-agree": Source(
        "https://docs.pytorch.org/docs/stable/notes/autograd.html",
        pitfalls=("#179308", "#190056"),
    ),
    "second-derivatives-exist": Source(
        f"{PYTORCH}/issues/99413",
        pitfalls=("#99413",),
    ),
    "arguments-are-read-only": Source(
        DOCS.format("Module"),
    ),
    "calls-are-independent": Source(
        DOCS.format("Module"),
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
    "modes-agree": Source(
        DOCS.format("Module"),
    ),
    "memory-layout-is-irrelevant": Source(
        "https://docs.pytorch.org/docs/stable/tensor_view.html",
    ),
    "functional-call-uses-its-weights": Source(
        "https://docs.pytorch.org/docs/stable/generated/torch.func.functional_call.html",
        pitfalls=("#90500",),
    ),
    "copies-agree": Source(
        DOCS.format("Module"),
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
    "input-rank-refused": Source(
        DOCS.format("RNN"),
    ),
    "input-width-refused": Source(
        DOCS.format("RNN"),
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
        pitfalls=("#7890", "#15260", "#195803"),
    ),
    "state-layers-refused": Source(
        DOCS.format("RNN"),
        pitfalls=("#518", "#519"),
    ),
    "state-width-refused": Source(
        DOCS.format("RNN"),
    ),
    "state-rank-refused": Source(
        DOCS.format("RNN"),
        pitfalls=("#175978",),
    ),
    "state-dtype-refused": Source(
        DOCS.format("RNN"),
    ),
    "state-structure-refused": Source(
        DOCS.format("LSTM"),
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
    ),
    "dropout-refused": Source(
        DOCS.format("RNN"),
    ),
    "projection-refused": Source(
        DOCS.format("LSTM"),
    ),
    "dropout-of-one-layer-warned": Source(
        DOCS.format("RNN"),
        quote=same("introduces a `Dropout` layer on the outputs of each"),
        pitfalls=("#5985",),
    ),
}
# fmt: on
