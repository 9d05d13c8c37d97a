"""The sources of the rules about shapes and parameters."""

from __future__ import annotations

from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.sources.source import DOCS, PYTORCH, Source, same

# fmt: off
_SIGNATURES = {
    "RNN": "input_size,hidden_size,num_layers=1,nonlinearity='tanh',bias=True,"
           "batch_first=False,dropout=0.0,bidirectional=False",
    "GRU": "input_size,hidden_size,num_layers=1,bias=True,batch_first=False,dropout=0.0,"
           "bidirectional=False",
    "LSTM": "input_size,hidden_size,num_layers=1,bias=True,batch_first=False,dropout=0.0,"
            "bidirectional=False,proj_size=0"}

OF_SHAPES = {
    "input-shape": Source(
        DOCS.format("RNN"),
        quote=same(
            r"**input**: tensor of shape :math:`(L, H_{in})` for unbatched input, "
            r":math:`(L, N, H_{in})` when ``batch_first=False`` or "
            r":math:`(N, L, H_{in})` when ``batch_first=True``"),
        pitfalls=("#39311",),
    ),
    "output-shape": Source(
        DOCS.format("RNN"),
        quote=same(
            r"**output**: tensor of shape :math:`(L, D * H_{out})` for unbatched input, "
            r":math:`(L, N, D * H_{out})` when ``batch_first=False`` or "
            r":math:`(N, L, D * H_{out})` when ``batch_first=True``"),
        pitfalls=("#3587", "#80306"),
    ),
    "initial-hidden-shape": Source(
        DOCS.format("RNN"),
        quote={
            "RNN": r"**hx**: tensor of shape :math:`(D * \text{num\_layers}, H_{out})` for unbatched "
                   r"input or :math:`(D * \text{num\_layers}, N, H_{out})`",
            "GRU": r"**h_0**: tensor of shape :math:`(D * \text{num\_layers}, H_{out})` or "
                   r":math:`(D * \text{num\_layers}, N, H_{out})`",
            "LSTM": r"**h_0**: tensor of shape :math:`(D * \text{num\_layers}, H_{out})` for "
                    r"unbatched input or :math:`(D * \text{num\_layers}, N, H_{out})`",
        },
        pitfalls=("#518", "#519", "#7890", "#15260"),
    ),
    "final-hidden-shape": Source(
        DOCS.format("RNN"),
        quote={
            "RNN": r"**h_n**: tensor of shape :math:`(D * \text{num\_layers}, H_{out})` for unbatched "
                   r"input or :math:`(D * \text{num\_layers}, N, H_{out})`",
            "GRU": r"**h_n**: tensor of shape :math:`(D * \text{num\_layers}, H_{out})` or "
                   r":math:`(D * \text{num\_layers}, N, H_{out})`",
            "LSTM": r"**h_n**: tensor of shape :math:`(D * \text{num\_layers}, H_{out})` for "
                    r"unbatched input or :math:`(D * \text{num\_layers}, N, H_{out})`",
        },
        pitfalls=("#4145", "#19675", "#34036", "#144116"),
    ),
    "initial-cell-shape": Source(
        DOCS.format("LSTM"),
        quote={"LSTM": r"**c_0**: tensor of shape :math:`(D * \text{num\_layers}, H_{cell})` for "
                       r"unbatched input or :math:`(D * \text{num\_layers}, N, H_{cell})`"},
    ),
    "final-cell-shape": Source(
        DOCS.format("LSTM"),
        quote={"LSTM": r"**c_n**: tensor of shape :math:`(D * \text{num\_layers}, H_{cell})` for "
                       r"unbatched input or :math:`(D * \text{num\_layers}, N, H_{cell})`"},
    ),
    "state-structure": Source(
        DOCS.format("LSTM"),
        quote={"RNN": "Outputs: output, h_n", "GRU": "Outputs: output, h_n",
               "LSTM": "Outputs: output, (h_n, c_n)"},
    ),
    "packed-output": Source(
        DOCS.format("RNN"),
        quote=same(
            "If a :class:`torch.nn.utils.rnn.PackedSequence` has been given as the input, the output "
            "will also be a packed sequence."),
        pitfalls=("#95118",),
    ),
    "packed-output-shape": Source(
        DOCS.format("utils.rnn.PackedSequence"),
        quote={"utils.rnn.PackedSequence": "data (Tensor): Tensor containing packed sequence"},
    ),
    "packed-batch-sizes": Source(
        DOCS.format("utils.rnn.PackedSequence"),
        quote={"utils.rnn.PackedSequence": "batch_sizes (Tensor): Tensor of integers holding "
                                           "information about the batch size at each sequence step"},
    ),
    "batch-first-ignored-unbatched": Source(
        DOCS.format("RNN"),
        quote=same("``batch_first`` argument is ignored for unbatched inputs."),
    ),
    "empty-batch-allowed": Source(
        f"{PYTORCH}/pull/71696",
    ),
    "rnn-cell-input-shape": Source(
        DOCS.format("RNNCell"),
        quote={
            **same(r"input: :math:`(N, H_{in})` or :math:`(H_{in})` tensor containing input features",
                    ("RNNCell", "GRUCell")),
            "LSTMCell": "**input** of shape `(batch, input_size)` or `(input_size)`"},
    ),
    "rnn-cell-initial-hidden-shape": Source(
        DOCS.format("RNNCell"),
        quote={
            **same(r"hidden: :math:`(N, H_{out})` or :math:`(H_{out})` tensor containing the initial "
                    r"hidden state", ("RNNCell", "GRUCell")),
            "LSTMCell": "**h_0** of shape `(batch, hidden_size)` or `(hidden_size)`"},
    ),
    "rnn-cell-next-hidden-shape": Source(
        DOCS.format("RNNCell"),
        quote={
            **same(r"output: :math:`(N, H_{out})` or :math:`(H_{out})` tensor containing the next "
                    r"hidden state", ("RNNCell", "GRUCell")),
            "LSTMCell": "**h_1** of shape `(batch, hidden_size)` or `(hidden_size)`"},
    ),
    "rnn-cell-initial-cell-shape": Source(
        DOCS.format("LSTMCell"),
        quote={"LSTMCell": "**c_0** of shape `(batch, hidden_size)` or `(hidden_size)`"},
    ),
    "rnn-cell-next-cell-shape": Source(
        DOCS.format("LSTMCell"),
        quote={"LSTMCell": "**c_1** of shape `(batch, hidden_size)` or `(hidden_size)`"},
    ),
    "rnn-cell-state-structure": Source(
        DOCS.format("LSTMCell"),
        quote={"RNNCell": "Outputs: h'", "GRUCell": "Outputs: h'", "LSTMCell": "Outputs: (h_1, c_1)"},
    ),
    "constructor-accepts": Source(
        DOCS.format("LSTM"),
        quote=_SIGNATURES,
    ),
    "constructor-arguments": Source(
        DOCS.format("LSTM"),
        quote=_SIGNATURES,
        pitfalls=("#39311", "#114617"),
    ),
    "true-input-size-accepted": Source(
        DOCS.format("RNN"),
        pitfalls=("#136937", "#105631"),
    ),
    "parameter-names": Source(
        DOCS.format("LSTM"),
        quote={
            "LSTM": "weight_hr_l[k]_reverse: Analogous to `weight_hr_l[k]` for the reverse direction. "
                    "Only present when ``bidirectional=True`` and ``proj_size > 0`` was specified.",
            **same("bias: If ``False``, then the layer does not use bias weights `b_ih` and `b_hh`.",
                    ("RNN", "GRU", *CELLS))},
    ),
    "weight-ih-shape": Source(
        DOCS.format("LSTM"),
        quote={
            "RNN": "of shape `(hidden_size, input_size)` for `k = 0`. Otherwise, the shape is "
                   "`(hidden_size, num_directions * hidden_size)`",
            "GRU": "of shape `(3*hidden_size, input_size)` for `k = 0`. Otherwise, the shape is "
                   "`(3*hidden_size, num_directions * hidden_size)`",
            "LSTM": "of shape `(4*hidden_size, input_size)` for `k = 0`. Otherwise, the shape is "
                    "`(4*hidden_size, num_directions * hidden_size)`. If ``proj_size > 0`` was "
                    "specified, the shape will be `(4*hidden_size, num_directions * proj_size)` "
                    "for `k > 0`",
            "RNNCell": "of shape `(hidden_size, input_size)`",
            "GRUCell": "of shape `(3*hidden_size, input_size)`",
            "LSTMCell": "of shape `(4*hidden_size, input_size)`"},
    ),
    "weight-hh-shape": Source(
        DOCS.format("LSTM"),
        quote={
            "RNN": "of shape `(hidden_size, hidden_size)`",
            "GRU": "of shape `(3*hidden_size, hidden_size)`",
            "LSTM": "of shape `(4*hidden_size, hidden_size)`. If ``proj_size > 0`` was specified, "
                    "the shape will be `(4*hidden_size, proj_size)`.",
            "RNNCell": "of shape `(hidden_size, hidden_size)`",
            "GRUCell": "of shape `(3*hidden_size, hidden_size)`",
            "LSTMCell": "of shape `(4*hidden_size, hidden_size)`"},
    ),
    "bias-shape": Source(
        DOCS.format("LSTM"),
        quote={
            "RNN": "of shape `(hidden_size)`", "RNNCell": "of shape `(hidden_size)`",
            "GRU": "of shape `(3*hidden_size)`", "GRUCell": "of shape `(3*hidden_size)`",
            "LSTM": "of shape `(4*hidden_size)`", "LSTMCell": "of shape `(4*hidden_size)`"},
        pitfalls=("#1721",),
    ),
    "weight-hr-shape": Source(
        DOCS.format("LSTM"),
        quote={"LSTM": "of shape `(proj_size, hidden_size)`. Only present when ``proj_size > 0`` was "
                       "specified."},
    ),
    "parameters-initialised": Source(
        DOCS.format("LSTM"),
        quote=same(
            r"All the weights and biases are initialized from :math:`\mathcal{U}(-\sqrt{k}, \sqrt{k})` "
            r"where :math:`k = \frac{1}{\text{hidden\_size}}`", LAYERS + CELLS),
    ),
    "parameters-train": Source(
        DOCS.format("LSTM"),
        quote=same("the learnable input-hidden weights", LAYERS + CELLS),
    ),
    "device-and-dtype-honoured": Source(
        DOCS.format("LSTM"),
        quote=same("device=None,dtype=None"),
    ),
}
# fmt: on
