"""The messages of constructors."""

from __future__ import annotations

from rnn_contracts.messages.message import Message

OF_CONSTRUCTORS: tuple[Message, ...] = (
    Message(
        "size-too-small",
        r"(?:input_size|hidden_size|num_layers) must be greater than zero"
        r"|Trying to create tensor with negative dimension|list index out of range",
        "ValueError: hidden_size must be greater than zero",
        "input_size, hidden_size and num_layers are at least 1. "
        "Torch 2.0 says list index out of range if num_layers is 0; much else in Python says it too.",
        (
            "A size was computed, such as len(vocabulary) or size // heads, and came out as 0.",
            "A placeholder such as -1 of a configuration was passed.",
        ),
        "layer = nn.LSTM(input_size=5, hidden_size=8, num_layers=1)",
        ("size-refused",),
    ),
    Message(
        "size-type",
        r"(?:input_size|hidden_size|num_layers) should be of type int, got"
        r"|'(?:float|str)' object cannot be interpreted as an integer"
        r"|'[<>]=' not supported between instances of '(?:str|int)' and '(?:str|int)'"
        r"|empty\(\): argument 'size'|empty\(\) received an invalid combination of arguments",
        "TypeError: hidden_size should be of type int, got: float",
        "input_size, hidden_size and num_layers are ints.",
        (
            "A size was computed by a division, which gives a float: use // or int().",
            "A size was read from a file or the command line and is still text.",
        ),
        "layer = nn.LSTM(5, int(hidden_size))",
        ("size-refused",),
    ),
    Message(
        "flag-type",
        r"(?:bias|batch_first|bidirectional) should be of type bool, got",
        "TypeError: batch_first should be of type bool, got: int",
        "bias, batch_first and bidirectional are True or False.",
        (
            "Arguments were given by position, and one is missing before it: the order is input_size, "
            "hidden_size, num_layers, bias, batch_first, dropout, bidirectional. nn.RNN has "
            "nonlinearity before bias.",
            "A flag was read from a file or the command line as 0, 1 or text.",
        ),
        "layer = nn.LSTM(5, 8, num_layers=2, batch_first=True)  # by name",
        ("flag-refused",),
    ),
    Message(
        "nonlinearity",
        r"Unknown nonlinearity",
        "ValueError: Unknown nonlinearity 'gelu'. Select from 'tanh' or 'relu'.",
        "The nonlinearity of RNN and RNNCell is 'tanh' or 'relu', in small letters.",
        (
            "Another function was asked for. RNN computes no other.",
            "Arguments were given by position: the fourth of nn.RNN is the nonlinearity.",
        ),
        "layer = nn.RNN(5, 8, nonlinearity='relu')",
        ("nonlinearity-refused",),
    ),
    Message(
        "dropout-range",
        r"dropout should be a number in range \[0, 1\]",
        "ValueError: dropout should be a number in range [0, 1] representing the probability of an "
        "element being zeroed",
        "dropout is the share of numbers that is set to zero: from 0 to 1.",
        (
            "dropout was given in percent, such as 20.",
            "Arguments were given by position, and True of another argument stands in the place of "
            "dropout.",
        ),
        "layer = nn.LSTM(5, 8, num_layers=2, dropout=0.2)",
        ("dropout-refused",),
    ),
    Message(
        "dropout-of-one-layer",
        r"dropout option adds dropout after all but last recurrent layer",
        "UserWarning: dropout option adds dropout after all but last recurrent layer, so non-zero "
        "dropout expects num_layers greater than 1, but got dropout=0.5 and num_layers=1",
        "dropout acts between the layers of a stack. A single layer has no place for it, and nothing "
        "is dropped.",
        (
            "num_layers is 1, its default.",
            "Dropout of the output was wanted: that is an nn.Dropout behind the layer.",
        ),
        "layer = nn.LSTM(5, 8, num_layers=2, dropout=0.5)  # between two layers\n"
        "# or, behind one layer:\nlayer, drop = nn.LSTM(5, 8), nn.Dropout(0.5)\n"
        "output = drop(layer(torch.randn(4, 2, 5))[0])",
        ("dropout-of-one-layer-warned",),
    ),
    Message(
        "projection-of-lstm-alone",
        r"proj_size argument is only supported for LSTM"
        r"|__init__\(\) got an unexpected keyword argument 'proj_size'",
        "ValueError: proj_size argument is only supported for LSTM, not RNN or GRU",
        "Only an LSTM projects its hidden state.",
        (
            "An LSTM was replaced by a GRU or RNN, and proj_size was kept.",
            "A narrower output was wanted: that is an nn.Linear behind the layer.",
        ),
        "layer = nn.LSTM(5, 8, proj_size=3)\n"
        "# or, behind a GRU:\nlayer, narrower = nn.GRU(5, 8), nn.Linear(8, 3)\n"
        "output = narrower(layer(torch.randn(4, 2, 5))[0])",
        ("projection-refused",),
    ),
    Message(
        "projection-range",
        r"proj_size has to be smaller than hidden_size|proj_size should be a positive integer or zero",
        "ValueError: proj_size has to be smaller than hidden_size",
        "proj_size is 0, for none, or between 0 and hidden_size.",
        (
            "hidden_size was made smaller, and proj_size was kept.",
            "hidden_size of an LSTM is 0: torch 2.0 refuses it in these words.",
            "proj_size and hidden_size were exchanged.",
            "A placeholder such as -1 of a configuration was passed.",
        ),
        "layer = nn.LSTM(5, 8, proj_size=3)",
        ("projection-refused",),
    ),
)
