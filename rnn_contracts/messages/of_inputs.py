"""The messages about an input."""

from __future__ import annotations

from rnn_contracts.messages.message import Message

_LIKE_PARAMETERS = (
    "x = x.to(next(layer.parameters()).dtype)  # or layer.to(x.dtype)\noutput, state = layer(x)"
)
_WIDTH = (
    "The axes are permuted: the features stand elsewhere, such as (N, features, L) of a convolution.",
    "The layer was made for another number of features: input_size is that of one step, and neither "
    "the length nor the batch.",
    "A sequence of single numbers has no axis for them: unsqueeze(-1) makes it (N, L, 1).",
    "The input is a batch of word numbers, and an nn.Embedding before the layer is missing.",
)

OF_INPUTS: tuple[Message, ...] = (
    Message(
        "input-width",
        r"input\.size\(-1\) must be equal to input_size\. Expected \d+, got \d+",
        "RuntimeError: input.size(-1) must be equal to input_size. Expected 5, got 4",
        "The last axis of the input is not input_size, the first argument of the constructor.",
        _WIDTH,
        "x = x.transpose(1, 2)  # (N, features, L) becomes (N, L, features)\noutput, state = layer(x)",
        ("input-shape", "input-width-refused"),
    ),
    Message(
        "cell-input-width",
        r"input has inconsistent input_size: got \d+,? expected \d+",
        "RuntimeError: input has inconsistent input_size: got 4 expected 5",
        "The last axis of the input of a cell is not input_size.",
        (
            "The input is a whole sequence, or another axis of it was indexed: a cell takes one step, "
            "(N, input_size).",
            "In a stack the cell above takes the hidden_size of the cell below.",
            "A step is a single number and has no axis for it: unsqueeze(-1) makes it (N, 1).",
        ),
        "for step in x.unbind(1):  # x is (N, L, input_size), a step is (N, input_size)\n"
        "    state = cell(step, state)",
        ("rnn-cell-input-shape", "input-width-refused"),
    ),
    Message(
        "input-rank",
        r"(?:RNN|GRU|LSTM): Expected input to be 2-?D or 3-?D(?:,| but) (?:got|received) \d-?D"
        r"|input must have [23] dimensions, got \d",
        "ValueError: LSTM: Expected input to be 2D or 3D, got 4D instead",
        "The input is a batch of three axes, or one sequence of two, (L, input_size). The data of a "
        "packed input has two.",
        (
            "Steps are images or tables: an input of four axes. Make one axis of those behind the batch "
            "and the steps: flatten(2).",
            "A batch of sequences of single numbers, or one sequence of them, has no axis for the "
            "numbers: unsqueeze(-1).",
            "squeeze() removed the batch axis or that of the steps, which was 1.",
        ),
        "x = x.flatten(2)  # (N, L, height, width) becomes (N, L, height * width)\n"
        "output, state = layer(x)",
        ("input-shape", "input-rank-refused"),
    ),
    Message(
        "cell-input-rank",
        r"Cell: Expected input to be 1-?D or 2-?D(?:,| but) (?:got|received) \d-?D",
        "ValueError: GRUCell: Expected input to be 1D or 2D, got 3D instead",
        "A cell takes one step: an input of two axes, (N, input_size), or of one, (input_size).",
        (
            "A whole sequence was passed. A cell is called once for each step, a layer once for all.",
            "A step was cut out with a slice, such as x[:, 0:1], which keeps the axis.",
        ),
        "for step in x.unbind(1):  # x is (N, L, input_size), a step is (N, input_size)\n"
        "    state = cell(step, state)",
        ("rnn-cell-input-shape", "input-rank-refused"),
    ),
    Message(
        "empty-sequence",
        r"Expected sequence length to be larger than 0 in RNN",
        "RuntimeError: Expected sequence length to be larger than 0 in RNN",
        "The input has no steps: its axis of time is 0 long.",
        (
            "A slice or a window came out empty, as x[:, 5:] of five steps does.",
            "A text of no known word gave no steps.",
            "The batch is empty and batch_first is missing, so that N is taken for L.",
        ),
        "if x.size(1 if layer.batch_first else 0):  # pass over what has no steps\n"
        "    output, state = layer(x)",
        ("empty-sequence-refused",),
    ),
    Message(
        "input-dtype",
        r"RNN input dtype \(torch\.\w+\) does not match weight dtype \(torch\.\w+\)"
        r"|Input and parameter tensors are not the same dtype"
        r"|input must have the type torch\.\w+, got type torch\.\w+",
        "ValueError: RNN input dtype (torch.float64) does not match weight dtype (torch.float32). "
        "Convert input: input.to(torch.float32), or convert model: model.to(torch.float64)",
        "The input and the parameters of the layer have different dtypes. A layer is in "
        "torch's default dtype, float32, unless it was converted.",
        (
            "The input comes from NumPy or pandas, whose numbers are float64.",
            "The input has ints, such as word numbers: an nn.Embedding before the layer is missing.",
            "The model is in float16 or bfloat16, by half() or to(), and the input is not, or the other "
            "way round.",
        ),
        _LIKE_PARAMETERS,
        ("input-dtype-refused",),
    ),
    Message(
        "product-dtype",
        r"mat1 and mat2 must have the same dtype|expected m1 and m2 to have the same dtype"
        r"|expected scalar type \w+ but found \w+",
        "RuntimeError: mat1 and mat2 must have the same dtype, but got Double and Float",
        "The input or the state, mat1, has another dtype than the weights, mat2. Float is float32, "
        "Double float64, Half float16, Long int64.",
        (
            "The input or the state comes from NumPy or pandas, whose numbers are float64.",
            "The input has ints, such as word numbers: an nn.Embedding before the layer is missing.",
            "The model is in float16 or bfloat16, and the input or the state is not, or the other way "
            "round.",
            "The state was made by torch.zeros, which is in float32, for a layer that is not. "
            "x.new_zeros takes dtype and device of x.",
        ),
        "dtype = next(layer.parameters()).dtype\n"
        "output, h_n = layer(x.to(dtype), h_0.to(dtype))  # LSTM: the same for c_0",
        ("input-dtype-refused", "state-dtype-refused"),
    ),
    Message(
        "product-shapes",
        r"mat1 and mat2 shapes cannot be multiplied \(\d+x\d+ and \d+x\d+\)",
        "RuntimeError: mat1 and mat2 shapes cannot be multiplied (6x10 and 5x8)",
        "A tensor is not as wide as the weights that it meets: the second number is its last axis, the "
        "third what the weights take.",
        (
            "An nn.Linear after the layer is not as wide as output: D*hidden_size, which is "
            "2*hidden_size if the layer is bidirectional, and D*proj_size with proj_size.",
            "The data of a packed input of an LSTM, or its state, has another width than the layer. "
            "Torch does not check it there.",
            "flatten or view joined other axes than the last two.",
        ),
        "width = (1 + layer.bidirectional) * (layer.proj_size or layer.hidden_size)\n"
        "linear = nn.Linear(width, 2)\n"
        "logits = linear(layer(x)[0])",
        ("output-shape", "input-width-refused", "state-width-refused"),
    ),
)
