"""The messages about an initial state."""

from __future__ import annotations

from rnn_contracts.messages.message import Message

_BATCH = (
    "The last batch of a DataLoader is shorter, and the state was made for a full one. Make the state "
    "in each step, of the N that the batch has, or give the DataLoader drop_last=True."
)
_FRONT = (
    "N stands first in the state, as in an input with batch_first=True. batch_first moves no axis of "
    "a state: N is its second axis."
)
_DIRECTIONS = (
    "A bidirectional layer has two states for each layer of the stack: the first axis of the state is "
    "2 * num_layers."
)
_PARALLEL = (
    "nn.DataParallel cuts every argument along its first axis, which is the axis of layers in the "
    "state. Make the state inside forward, or pass none."
)
_WIDTH = (
    "The state is as wide as another layer, such as an encoder with another hidden_size, or with "
    "proj_size."
)
_NEW_STATE = """\
D, N = 1 + layer.bidirectional, x.size(0 if layer.batch_first else 1)
h_0 = x.new_zeros(D * layer.num_layers, N, layer.hidden_size)
"""
_PLAIN = "output, state = layer(x)  # without a state torch takes zeros of the right shape\n"
_PAIR = """\
h_0 = x.new_zeros(D * layer.num_layers, N, layer.proj_size or layer.hidden_size)
c_0 = x.new_zeros(D * layer.num_layers, N, layer.hidden_size)
output, (h_n, c_n) = layer(x, (h_0, c_0))"""
_STATE_SHAPE = ("state-batch-refused", "state-layers-refused", "state-width-refused")

