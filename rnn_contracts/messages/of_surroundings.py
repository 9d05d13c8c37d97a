"""The messages of what stands around a layer: its results passed on, devices, training, saving."""

from __future__ import annotations

from rnn_contracts.messages.message import Message

OF_SURROUNDINGS: tuple[Message, ...] = (
    Message(
        "result-is-a-tuple",
        r"argument '\w+' \(position \d+\) must be Tensor, not tuple"
        r"|'tuple' object has no attribute '\w+'|tuple indices must be integers or slices, not tuple",
        "TypeError: linear(): argument 'input' (position 1) must be Tensor, not tuple",
        "A recurrent layer returns a tuple, (output, h_n) or (output, (h_n, c_n)), and the whole tuple "
        "was passed on as if it were a tensor.",
        (
            "output = layer(x) keeps the tuple.",
            "The layer stands in an nn.Sequential, which passes the tuple to the next module.",
        ),
        "output, state = layer(x)\nlogits = linear(output)",
        ("state-structure",),
    ),
    Message(
        "result-is-packed",
        r"'PackedSequence' object has no attribute '\w+'|must be Tensor, not PackedSequence",
        "AttributeError: 'PackedSequence' object has no attribute 'shape'",
        "The input was packed, so the output is packed too. A PackedSequence is no tensor: its numbers "
        "are in output.data, and pad_packed_sequence makes it a padded batch.",
        ("The output of a call with a packed input was used as a tensor.",),
        "output, state = layer(packed)\n"
        "output, lengths = pad_packed_sequence(output, batch_first=True)\n"
        "logits = linear(output)",
        ("packed-output", "packed-output-shape", "pad-packed-sequence-shape"),
    ),
    Message(
        "results-unpacked",
        r"not enough values to unpack \(expected 3, got 2\)",
        "ValueError: not enough values to unpack (expected 3, got 2)",
        "An LSTM returns two things, and the second is a tuple: output, (h_n, c_n).",
        ("The brackets around (h_n, c_n) are missing.",),
        "output, (h_n, c_n) = layer(x)",
        ("state-structure",),
    ),
    Message(
        "view-size",
        r"shape '\[-?\d[-\d, ]*\]' is invalid for input of size \d+",
        "RuntimeError: shape '[2, 2, 3, 8]' is invalid for input of size 48",
        "view or reshape was asked for sizes whose product is not the number of numbers in the tensor.",
        (
            "h_n was taken apart with wrong sizes. It is viewed as (num_layers, D, N, H), where D "
            "is 2 if bidirectional.",
            "Sizes of a full batch were written down, and the last batch of a DataLoader is shorter.",
            "The data of a packed input of an LSTM has one axis, and needs two.",
        ),
        "D, N, H = 1 + layer.bidirectional, h_n.size(1), h_n.size(2)\n"
        "h_n.view(layer.num_layers, D, N, H)",
        ("hidden-layout", "input-rank-refused"),
    ),
    Message(
        "devices-differ",
        r"Input and (?:hidden|parameter) tensors are not at the same device"
        r"|Expected all tensors to be on the same device",
        "RuntimeError: Input and hidden tensors are not at the same device, found input tensor at "
        "cuda:0 and hidden tensor at cpu",
        "The input, the state and the parameters are on different devices.",
        (
            "The state was made by torch.zeros, which is on the CPU, and the layer is on a GPU. "
            "x.new_zeros takes dtype and device of x.",
            "The model was moved to the GPU and the batch was not, or the other way round.",
            "A state is kept in a plain attribute, which model.to() does not move: use register_buffer.",
        ),
        "device = next(layer.parameters()).device\n"
        "output, h_n = layer(x.to(device), h_0.to(device))  # LSTM: the same for c_0",
        (),
    ),
    Message(
        "second-backward",
        r"Trying to backward through the graph a second time",
        "RuntimeError: Trying to backward through the graph a second time (or directly access saved "
        "tensors after they have already been freed).",
        "The state of the batch before was passed on with its history, and backward() goes back into "
        "a graph that is gone.",
        ("A state is carried from batch to batch, as for one long text, and was not detached.",),
        "for part in x.chunk(2, 1):\n"
        "    output, h_n = layer(part, h_n.detach())  # LSTM: (h_n.detach(), c_n.detach())\n"
        "    output.sum().backward()",
        ("sequence-splits",),
    ),
    Message(
        "eval-backward",
        r"cudnn RNN backward can only be called in training mode",
        "RuntimeError: cudnn RNN backward can only be called in training mode",
        "On a GPU cuDNN computes a gradient only for a layer that was in train mode when it was called.",
        (
            "model.eval() was called before, for instance for a validation, and model.train() was not "
            "called after it.",
            "A gradient is wanted of a model that is frozen or explained. Let torch's own kernels "
            "compute: torch.backends.cudnn.flags(enabled=False).",
        ),
        "layer.train()\noutput, state = layer(x)\noutput.sum().backward()",
        (),
    ),
    Message(
        "state-not-contiguous",
        r"rnn: [hc]x is not contiguous",
        "RuntimeError: rnn: hx is not contiguous",
        "On a GPU cuDNN takes a state only if its numbers lie behind one another in memory.",
        (
            "The state was transposed or permuted, for instance to bring N to the front and back.",
            "The state was cut out or expanded, such as h_n[:, :2] or h_0.expand(2, 4, 8).",
        ),
        "output, h_n = layer(x, h_0.contiguous())  # LSTM: the same for c_0",
        (),
    ),
    Message(
        "weights-not-contiguous",
        r"RNN module weights are not part of single contiguous chunk",
        "UserWarning: RNN module weights are not part of single contiguous chunk of memory. This means "
        "they need to be compacted at every call, possibly greatly increasing memory usage. To compact "
        "weights again call flatten_parameters().",
        "The weights on a GPU no longer lie behind one another, as cuDNN wants them. The results are "
        "right; each call copies the weights.",
        (
            "nn.DataParallel made copies of the layer.",
            "A parameter was replaced, for instance by weight_norm or by an assignment.",
        ),
        "layer.flatten_parameters()  # at the start of forward\noutput, state = layer(x)",
        (),
    ),
    Message(
        "saved-sizes-differ",
        r"Error\(s\) in loading state_dict for (?:RNN|GRU|LSTM)(?:Cell)?:"
        r"|size mismatch for [\w.]*(?:weight|bias)_(?:ih|hh|hr)(?:_l\d+)?(?:_reverse)?:"
        r"|key\(s\) in state_dict: [^:]*(?:weight|bias)_(?:ih|hh|hr)",
        "RuntimeError: Error(s) in loading state_dict for LSTM:",
        "The state_dict was saved from a layer that was made with other arguments: its parameters have "
        "other names or other shapes.",
        (
            "hidden_size, input_size, num_layers, bidirectional, bias or proj_size is another.",
            "An LSTM was saved and a GRU loads it, or the other way round: weights have 4, 3 or 1 times "
            "hidden_size rows.",
        ),
        "# Without proj_size weight_hh_l0 has hidden_size columns. Its rows are 4 times as many in an\n"
        "# LSTM, 3 times in a GRU, and as many in an RNN.\n"
        "shapes = {name: part.shape for name, part in saved.items()}\n"
        'hidden_size, input_size = shapes["weight_hh_l0"][1], shapes["weight_ih_l0"][1]\n'
        'bidirectional = "weight_ih_l0_reverse" in shapes\n'
        'num_layers = sum(name.startswith("weight_ih") for name in shapes) // (1 + bidirectional)\n'
        "layer = nn.LSTM(input_size, hidden_size, num_layers, bidirectional=bidirectional)\n"
        "layer.load_state_dict(saved)",
        ("parameter-names", "weight-ih-shape", "weight-hh-shape"),
    ),
)
