"""What is printed to paste: scripts of known deviations, and how statements become lines."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from run_suite import run_suite
from torch import nn

from rnn_contracts.checking.recording import Recording
from rnn_contracts.checking.violation import Claim, ContractViolation
from rnn_contracts.drawing.case import Case
from rnn_contracts.layer import Layer
from rnn_contracts.plugin.collection import TEST


def test_scripts_of_known_deviations_fail() -> None:
    """Each says what was found, in a Python that has torch alone."""
    outcome = run_suite("--runxfail", "--rnn-device=cpu", "-m", "rule", "-k", "refused or known")
    tests = {item.nodeid: item.stash[TEST] for item in outcome.items if TEST in item.stash}
    scripts = {}
    for name, violation in outcome.failed.items():
        assert isinstance(violation, ContractViolation)
        assert violation.code, violation
        entry = tests[name].known.entry_of(violation)
        assert entry is not None
        # What is undefined may also be refused, or end the process.
        if not (entry.undefined or violation.died):
            scripts[name] = violation.code
    assert len(scripts) > 40
    tried = "".join(TRY.format(name=name, code=code) for name, code in scripts.items())
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-"],
        input=tried,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


TRY = """
try:
    exec({code!r}, {{}})
except AssertionError as error:
    assert "expected" in str(error) or "raised" in str(error)
else:
    print({name!r})
"""


def recorded(recording: Recording) -> tuple[nn.GRU, torch.Tensor]:
    """A layer and an input, as a check makes them."""
    case = Case(Layer("GRU", 3, 4), seed=1)
    recording.building(case, case.making)
    with recording.paused():
        layer, input = nn.GRU(3, 4), torch.randn(3, 2, 3)
    recording.built(layer)
    recording.drawn(case, input, ())
    return layer, input


SETUP = """\
import torch; from torch import nn
torch.manual_seed(1)
input = torch.randn(3, 2, 3)
"""


def test_operators_are_written_as_such() -> None:
    """With parentheses where they are needed alone."""
    with Recording() as recording:
        _, input = recorded(recording)
        found = (2 - (input + 1) * 3)[1:, None].sum()
    line = "found = (2 - ((input + 1) * 3))[1:, None].sum()\nassert found"
    assert script(recording, found) == SETUP + line


def test_what_does_not_matter_is_left_out() -> None:
    """The whole is the second script."""
    with Recording() as recording:
        layer, input = recorded(recording)
        other = input.clone()
        other[0] = torch.nan
        with torch.no_grad():
            next(layer.parameters()).fill_(0)
        found = input.flip(0)
    short, whole = recording.scripts(Claim("$0", "", (found,)), "")
    assert short.endswith('input = torch.randn(3, 2, 3)\nassert input.flip(0), ""')
    assert "    layer.weight_ih_l0.fill_(0)\n" in whole
    assert 'clone[0] = float("nan")\n' in whole


def test_a_tensor_that_is_changed_has_a_name() -> None:
    """And is changed in the script before it is used."""
    with Recording() as recording:
        _, input = recorded(recording)
        other = torch.zeros_like(input)
        other[..., 0] = 1
    expected = "found = torch.zeros_like(input)\nfound[..., 0] = 1\nassert found"
    assert script(recording, other) == SETUP + expected


def test_what_raises_is_guarded() -> None:
    """The script says what was raised."""
    with Recording() as recording:
        _, input = recorded(recording)
        with pytest.raises(RuntimeError):
            input.view(5)
    code = next(recording.scripts(None, "the view raised RuntimeError: no"))
    with pytest.raises(AssertionError, match="the view raised RuntimeError: shape"):
        exec(code, {})


def script(recording: Recording, found: torch.Tensor) -> str:
    code = next(recording.scripts(Claim("$0", "", (found,)), ""))
    return code.removesuffix(', ""')
