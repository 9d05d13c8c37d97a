"""What the releases of torch have saved: all of it is there, and is what the script makes."""

from __future__ import annotations

import io
import pickletools
import re
import runpy
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from rnn_contracts.checking import saved_layers
from rnn_contracts.checking.saved_layers import ARCHIVE, STATE_DICT, WHOLE, file_name
from rnn_contracts.deviations import RELEASES

ROOT = Path(__file__).parents[2]
SCRIPT: dict[str, Any] = runpy.run_path(str(ROOT / "tests" / "scripts" / "save_layers.py"))
FILES = saved_layers.files()
STATE_DICTS = [name for name in FILES if f"/{STATE_DICT}-" in name]


def test_every_release_has_saved_what_the_script_saves() -> None:
    """The same files for each release of tox.ini, and none besides."""
    written = [name for name, _ in SCRIPT["saved"]()]
    here = f"-{SCRIPT['RELEASE']}.pt"
    assert len(written) == len({*written}) == 92
    expected = {name.replace(here, f"-{release}.pt") for name in written for release in RELEASES}
    assert {*FILES} == expected


def test_the_archive_is_small() -> None:
    """It comes with each wheel."""
    assert ARCHIVE.stat().st_size < 200_000


@pytest.mark.parametrize("release", RELEASES)
def test_saved_numbers_are_those_of_the_script(release: str) -> None:
    """Weights, input and state bit for bit; what was computed is held by the rules."""
    for layer in saved_layers.layers():
        if layer.batch_first:
            continue
        saved = saved_layers.numbers(file_name(layer, STATE_DICT, release))
        made = SCRIPT["made"](layer).state_dict()
        assert [*saved["state_dict"]] == [*made]
        dtype = torch.float32 if layer.num_layers == 1 else torch.float64
        for name, weight in made.items():
            assert torch.equal(saved["state_dict"][name], weight.to(dtype))
        input, state = SCRIPT["arguments"](SCRIPT["called"](layer))
        assert torch.equal(saved["input"], input)
        assert all(map(torch.equal, saved["state"], SCRIPT["tensors"](state)))
        assert {it.dtype for it in saved["results"].values()} == {torch.float64}


@pytest.mark.parametrize("release", RELEASES)
def test_a_pickled_layer_names_nothing_but_torch(release: str) -> None:
    """To load one runs what it names: the class, its parameters, and what holds its attributes."""
    harmless = {
        *("collections OrderedDict", "builtins set", "__builtin__ set"),
        *("torch FloatStorage", "torch DoubleStorage"),
        *("torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter"),
    }
    for layer in saved_layers.layers():
        if layer.bias:
            file = saved_layers.opened(file_name(layer, WHOLE, release))
            with zipfile.ZipFile(file) as opened:
                (name,) = (it for it in opened.namelist() if it.endswith("/data.pkl"))
                steps = [*pickletools.genops(opened.read(name))]
            assert {step.name for step, _, _ in steps}.isdisjoint({"STACK_GLOBAL", "INST"})
            named = {argument for step, argument, _ in steps if step.name == "GLOBAL"}
            assert named - harmless == {f"torch.nn.modules.rnn {layer.kind}"}


def test_a_state_dict_that_gives_other_numbers_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of all that this torch saves into a new archive, one weight is changed."""
    save, try_state_dicts = SCRIPT["save"], SCRIPT["try_state_dicts"]
    archive = tmp_path / "reports" / "saved.tar.gz"
    assert save(archive) == 0
    assert try_state_dicts(archive) == 0
    assert "48 state_dicts" in capsys.readouterr().out

    spoiled = tmp_path / "spoiled.tar.gz"
    name = [name for name in saved_layers.files(archive) if f"/{STATE_DICT}-" in name][7]
    saved = torch.load(io.BytesIO(saved_layers.files(archive)[name]), weights_only=True)
    next(iter(saved["state_dict"].values()))[0, 0] += 1
    file = SCRIPT["as_file"](saved)
    with tarfile.open(spoiled, "w:gz") as opened:
        member = tarfile.TarInfo(name)
        member.size = len(file)
        opened.addfile(member, io.BytesIO(file))
    assert try_state_dicts(spoiled) == 1
    assert re.search(rf"{re.escape(name)}: \w+ differs by", capsys.readouterr().out)


def test_every_release_can_save() -> None:
    """By an environment of tox.ini, of which the oldest loads what it saved."""
    tox = (ROOT / "tox.ini").read_text("utf-8")
    (names,) = re.findall(r"\[testenv:\{(.*)\}-saved\]", tox)
    releases = [f"torch{release.rpartition('.')[0]}" for release in RELEASES]
    assert names.split(",") == [*releases, "torchnightly"]
    assert f"[testenv:{releases[0]}-loads]" in tox
