"""``rnn_contracts.check``: one call, held against the shape rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from subject_layers import OneDirection, Outer
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

import rnn_contracts
from rnn_contracts import ContractViolation, Layer, check

LSTM = nn.LSTM(5, 8, num_layers=2, batch_first=True)
INPUT = torch.randn(2, 4, 5)


@pytest.mark.parametrize(
    ("layer", "input", "state"),
    [
        (LSTM, INPUT, None),
        (LSTM, INPUT, (torch.zeros(2, 2, 8), torch.zeros(2, 2, 8))),
        (LSTM, INPUT[0], (torch.zeros(2, 8), torch.zeros(2, 8))),
        (LSTM, pack_padded_sequence(INPUT, [2, 4], True, enforce_sorted=False), None),
        (nn.GRU(5, 3, bidirectional=True, dtype=torch.float64).eval(), INPUT.double(), None),
        (nn.GRUCell(5, 3), INPUT[0], torch.zeros(4, 3)),
        (nn.LSTMCell(5, 3, device="meta"), torch.empty(5, device="meta"), None),
    ],
)
def test_a_right_call_gives_its_result(layer: nn.Module, input: Any, state: Any) -> None:
    """The very result of the layer, whatever the layout."""
    expected = layer(input) if state is None else layer(input, state)
    for one, other in zip(flat(check(layer, input, state)), flat(expected), strict=True):
        assert one.is_meta or torch.equal(one, other)


def flat(value: Any) -> list[Tensor]:
    if isinstance(value, PackedSequence):
        return [value.data]
    return [value] if isinstance(value, Tensor) else [part for it in value for part in flat(it)]


GRU = nn.GRU(5, 3)
PACKED = pack_padded_sequence(INPUT, [2, 4], True, enforce_sorted=False)
ZEROS = torch.zeros(2, 2, 8)

MESSAGES: dict[str, tuple[Callable[[], Any], str]] = {
    "initial-hidden-shape": (
        lambda: check(nn.GRU(5, 8, num_layers=3, batch_first=True), INPUT, torch.zeros(2, 3, 8)),
        """\
  h_0 is (D*num_layers, N, H_out), regardless of batch_first (with an initial state)
  h_0.shape = (2, 3, 8)   expected (3, 2, 8)
               ^  ^        D*num_layers = 3, N = 2, H_out = 8
  nn.GRU(5, 8, num_layers=3, batch_first=True)   input (2, 4, 5)   cpu, float32, with initial state
""",
    ),
    "initial-cell-shape": (
        lambda: check(LSTM, INPUT, (ZEROS, torch.zeros(2, 2, 7))),
        "  c_0.shape = (2, 2, 7)   expected (2, 2, 8)\n",
    ),
    "state-structure-refused": (
        lambda: check(LSTM, INPUT, ZEROS),
        "  the state is Tensor   expected (h_0, c_0)\n",
    ),
    "input-shape": (
        lambda: check(LSTM, INPUT[..., :4]),
        "  input_shape: expected a last axis of input_size = 5, got (2, 4, 4)\n",
    ),
    "rnn-cell-input-shape": (
        lambda: check(nn.GRUCell(5, 3), INPUT),
        "  input_shape: expected 1 axes (unbatched) or 2 axes (batched), got (2, 4, 5)\n",
    ),
    "final-hidden-shape": (
        lambda: check(Outer.FollowsBatchFirst(5, 3, batch_first=True), INPUT),
        """\
  h_n.shape = (2, 1, 3)   expected (1, 2, 3)
               ^  ^        D*num_layers = 1, N = 2, H_out = 3
  FollowsBatchFirst(5, 3, batch_first=True)   input (2, 4, 5)   cpu, float32
