"""The whole suite for ``PlainLSTM``."""

from collections.abc import Callable

from plain_lstm import PlainLSTM

import rnn_contracts

UNCHECKED = {
    "autocast-dtype": "it computes in both dtypes, and answers in float32",
    "dropout-of-one-layer-warned[*-1_layer-*]": "there is no warning",
    "dropout-refused": "dropout is not checked",
    "flag-refused[bias=*]": "flags are not checked to be bools",
    "flag-refused[batch_first=*]": "flags are not checked to be bools",
    "input-rank-refused": "the rank of the input is not checked",
    "size-refused[*=0-*]": "sizes are not checked",
    "size-refused[num_layers=-1-*]": "sizes are not checked",
    "state-batch-refused": "a state of one sequence is broadcast",
    "state-layers-refused": "rows too many are ignored",
    "state-rank-refused": "a state of another rank is broadcast",
    "state-structure-refused[three_tensors-batched]": "the third is dropped",
    "state-width-refused[c_0-too_narrow-*]": "a cell state of one feature is broadcast",
}


@rnn_contracts.parametrize_with_rules(LSTM=PlainLSTM, expected_failures=UNCHECKED, devices=["cpu"])
def test_plain_lstm(check: Callable[[], None]) -> None:
    check()
