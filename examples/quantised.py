"""Factories that take arguments of ``nn.LSTM`` and ``nn.GRU`` and give the layer quantised.

Quantised dynamically to int8, with the weights of a new layer of torch; in float32, on the CPU.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import nn


def dynamic_lstm(
    input_size: int,
    hidden_size: int,
    num_layers: int = 1,
    bias: bool = True,
    batch_first: bool = False,
    dropout: float = 0.0,
    bidirectional: bool = False,
    proj_size: int = 0,
) -> nn.Module:
    """A ``torch.ao.nn.quantized.dynamic.LSTM``."""
    return _quantised(
        nn.LSTM(
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
        )
    )


def dynamic_gru(
    input_size: int,
    hidden_size: int,
    num_layers: int = 1,
    bias: bool = True,
    batch_first: bool = False,
    dropout: float = 0.0,
    bidirectional: bool = False,
) -> nn.Module:
    """A ``torch.ao.nn.quantized.dynamic.GRU``."""
    return _quantised(
        nn.GRU(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
    )


def _quantised(layer: nn.Module) -> nn.Module:
    with warnings.catch_warnings():
        # torch.ao.quantization is to move to torchao.
        warnings.simplefilter("ignore")
        quantise: Callable[..., nn.Sequential] = torch.ao.quantization.quantize_dynamic
        return quantise(nn.Sequential(layer), {type(layer)})[0]
