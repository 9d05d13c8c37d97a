"""A failure says everything: the text of violations, and that their snippets run as pasted."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
import torch
from broken_layers import BROKEN, Broken
from hypothesis import given, settings
from hypothesis import strategies as st
from run_suite import run_suite
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from rnn_contracts import machine
from rnn_contracts.checking import calls
from rnn_contracts.checking.recording import Recording
from rnn_contracts.checking.violation import Claim, ContractViolation
from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.strategies import cases
from rnn_contracts.layer import RETURNS, Layer
from rnn_contracts.rules import RULES
from rnn_contracts.variations import GRID

MESSAGES = {
    "final_hidden_follows_batch_first": """\
        final-hidden-shape
          h_n is (D*num_layers, N, H_out), regardless of batch_first
          h_n.shape = (4, 1, 3)   expected (1, 4, 3)
                       ^  ^        D*num_layers = 1, N = 4, H_out = 3
          nn.RNN(5, 3, batch_first=True)   input (4, 2, 5)   cpu, float32
          on {machine}
          torch {version}   reproduce:
        import torch; from torch import nn
        torch.manual_seed(1)
        layer = nn.RNN(5, 3, batch_first=True)
        input = torch.randn(4, 2, 5)
        output, h_n = layer(input)
        assert tuple(h_n.shape) == (1, 4, 3), f"h_n.shape = {{tuple(h_n.shape)}}   expected (1, 4, 3)"
          see https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html
        """,
    "final_cell_as_narrow_as_the_projection": """\
        final-cell-shape
          c_n is (D*num_layers, N, H_cell), regardless of batch_first and proj_size
          c_n.shape = (1, 5, 3)   expected (1, 5, 4)
                             ^     D*num_layers = 1, N = 5, H_cell = 4
          nn.LSTM(6, 4, proj_size=3)   input (2, 5, 6)   cpu, float32
          on {machine}
          torch {version}   reproduce:
        import torch; from torch import nn
        torch.manual_seed(1)
        layer = nn.LSTM(6, 4, proj_size=3)
        input = torch.randn(2, 5, 6)
        output, (h_n, c_n) = layer(input)
        assert tuple(c_n.shape) == (1, 5, 4), f"c_n.shape = {{tuple(c_n.shape)}}   expected (1, 5, 4)"
          see https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html
        """,
    "packed_output_forgets_the_order_of_the_caller": """\
        packed-output
          Packed input gives a packed output with the same batch_sizes and indices (packed input)
          output.sorted_indices = None   expected tensor([1, 0, 2, 3])
          nn.RNN(5, 3)   input (2, 4, 5) packed with lengths [1, 2, 1, 1]   cpu, float32
          on {machine}
          torch {version}   reproduce:
        import torch; from torch import nn
        torch.manual_seed(1)
        layer = nn.RNN(5, 3)
        input = torch.randn(2, 4, 5)
        packed = nn.utils.rnn.pack_padded_sequence(input, [1, 2, 1, 1], enforce_sorted=False)
        output, h_n = layer(packed)
        assert output.sorted_indices is packed.sorted_indices, (
            f"output.sorted_indices = {{output.sorted_indices}}   expected {{packed.sorted_indices}}"
        )
          see https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html
        """,
    "state_in_a_list_in_eval_mode": """\
        state-structure
          A call returns (output, h_n) for RNN and GRU, (output, (h_n, c_n)) for LSTM
          the call returned (Tensor, [Tensor])   expected output, h_n
          nn.RNN(5, 3)   input (2, 4, 5)   cpu, float32, eval
          on {machine}
          torch {version}   reproduce:
        import torch; from torch import nn
        torch.manual_seed(1)
        layer = nn.RNN(5, 3).eval()
        input = torch.randn(2, 4, 5)
        result = layer(input)
        assert type(result) is tuple and len(result) == 2 and all(map(torch.is_tensor, result)), (
            "the call returned (Tensor, [Tensor])   expected output, h_n"
        )
          see https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html
        """,
    "initial_hidden_refused_in_bfloat16": """\
        initial-hidden-shape
          h_0 is (D*num_layers, N, H_out), regardless of batch_first (with an initial state)
          the call raised RuntimeError: not implemented for 'BFloat16'
          nn.RNN(5, 3)   input (2, 4, 5)   cpu, bfloat16, with initial state
          on {machine}
          torch {version}   reproduce:
        import torch; from torch import nn
        torch.manual_seed(1)
        layer = nn.RNN(5, 3, dtype=torch.bfloat16)
        input = torch.randn(2, 4, 5).to(torch.bfloat16)
        h_0 = torch.randn(1, 4, 3).to(torch.bfloat16)
        try:
            layer(input, h_0)
        except Exception as error:
            raise AssertionError(f"the call raised {{type(error).__name__}}: {{error}}")
          see https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html
        """,
    "output_too_wide_on_meta": """\
        output-shape
          output is (L, N, D*H_out), with batch_first (N, L, D*H_out), unbatched (L, D*H_out)
          output.shape = (2, 4, 6)   expected (2, 4, 3)
                                ^     L = 2, N = 4, D*H_out = 3
          nn.RNN(5, 3)   input (2, 4, 5)   meta, float32
          on {machine}
          torch {version}   reproduce:
        import torch; from torch import nn
        torch.manual_seed(1)
        layer = nn.RNN(5, 3, device="meta")
        input = torch.randn(2, 4, 5).to("meta")
        output, h_n = layer(input)
        assert tuple(output.shape) == (2, 4, 3), (
            f"output.shape = {{tuple(output.shape)}}   expected (2, 4, 3)"
        )
          see https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html
        """,
    "weight_ih_of_layer_1_for_one_direction": """\
        weight-ih-shape
          weight_ih is (gates*H_cell, H_in) in layer 0 and in a cell, (gates*H_cell, D*H_out) above
          layer.weight_ih_l1.shape = (3, 3)   expected (3, 6)
                                         ^     gates*H_cell = 3, D*H_out = 6
          nn.RNN(5, 3, num_layers=2, bidirectional=True)   cpu, float32
          on {machine}
          torch {version}   reproduce:
        import torch; from torch import nn
        torch.manual_seed(1)
        layer = nn.RNN(5, 3, num_layers=2, bidirectional=True)
        assert tuple(layer.weight_ih_l1.shape) == (3, 6), (
            f"layer.weight_ih_l1.shape = {{tuple(layer.weight_ih_l1.shape)}}   expected (3, 6)"
        )
          see https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html
        """,
    "parameters_with_a_scale": """\
        parameter-names
          Parameters are weight_ih, weight_hh, bias_ih, bias_hh, weight_hr, named by layer and direction
          missing: none   unexpected: scale
          nn.RNN(5, 3)   cpu, float32
          on {machine}
          torch {version}   reproduce:
        import torch; from torch import nn
        torch.manual_seed(1)
        layer = nn.RNN(5, 3)
        assert 'scale' not in dict(layer.named_parameters()), "missing: none   unexpected: scale"
          see https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html
        """,
    "bias_frozen": """\
        parameters-train
          Every parameter of a new layer requires a gradient
          layer.bias_ih_l0.requires_grad = False   expected True
          nn.RNN(5, 3)   cpu, float32
          on {machine}
          torch {version}   reproduce:
        import torch; from torch import nn
        torch.manual_seed(1)
        layer = nn.RNN(5, 3)
        assert layer.bias_ih_l0.requires_grad, (
            f"layer.bias_ih_l0.requires_grad = {{layer.bias_ih_l0.requires_grad}}   expected True"
        )
          see https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html
        """,
}


@pytest.fixture
def break_torch(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Broken]:
    """Put a broken layer in the place of torch's."""

    def break_torch(name: str) -> Broken:
        (broken,) = (broken for broken in BROKEN if broken.name == name)
        broken.put_in_place(monkeypatch)
        return broken

    return break_torch


