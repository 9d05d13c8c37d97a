"""Layers that releases of torch have saved, and the numbers that they gave there.

``rnn_contracts/saved_layers.tar.gz`` holds them: ``tests/scripts/save_layers.py`` has written it, with
``torch.save`` on each release. Its files are

<layer>/state_dict-<release>.pt   the state_dict of a layer, with the input, the state and the results
<layer>/layer-<release>.pt        the layer itself, pickled, where it has a bias

To load what is pickled runs what is in the file, so no other file than these is ever loaded so. The
numbers are multiples of 1/8, which no dtype rounds, and the results were computed in float64. A single
layer was then saved in float32, and a stack of two in float64.
"""

from __future__ import annotations

import functools
import io
import itertools
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from rnn_contracts.layer import CELLS, LAYERS, Layer
from rnn_contracts.variations import FLAGS, NONLINEARITIES

ARCHIVE = Path(__file__).parents[1] / "saved_layers.tar.gz"
N, L = 2, 3
NUM_LAYERS = (1, 2)
_H_IN, _H_CELL, _PROJECTED = 2, 3, 2
STATE_DICT, WHOLE = "state_dict", "layer"


def saved_as(layer: Layer) -> Layer:
    """The layer of the same options that has the sizes of those that were saved."""
    proj_size = _PROJECTED if layer.proj_size else 0
    return replace(layer, input_size=_H_IN, hidden_size=_H_CELL, proj_size=proj_size, dropout=0.0)


def layers() -> Iterator[Layer]:
    """All that were saved."""
    for kind in LAYERS:
        projections = (0, _PROJECTED) if kind == "LSTM" else (0,)
        nonlinearities = NONLINEARITIES if kind == "RNN" else NONLINEARITIES[:1]
        for (
            nonlinearity,
            num_layers,
            bias,
            batch_first,
            bidirectional,
            proj_size,
        ) in itertools.product(nonlinearities, NUM_LAYERS, FLAGS, FLAGS, FLAGS, projections):
            yield Layer(
                kind,
                _H_IN,
                _H_CELL,
                num_layers=num_layers,
                nonlinearity=nonlinearity,
                bias=bias,
                batch_first=batch_first,
                bidirectional=bidirectional,
                proj_size=proj_size,
            )
    for kind in CELLS:
        nonlinearities = NONLINEARITIES if kind == "RNNCell" else NONLINEARITIES[:1]
        for nonlinearity, bias in itertools.product(nonlinearities, FLAGS):
            yield Layer(kind, _H_IN, _H_CELL, nonlinearity=nonlinearity, bias=bias)


def file_name(layer: Layer, what: str, release: str) -> str:
    """The file in the archive: of the layer itself, or of its state_dict, which has no batch_first."""
    if what == STATE_DICT:
        layer = replace(layer, batch_first=False)
    options = {"kind": layer.kind, **layer.arguments}
    folder = ",".join(
        str(value if it == "kind" else f"{it}={value}") for it, value in options.items()
    )
    return f"{folder}/{what}-{release}.pt"


@functools.cache
def files(archive: Path = ARCHIVE) -> Mapping[str, bytes]:
    """The files of an archive, by name."""
    found: dict[str, bytes] = {}
    with tarfile.open(archive) as opened:
        for member in opened:
            file = opened.extractfile(member)
            assert file is not None
            found[member.name] = file.read()
    return found


def opened(name: str) -> io.BytesIO:
    """A file of the package's archive, to be read by ``torch.load``."""
    return io.BytesIO(files()[name])


@functools.cache
def numbers(name: str) -> Mapping[str, Any]:
    """A state_dict, with the call and its results, all of which is only to be read."""
    saved: Mapping[str, Any] = torch.load(opened(name), weights_only=True)
    return saved


def opening(name: str) -> str:
    """The code that opens it."""
    return f'tarfile.open({str(ARCHIVE)!r}).extractfile("{name}")'