""",
    ),
    "output-shape": (
        lambda: check(OneDirection(5, 3), INPUT, like=nn.GRU(5, 3, bidirectional=True)),
        "  output.shape = (2, 4, 3)   expected (2, 4, 6)\n",
    ),
    "state-structure": (
        lambda: check(GRU, INPUT, like=nn.LSTM(5, 3)),
        "  the call returned (Tensor, Tensor)   expected output, (h_n, c_n)\n",
    ),
    "packed-output": (
        lambda: check(ReversesPacking(5, 3), PACKED),
        "  output.sorted_indices = tensor([0, 1])   expected tensor([1, 0])\n",
    ),
}


class ReversesPacking(nn.GRU):
    """Forgets the order of the caller."""

    def forward(self, input: Any, hx: Any = None) -> Any:
        output, state = super().forward(input, hx)
        return output._replace(sorted_indices=output.sorted_indices.flip(0)), state


@pytest.mark.parametrize("rule", MESSAGES)
def test_a_wrong_shape_is_told(rule: str) -> None:
    """The caller's mistakes by the rules of what goes in, the layer's by those of what comes out."""
    call, message = MESSAGES[rule]
    with pytest.raises(ContractViolation) as caught:
        call()
    assert caught.value.rule_id == rule
    assert str(caught.value).startswith(f"{rule}\n")
    assert message in str(caught.value)


def test_what_the_layer_raises_passes_through() -> None:
    """It is the caller's to handle."""
    with pytest.raises(NotImplementedError, match="packed input"):
        check(OneDirection(5, 3), PACKED, like=GRU)


def test_it_must_be_told_what_the_layer_is() -> None:
    """One line says what is needed, as code to type."""
    with pytest.raises(
        ValueError,
        match=r"^like: OneDirection is no layer of torch\.nn; say which it stands for, "
        r"such as like=nn\.LSTM\(5, 3\)$",
    ):
        check(OneDirection(5, 3), INPUT)
    with pytest.raises(ValueError, match=r"such as like=nn\.GRU\(7, 8, batch_first=True\)$"):
        check(MyGRU(), INPUT)
    with pytest.raises(
        ValueError,
        match=r"^like: expected the layer of torch\.nn, or the Layer, that OneDirection stands for, "
        r"such as like=nn\.LSTM\(5, 3\); got 'GRU'$",
    ):
        check(OneDirection(5, 3), INPUT, like="GRU")
    with pytest.raises(
        TypeError, match=r"^input: expected a tensor or a PackedSequence, got list$"
    ):
        check(GRU, [1])


class MyGRU(nn.Module):
    """Is no layer of torch, and has the attributes of one."""

    def __init__(self) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.batch_first = 7, 8, True
        self.gru = nn.GRU(5, 8, batch_first=True)

    def forward(self, input: Tensor) -> Any:
        return self.gru(input)


def test_attributes_that_disagree_are_told() -> None:
    """They are the first thing to look at where a shape is not as expected."""
    with pytest.raises(ContractViolation, match=r"(?m)^output-shape$") as caught:
        check(MyGRU(), torch.randn(3, 2, 5), like=nn.GRU(5, 9))
    lines = str(caught.value).splitlines()
    assert "  the layer says input_size = 7, and like says input_size = 5" in lines
    assert "  the layer says hidden_size = 8, and like says hidden_size = 9" in lines
    assert "  the layer says batch_first = True, and like says batch_first = False" in lines


@pytest.mark.parametrize(
    ("mode", "kind", "nonlinearity"),
    [("RNN_RELU", "RNN", "relu"), ("RNN_TANH", "RNN", "tanh"), ("GRU", "GRU", "tanh")],
)
def test_a_subclass_of_the_base_is_what_its_mode_names(
    mode: str, kind: str, nonlinearity: str
) -> None:
    """``nn.RNNBase`` is public, and its subclasses need no ``like``."""

    class Mine(nn.RNNBase):
        def forward(self, input: Any) -> Any:
            return getattr(nn, kind).forward(self, input)

    layer = Mine(mode, 5, 3, num_layers=2, bidirectional=True)
    described = Layer(kind, 5, 3, nonlinearity=nonlinearity, num_layers=2, bidirectional=True)
    assert Layer.of(layer) == described
    output, h_n = check(layer, torch.randn(4, 2, 5))
    assert (output.shape, h_n.shape) == ((4, 2, 6), (4, 2, 3))


def test_what_needs_torch_is_there_when_asked_for() -> None:
    """And nothing else is."""
    assert rnn_contracts.check is check
    assert all(hasattr(rnn_contracts, name) for name in rnn_contracts.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'chekc'"):
        rnn_contracts.chekc  # noqa: B018
