"""The messages of the helpers of ``torch.nn.utils.rnn``."""

from __future__ import annotations

from rnn_contracts.messages.message import Message

_PACK = "packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)"
_LENGTHS = ("packing-lengths-refused",)

OF_PACKING: tuple[Message, ...] = (
    Message(
        "lengths-device",
        r"'lengths' argument should be a 1D CPU int64 tensor, but got",
        "RuntimeError: 'lengths' argument should be a 1D CPU int64 tensor, but got 1D cuda:0 Long "
        "tensor",
        "pack_padded_sequence takes lengths on the CPU, as a list or as a tensor of one axis.",
        (
            "The lengths went to the GPU together with the batch.",
            "The lengths have two axes, such as (N, 1), or none.",
        ),
        f"lengths = lengths.cpu().flatten()\n{_PACK}",
        _LENGTHS,
    ),
    Message(
        "lengths-not-sorted",
        r"`lengths` array (?:has to|must) be sorted in decreasing order",
        "RuntimeError: `lengths` array must be sorted in decreasing order when `enforce_sorted` is "
        "True. You can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to "
        "sidestep this requirement if you do not need ONNX exportability.",
        "The sequences are not in the order of their lengths, the longest first, and enforce_sorted is "
        "True, its default.",
        (
            "The batch has its sequences in the order of the data set. With enforce_sorted=False torch "
            "sorts them, and puts the results back in your order.",
            "pack_sequence was given a list that is not sorted. It has enforce_sorted too.",
        ),
        _PACK,
        _LENGTHS,
    ),
    Message(
        "length-zero",
        r"Length of all samples has to be greater than 0, but found an element",
        "RuntimeError: Length of all samples has to be greater than 0, but found an element in "
        "'lengths' that is <= 0",
        "A sequence that is to be packed has no steps.",
        (
            "An item of the data set is empty, such as a text without a known word.",
            "Lengths were counted from a mask or from padding tokens, and a row has nothing else.",
        ),
        "lengths = torch.as_tensor(lengths)\n"
        "x, lengths = x[lengths > 0], lengths[lengths > 0]  # leave out what has no steps\n"
        f"{_PACK}",
        ("packing-lengths-refused", "empty-sequence-refused"),
    ),
    Message(
        "lengths-number",
        r"Expected `len\(lengths\)` to be equal to batch_size, but got \d+ \(batch_size=\d+\)",
        "RuntimeError: Expected `len(lengths)` to be equal to batch_size, but got 2 (batch_size=3)",
        "There must be one length for each sequence of the batch.",
        (
            "batch_first is missing, so that the axis of the steps is taken for the batch. The helpers "
            "do not know the layer: batch_first=True is needed here too.",
            "The last batch of a DataLoader is shorter, and the lengths are those of a full one.",
            "nn.DataParallel cut the batch and not the list of lengths.",
        ),
        f"{_PACK}  # x is (N, L, H_in)",
        _LENGTHS,
    ),
    Message(
        "lengths-type",
        r"new\(\): invalid data type 'str'"
        r"|'NoneType' object cannot be interpreted as an integer"
        r"|float\(\) argument must be a string or a (?:real )?number, not 'NoneType'",
        "TypeError: 'NoneType' object cannot be interpreted as an integer",
        "None or a text stands where numbers are needed: lengths of pack_padded_sequence are a list of "
        "ints or a tensor; sizes and dropout of a layer are numbers.",
        (
            "A function that should return the lengths returns nothing.",
            "An option of a configuration is missing, and None was passed.",
            "Lengths were read from a file and are still text.",
        ),
        f"lengths = [int(length) for length in ['3', '2']]\n{_PACK}",
        ("packing-lengths-refused", "dropout-refused", "size-refused"),
    ),
    Message(
        "total-length",
        r"Expected total_length to be at least the length of the longest sequence in input",
        "ValueError: Expected total_length to be at least the length of the longest sequence in input, "
        "but got total_length=2 and max sequence length being 3",
        "total_length, to which pad_packed_sequence pads, is below the longest length.",
        (
            "total_length is that of one part of a batch, or of another batch.",
            "total_length is N and not L: it is the number of steps of the padded batch.",
        ),
        "padded, lengths = pad_packed_sequence(packed, batch_first=True, total_length=x.size(1))",
        ("total-length-refused", "pad-packed-sequence-shape"),
    ),
    Message(
        "total-length-type",
        r"_pad_packed_sequence\(\): argument 'total_length' \(position \d+\) must be int"
        r"|'<' not supported between instances of 'str' and 'int'",
        "TypeError: _pad_packed_sequence(): argument 'total_length' (position 5) must be int, not float",
        "total_length of pad_packed_sequence is an int.",
        (
            "total_length was computed by a division, which gives a float: use // or int().",
            "total_length was read from a file or the command line and is still text.",
        ),
        "total_length = int(total_length)\n"
        "padded, lengths = pad_packed_sequence(packed, batch_first=True, total_length=total_length)",
        ("total-length-refused",),
    ),
    Message(
        "no-sequences",
        r"received an empty list of sequences",
        "RuntimeError: received an empty list of sequences",
        "pad_sequence or pack_sequence was given an empty list.",
        (
            "A filter, such as for items that are too short, left nothing of the batch.",
            "A generator was used up before it was passed.",
        ),
        "if sequences:\n    padded = pad_sequence(sequences, batch_first=True)",
        ("sequence-list-refused",),
    ),
    Message(
        "sequences-of-numbers",
        r"expected Tensor as element \d+ in argument 0, but got (?:int|float|list)"
        r"|'(?:int|float|list)' object has no attribute 'size'"
        r"|pad_sequence\(\): argument 'sequences' \(position \d+\) must be (?:tuple|list) of Tensors"
        r"|'(?:int|float)' object is not iterable",
        "TypeError: expected Tensor as element 0 in argument 0, but got int",
        "pad_sequence and pack_sequence take a list of tensors, and got a list of numbers or of lists.",
        (
            "The items of the data set are lists of numbers: make a tensor of each.",
            "One sequence was passed in the place of a list of sequences.",
        ),
        "sequences = [torch.as_tensor(sequence) for sequence in sequences]\n"
        "padded = pad_sequence(sequences, batch_first=True)",
        ("sequence-list-refused",),
    ),
    Message(
        "sizes-differ",
        r"The size of tensor a \(\d+\) must match the size of tensor b \(\d+\) at non-singleton "
        r"dimension",
        "RuntimeError: The size of tensor a (5) must match the size of tensor b (4) at non-singleton "
        "dimension 1",
        "Two tensors that are added or copied have axes of other sizes.",
        (
            "The sequences of pad_sequence or pack_sequence differ in more than their first axis, which "
            "is that of the steps. All others must be the same.",
            "A sequence of pad_sequence is (features, L): its first axis must be that of the steps.",
            "The state of an LSTM with a packed input has another batch or width than the layer needs. "
            "Torch does not check it there.",
            "lengths of unpad_sequence are not those of the batch: one for each sequence, in one axis.",
        ),
        "sequences = [sequence.T for sequence in sequences]  # (features, L) becomes (L, features)\n"
        "padded = pad_sequence(sequences, batch_first=True)",
        (
            "sequence-list-refused",
            "unpadding-lengths-refused",
            "state-batch-refused",
            "state-width-refused",
        ),
    ),
    Message(
        "lengths-of-unpad",
        r"zip\(\) argument 2 is (?:longer|shorter) than argument 1",
        "ValueError: zip() argument 2 is longer than argument 1",
        "unpad_sequence was given another number of lengths than there are sequences in the batch.",
        (
            "batch_first is missing, so that the axis of the steps is taken for the batch.",
            "The lengths are those of another batch.",
        ),
        "sequences = unpad_sequence(padded, lengths, batch_first=True)  # padded is (N, L, H)",
        ("unpadding-lengths-refused",),
    ),
    Message(
        "not-packed",
        r"'Tensor' object has no attribute 'batch_sizes'",
        "AttributeError: 'Tensor' object has no attribute 'batch_sizes'",
        "pad_packed_sequence takes the packed output of a layer, and got a tensor. The output of a "
        "layer is packed only if its input was.",
        (
            "The input was not packed before the call.",
            "output.data was passed, or the output of something behind the layer.",
        ),
        f"{_PACK}\noutput, state = layer(packed)\n"
        "output, lengths = pad_packed_sequence(output, batch_first=True)",
        ("packed-output", "pad-packed-sequence-shape"),
    ),
)
