"""The whole suite for ``PlainLSTM``."""

from plain_lstm import PlainLSTM

import rnn_contracts


@rnn_contracts.parametrize_with_rules(LSTM=PlainLSTM, devices=["cpu"])
def test_plain_lstm(check):
    check()
