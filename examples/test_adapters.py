"""The whole suite for the adapters."""

from collections.abc import Callable

from adapters import OneState, TorchNames, WithLayerAxis

import rnn_contracts


@rnn_contracts.parametrize_with_rules(LSTM=OneState, devices=["cpu"])
def test_state_in_two_arguments(check: Callable[[], None]) -> None:
    check()


@rnn_contracts.parametrize_with_rules(GRU=WithLayerAxis, devices=["cpu"])
def test_no_layer_axis(check: Callable[[], None]) -> None:
    check()


@rnn_contracts.parametrize_with_rules(
    RNN=TorchNames, without=["packed", "unbatched"], devices=["cpu"]
)
def test_other_names(check: Callable[[], None]) -> None:
    check()