OF_STATES: tuple[Message, ...] = (
    Message(
        "lstm-state-size",
        r"Expected hidden\[\d\] size \(\d[\d, ]*\), got [\[(]\d[\d, ]*[\])]",
        "RuntimeError: Expected hidden[0] size (2, 4, 8), got [4, 2, 8]",
        "A state of an LSTM has another shape than (D*num_layers, N, H). hidden[0] is h_0, of width "
        "proj_size or else hidden_size; hidden[1] is c_0, of width hidden_size. N is that of the input.",
        (_BATCH, _FRONT, _DIRECTIONS, _PARALLEL, _WIDTH),
        f"{_PLAIN}# or a state of your own, made for each batch:\n"
        + _NEW_STATE.partition("\n")[0]
        + f"\n{_PAIR}",
        ("initial-hidden-shape", "initial-cell-shape", *_STATE_SHAPE, "state-rank-refused"),
    ),
    Message(
        "state-size",
        r"Expected hidden size \(\d[\d, ]*\), got [\[(]\d[\d, ]*[\])]",
        "RuntimeError: Expected hidden size (2, 4, 8), got [4, 2, 8]",
        "The state of an RNN or GRU has another shape than (D*num_layers, N, hidden_size). N is that "
        "of the input.",
        (_BATCH, _FRONT, _DIRECTIONS, _PARALLEL, _WIDTH),
        f"{_PLAIN}# or a state of your own, made for each batch:\n{_NEW_STATE}output, h_n = "
        "layer(x, h_0)",
        ("initial-hidden-shape", *_STATE_SHAPE, "state-rank-refused"),
    ),
    Message(
        "state-rank",
        r"For (?:batched 3-D|unbatched 2-D) input, hx (?:and cx )?should also be [23]-D but got",
        "RuntimeError: For batched 3-D input, hx and cx should also be 3-D but got (2-D, 2-D) tensors",
        "A batch needs a state with a batch axis, (D*num_layers, N, H). One sequence, an input of two "
        "axes, needs a state of two: (D*num_layers, H).",
        (
            "The state lacks the axis of layers, as the state of a cell does: (N, H) instead of "
            "(1, N, H).",
            "The input lost its batch axis, for instance by squeeze() or because one item of a data set "
            "was passed, and the state has one; or the other way round.",
            "h_n was indexed or squeezed before it was passed on, such as h_n[-1].",
            "The state of an LSTM is one tensor and not a tuple (h_0, c_0). Its rows are taken for h_0 "
            "and c_0.",
        ),
        "x = x.unsqueeze(0 if layer.batch_first else 1)  # one sequence becomes a batch of one\n"
        "# and the state is made for that batch:\n"
        f"{_NEW_STATE}state = (h_0, h_0) if isinstance(layer, nn.LSTM) else h_0\n"
        "output, state = layer(x, state)",
        ("initial-hidden-shape", "state-rank-refused"),
    ),
    Message(
        "state-is-a-tuple",
        r"'tuple' object has no attribute '(?:dim|size|unsqueeze)'"
        r"|argument 'hx' \(position \d+\) must be Tensor, not tuple",
        "AttributeError: 'tuple' object has no attribute 'dim'",
        "RNN, GRU and their cells take one tensor for the state, and got a tuple. Only LSTM and "
        "LSTMCell take the tuple (h_0, c_0).",
        (
            "An LSTM was replaced by a GRU or RNN, and the state is still (h_0, c_0).",
            "The whole result of a call was passed on as the state, and not its second part h_n.",
            "A layer returns a tuple (output, state), and the tuple was used as if it were a tensor.",
        ),
        "output, h_n = layer(x)\noutput, h_n = layer(x, h_n)  # h_n alone, one tensor",
        ("state-structure-refused",),
    ),
    Message(
        "lstm-state-is-no-pair",
        r"lstm expects two hidden states|lstm_cell expects two hidden states"
        r"|lstm\(\) received an invalid combination of arguments"
        r"|lstm_cell\(\): argument 'hx' \(position \d+\) must be tuple of Tensors"
        r"|LSTMCell: Expected hx\[0\] to be 1D or 2D, got 0D"
        r"|index 1 is out of bounds for dimension 0 with size 1(?!\d)|tuple index out of range",
        "RuntimeError: lstm expects two hidden states",
        "The state of an LSTM or LSTMCell is a tuple of two tensors, (h_0, c_0), and something else was "
        "passed: one tensor, or a tuple of one or three.",
        (
            "Only h_0 was made, as for an RNN or GRU.",
            "A GRU or RNN was replaced by an LSTM, and the state is still one tensor.",
            "Only h_n was kept of a state (h_n, c_n) and passed on.",
        ),
        "output, (h_n, c_n) = layer(x)\n"
        "output, (h_n, c_n) = layer(x, (h_n, c_n))  # both, in a tuple",
        ("state-structure-refused",),
    ),
    Message(
        "cell-state-missing",
        r"'NoneType' object has no attribute '(?:dim|size)'"
        r"|expected Tensor as element 1 in argument \d+, but got NoneType",
        "AttributeError: 'NoneType' object has no attribute 'dim'",
        "A part of the state of an LSTM is None. Both h_0 and c_0 are needed, or no state at all.",
        (
            "The state is (h_0, None).",
            "A state that was to be set later, such as self.hidden, is still None inside the tuple.",
        ),
        "output, state = layer(x)  # no state at all: zeros\n"
        "# or both:\noutput, state = layer(x, (h_0, torch.zeros_like(h_0)))",
        ("state-structure-refused",),
    ),
    Message(
        "cell-state-batch",
        r"Input batch size \d+ doesn't match hidden[01]? ?batch size \d+",
        "RuntimeError: Input batch size 4 doesn't match hidden0 batch size 5",
        "The state of a cell has another number of rows than the input. hidden0 is h_0, hidden1 is c_0 "
        "of an LSTMCell; both are (N, hidden_size).",
        (
            "The last batch of a DataLoader is shorter, and the state was made for a full one. Make it "
            "of x.size(0) rows in each batch, or give the DataLoader drop_last=True.",
            "The input or the state lost its batch axis, for instance by squeeze() or h_0[0].",
            "The state has an axis of layers, as nn.RNN needs and a cell does not.",
        ),
        "h_0 = x.new_zeros(x.size(0), cell.hidden_size)\n"
        "state = (h_0, h_0) if isinstance(cell, nn.LSTMCell) else h_0\n"
        "state = cell(x, state)",
        ("rnn-cell-initial-hidden-shape", "state-batch-refused", "state-rank-refused"),
    ),
    Message(
        "cell-state-width",
        r"hidden[01]? has inconsistent hidden_size: got \d+,? expected \d+",
        "RuntimeError: hidden0 has inconsistent hidden_size: got 4, expected 2",
        "The last axis of the state of a cell is not hidden_size. hidden0 is h_0, hidden1 is c_0 of an "
        "LSTMCell.",
        (
            "The state comes from another cell, such as the one below in a stack, with another "
            "hidden_size.",
            "The input was passed as the state, or sizes were exchanged: a cell is made of "
            "(input_size, hidden_size).",
        ),
        "h_0 = x.new_zeros(x.size(0), cell.hidden_size)\n"
        "state = (h_0, h_0) if isinstance(cell, nn.LSTMCell) else h_0\n"
        "state = cell(x, state)",
        ("rnn-cell-initial-hidden-shape", "state-width-refused", "state-rank-refused"),
    ),
    Message(
        "cell-state-rank",
        r"Cell: Expected (?:hidden|hx\[\d\]) to be 1D or 2D, got \dD|Expected 2D hidden[01] \(batch",
        "ValueError: GRUCell: Expected hidden to be 1D or 2D, got 3D instead",
        "The state of a cell has two axes, (N, hidden_size), or for an input of one axis one.",
        (
            "The state has an axis of layers, (1, N, hidden_size), as nn.RNN, nn.GRU and nn.LSTM need.",
            "h_n of a layer is passed to a cell whole. It has a state for each layer and direction.",
            "The state or the input lost its batch axis, for instance by squeeze() or h_0[0].",
        ),
        "h_0 = h_n[-1]  # the state of the last layer, (N, hidden_size)\n"
        "state = (h_0, h_0) if isinstance(cell, nn.LSTMCell) else h_0\n"
        "state = cell(x, state)",
        ("rnn-cell-initial-hidden-shape", "state-rank-refused"),
    ),
    Message(
        "packed-state-rows",
        r"INDICES element is out of DATA bounds|index_select\(\): self indexing axis dim should be "
        r"positive|output with shape \[\d[\d, ]*\] doesn't match the broadcast shape",
        "RuntimeError: INDICES element is out of DATA bounds, id=3 axis_dim=3",
        "The second axis of the state, N, is shorter than a packed input has sequences.",
        (
            "The last batch of a DataLoader is shorter, and the state was made for a full one.",
            "N does not stand on the second axis of the state, or the state has an axis too much or "
            "too little.",
            "A state of one row was made for all sequences. Torch repeats none.",
        ),
        "D, N = 1 + layer.bidirectional, int(packed.batch_sizes[0])\n"
        "h_0 = packed.data.new_zeros(D * layer.num_layers, N, layer.hidden_size)\n"
        "state = (h_0, h_0) if isinstance(layer, nn.LSTM) else h_0\n"
        "output, state = layer(packed, state)",
        ("initial-hidden-shape", "state-batch-refused", "state-rank-refused"),
    ),
    Message(
        "packed-lstm-inside",
        r"Expected more (?:hidden states|weights) in stacked_rnn|Odd number of params or hiddens"
        r"|got an incorrect number of RNN parameters|MatrixRef: ArrayRef size"
        r"|select\(\): index \d+ out of range for tensor of size"
        r"|start \(\d+\) \+ length \(\d+\) exceeds dimension size",
        "RuntimeError: Expected more hidden states in stacked_rnn",
        "A tensor has another shape than an LSTM with a packed input needs. Torch does not check it "
        "there, so that the message is of the place where the computation failed.",
        (
            "The state is not (D*num_layers, N, H): another number of layers or directions, another "
            "width, or an axis too much or too little.",
            "The data of the packed input is not (sum of lengths, input_size).",
        ),
        "D, N = 1 + layer.bidirectional, int(packed.batch_sizes[0])\n"
        "rows, x = D * layer.num_layers, packed.data\n"
        "h_0 = x.new_zeros(rows, N, layer.proj_size or layer.hidden_size)\n"
        "c_0 = x.new_zeros(rows, N, layer.hidden_size)\n"
        "output, (h_n, c_n) = layer(packed, (h_0, c_0))",
        (
            "initial-hidden-shape",
            "initial-cell-shape",
            "state-layers-refused",
            "state-width-refused",
            "state-rank-refused",
            "input-rank-refused",
        ),
    ),
    Message(
        "axis-missing",
        r"Dimension out of range \(expected to be in range of \[-?\d+, -?\d+\], but got -?\d+\)",
        "IndexError: Dimension out of range (expected to be in range of [-1, 0], but got 1)",
        "An axis was asked for that the tensor does not have: one of a single axis has axis 0 alone. "
        "Recurrent layers raise it of the state of a cell, or of an LSTM with a packed input.",
        (
            "The state lost an axis, for instance by squeeze() or h_0[:, 0], and the input has two.",
            "Outside of the layer: cat, squeeze, size or transpose of an axis too far, where one item "
            "without its batch axis was passed.",
        ),
        "h_0 = x.new_zeros(x.size(0), cell.hidden_size)\n"
        "state = (h_0, h_0) if isinstance(cell, nn.LSTMCell) else h_0\n"
        "state = cell(x, state)",
        ("rnn-cell-initial-hidden-shape", "state-rank-refused"),
    ),
    Message(
        "state-dtype",
        r"get_mkldnn_dtype: unsupported data type"
        r"|could not create a primitive descriptor for the LSTM forward",
        "RuntimeError: get_mkldnn_dtype: unsupported data type",
        "The state of an LSTM has another dtype than its parameters, or one that oneDNN, which computes "
        "it on the CPU, does not take.",
        (
            "The state comes from NumPy, whose numbers are float64, or was made of ints.",
            "The model is in float16 or bfloat16, or in float64, and the state is still in float32.",
            "The call is under autocast to bfloat16, on a CPU for which oneDNN has no bfloat16.",
        ),
        "state = tuple(part.to(x) for part in state)  # the dtype and the device of the input\n"
        "output, state = layer(x, state)",
        ("state-dtype-refused", "autocast-dtype"),
    ),
    Message(
        "broken-memory",
        r"INTERNAL ASSERT FAILED at \S*PythonFallbackKernel"
        r"|Could not run 'aten::[\w.]+' with arguments from the 'TESTING_ONLY",
        'RuntimeError: state INTERNAL ASSERT FAILED at "../aten/src/ATen/core/PythonFallbackKernel.cpp"'
        ":97, please report a bug to PyTorch.",
        "Torch took memory that is no tensor for one. Of recurrent layers this is known where the state "
        "of a cell, or of an LSTM with a packed input, has an axis too much or too few layers. The "
        "process may die of the same call.",
        (
            "The state has another number of axes or layers than the layer needs.",
            "Something else is wrong in torch or in an extension of it. Its own text asks for a report.",
        ),
        "h_0 = x.new_zeros(x.size(0), cell.hidden_size)\n"
        "state = (h_0, h_0) if isinstance(cell, nn.LSTMCell) else h_0\n"
        "state = cell(x, state)",
        ("rnn-cell-initial-hidden-shape", "state-rank-refused", "state-layers-refused"),
    ),
)