@pytest.mark.parametrize("name", MESSAGES)
def test_message(name: str, break_torch: Callable[[str], Broken]) -> None:
    """The whole text, with the minimal case that Hypothesis finds, for each sort of violation."""
    # So many examples that the first test finds it: another would show another layer.
    ci = hypothesis.settings.get_profile("ci")
    hypothesis.settings.register_profile("many examples", ci, max_examples=1000)
    chosen = "--hypothesis-profile=many examples"
    rule = RULES[break_torch(name).rule]
    outcome = run_suite("-x", "-m", f"rule(id={rule.id!r})", chosen, test=rule.test)
    (violation,) = outcome.failed.values()
    assert isinstance(violation, ContractViolation)
    assert f"{violation}\n" == message(name)
    assert outcome.printed == [str(violation)]


def message(name: str) -> str:
    return textwrap.dedent(MESSAGES[name]).format(
        version=torch.__version__, machine=machine.as_line(machine.facts())
    )


def run_as_pasted(code: str) -> dict[str, Any]:
    """The names that the code leaves behind."""
    names: dict[str, Any] = {}
    exec(code, names)
    return names


# Torch says it at its first call of one, in whichever test that is.
said_once = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")


@said_once
@pytest.mark.parametrize("name", MESSAGES)
def test_script_fails_as_pasted(name: str, break_torch: Callable[[str], Broken]) -> None:
    """The script of a message passes on torch as it is, and says of the broken layer what was found."""
    script = message(name).partition("reproduce:\n")[2].rpartition("\n  see ")[0]
    run_as_pasted(script)
    break_torch(name)
    with pytest.raises(AssertionError) as raised:
        run_as_pasted(script)
    found = " ".join(message(name).split())
    assert " ".join(str(raised.value).split()) in found


@said_once
@given(st.sampled_from(GRID).flatmap(lambda cell: cases(cell, "cpu")))
@settings(max_examples=200, deadline=None)
def test_script_makes_the_same_call(case: Case) -> None:
    """The script of any case gives, bit for bit, the tensors that the suite saw."""
    compare_with_script(case)


def test_script_of_a_call_under_autocast() -> None:
    """The code has the autocast in it, so that it shows the dtypes that the suite saw."""
    compare_with_script(Case(Layer("RNN", 3, 4), autocast=True, grad_mode="no_grad", seed=1))


def compare_with_script(case: Case) -> None:
    """Make the call while it is recorded, and run its script."""
    recording = Recording()
    with recording:
        layer = calls.build(case, None, recording)
        made = calls.call(case, layer, *calls.arguments(case, recording), recording)
    (_, code) = recording.scripts(Claim("True", "", ()), "")
    names = run_as_pasted(code)
    pasted = [names["packed" if case.lengths else "input"]]
    pasted += [names[name] for name in case.state_shapes if name in names]
    pasted += [names[name] for name in re.findall(r"\w+", RETURNS[case.layer.kind])]
    seen = [made.input, made.state, made.result]
    for one, other in zip(tensors_in(seen), tensors_in(pasted), strict=True):
        assert torch.equal(one, other)
        assert one.dtype == other.dtype
        assert one.stride() == other.stride()


def tensors_in(value: Any) -> list[Tensor]:
    if isinstance(value, PackedSequence):
        return [value.data, value.batch_sizes]
    if isinstance(value, (tuple, list)):
        return [tensor for part in value for tensor in tensors_in(part)]
    return [value]
