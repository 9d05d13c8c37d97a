"""Layers of this torch, saved as users save theirs, and tried on another torch.

``save`` puts them into the archive of the package, in the place of those that this release has there,
or into another FILE. ``try FILE`` loads the state_dicts of an archive, computes the same calls and says
where the numbers differ; it loads no layer, since that runs what is in the file.
"""

from __future__ import annotations

import argparse
import gzip
import io
import random
import sys
import tarfile
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from packaging.version import Version
from torch import Tensor, nn

from rnn_contracts.checking import saved_layers
from rnn_contracts.checking.saved_layers import ARCHIVE, STATE_DICT, WHOLE, L, N, file_name
from rnn_contracts.drawing.case import Case
from rnn_contracts.layer import Layer

RELEASE = Version(torch.__version__).base_version
ROUNDING = 16
"""How many units of float64 two releases, or machines, may differ by; see ``checking/trial.py``."""


def main() -> int:
    """Save or try; the exit code is 1 if a number differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("save", "try"))
    parser.add_argument("file", type=Path, nargs="?", default=ARCHIVE)
    options = parser.parse_args()
    return save(options.file) if options.what == "save" else try_state_dicts(options.file)


# --- Saving --------------------------------------------------------------------------------------


def save(archive: Path) -> int:
    """Write the archive, with the files that it has of other releases."""
    kept = dict(saved_layers.files(archive)) if archive.exists() else {}
    kept = {name: file for name, file in kept.items() if not name.endswith(f"-{RELEASE}.pt")}
    written = dict(saved())
    kept.update(written)
    archive.parent.mkdir(parents=True, exist_ok=True)
    # No time is written, so that the same layers give the same archive.
    with (
        gzip.GzipFile(archive, "wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as opened,
    ):
        # The files of one layer lie side by side, since those of all releases are nearly the same.
        for name in sorted(kept, key=_place):
            member = tarfile.TarInfo(name)
            member.size = len(kept[name])
            opened.addfile(member, io.BytesIO(kept[name]))
    size = archive.stat().st_size
    print(f"torch {RELEASE}: {len(written)} files, {len(kept)} in {archive}, {size} bytes")
    return 0


def _place(name: str) -> tuple[str, Version]:
    file, _, release = name.removesuffix(".pt").rpartition("-")
    return file, Version(release)


def saved() -> Iterator[tuple[str, bytes]]:
    """The files of this release, by name."""
    for layer in saved_layers.layers():
        module, case = made(layer), called(layer)
        given = arguments(case)
        results = tensors(module(*given))
        # The dtype of most layers, and another.
        module.to(torch.float32 if layer.num_layers == 1 else torch.float64)
        if layer.bias:
            yield file_name(layer, WHOLE, RELEASE), as_file(module)
        if not layer.batch_first:
            input, *hx = given
            names = ("h_1", "c_1") if layer.kind.endswith("Cell") else ("output", "h_n", "c_n")
            numbers = {
                "input": input,
                "state": tensors(hx),
                "results": dict(zip(names, results, strict=False)),
            }
            file = {"state_dict": module.state_dict(), **numbers}
            yield file_name(layer, STATE_DICT, RELEASE), as_file(file)


def as_file(thing: object) -> bytes:
    """What ``torch.save`` writes."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        # Torch 2.0 warns of what it does itself.
        warnings.simplefilter("ignore")
        torch.save(thing, file)
    return file.getvalue()


def made(layer: Layer) -> Any:
    """The layer in float64, with numbers that are the same in each release."""
    module = getattr(nn, layer.kind)(
        layer.input_size, layer.hidden_size, **layer.arguments, dtype=torch.float64
    )
    numbers = random.Random(1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(eighths(numbers, tuple(parameter.shape)))
    return module


def called(layer: Layer) -> Case:
    """The call of which the numbers are kept."""
    layout = "batch first" if layer.batch_first else "sequence first"
    if layer.kind.endswith("Cell"):
        layout = "batched"
    return Case(layer, layout=layout, N=N, L=L, initial_state=True)


def arguments(case: Case) -> tuple[Any, ...]:
    """Input and initial state."""
    numbers = random.Random(2)
    sequence_first = replace(case, layout=case.layout.replace("batch first", "sequence first"))
    input = eighths(numbers, sequence_first.input_shape)
    if case.layout == "batch first":
        input = input.transpose(0, 1)
    state = tuple(eighths(numbers, shape) for shape in case.state_shapes.values())
    return input, state if len(state) > 1 else state[0]


def eighths(numbers: random.Random, shape: tuple[int, ...]) -> Tensor:
    """Multiples of 1/8 from -1 to 1."""
    count = torch.Size(shape).numel()
    drawn = [numbers.randint(-8, 8) / 8 for _ in range(count)]
    return torch.tensor(drawn, dtype=torch.float64).reshape(shape)


def tensors(value: Any) -> tuple[Tensor, ...]:
    """All tensors of a result, without their graph."""
    if isinstance(value, Tensor):
        return (value.detach(),)
    return tuple(tensor for part in value for tensor in tensors(part))


# --- Trying --------------------------------------------------------------------------------------


def try_state_dicts(archive: Path) -> int:
    """Load each state_dict into a layer of this torch, and compare what it gives."""
    names = [name for name in saved_layers.files(archive) if f"/{STATE_DICT}-" in name]
    wrong = 0
    for name in names:
        release = str(_place(name)[1])
        (layer,) = (
            it
            for it in saved_layers.layers()
            if not it.batch_first and file_name(it, STATE_DICT, release) == name
        )
        difference = differs(layer, saved_layers.files(archive)[name])
        if difference:
            wrong += 1
            print(f"{name}: {difference}")
    print(f"torch {torch.__version__}: {len(names)} state_dicts of {archive}, {wrong} wrong")
    return int(wrong > 0 or not names)


def differs(layer: Layer, file: bytes) -> str:
    """What is otherwise than where the state_dict was saved; nothing if it is the same."""
    saved = torch.load(io.BytesIO(file), weights_only=True)
    module = getattr(nn, layer.kind)(
        layer.input_size, layer.hidden_size, **layer.arguments, dtype=torch.float64
    )
    try:
        module.load_state_dict(saved["state_dict"])
        state = saved["state"]
        found = tensors(module(saved["input"], state if len(state) > 1 else state[0]))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    allowed = ROUNDING * torch.finfo(torch.float64).eps
    for part, (name, expected) in zip(found, saved["results"].items(), strict=True):
        if part.shape != expected.shape:
            return f"{name} has shape {tuple(part.shape)}, expected {tuple(expected.shape)}"
        difference = float((part - expected).abs().max())
        if not difference <= allowed * max(1.0, float(expected.abs().max())):
            return f"{name} differs by {difference:.2g}"
    return ""


if __name__ == "__main__":
    sys.exit(main())
