"""Layers that stand in the place of torch's own: right ones, a wrong one, and some that can less."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.nn.utils.rnn import PackedSequence

from rnn_contracts.checking import equations
from rnn_contracts.layer import Layer

not_callable = 1


class Faithful(nn.GRU):
    """As torch's own."""


class Strict(nn.LSTM):
    """Refuses what torch's own is known to take."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if not isinstance(self.bidirectional, bool):
            raise TypeError("bidirectional")


class EvalOnly(nn.GRU):
    """Cannot train, and has a wrong ``h_n``."""

    def forward(self, input: Any, hx: Any = None) -> Any:
        """As torch's own, with the first two axes of ``h_n`` exchanged."""
        if self.training:
            raise NotImplementedError("inference only")
        output, h_n = super().forward(input, hx)
        return output, h_n.transpose(0, 1)


class SpoiledByRefusal(nn.GRU):
    """Raises in every call after one that was refused."""

    spoiled = False

    def forward(self, input: Any, hx: Any = None) -> Any:
        """As torch's own, until it refuses."""
        if self.spoiled:
            raise RuntimeError("spoiled")
        try:
            return super().forward(input, hx)
        except RuntimeError:
            self.spoiled = True
            raise


class RaisesAddress(nn.GRU):
    """Raises with the address of an object in its text."""

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Raise."""
        raise TypeError(f"unsupported {object()}")


class NoForwardMode(nn.LSTM):
    """Refuses the forward mode itself, and not because of the kernel."""

    def forward(self, input: Any, hx: Any = None) -> Any:
        """As torch's own."""
        if forward_ad._current_level >= 0:
            raise RuntimeError("no forward mode")
        return super().forward(input, hx)


class TakesTupleOfOne(nn.GRU):
    """Takes the state in a tuple, for which torch's own raises AttributeError."""

    def forward(self, input: Any, hx: Any = None) -> Any:
        """As torch's own."""
        return super().forward(input, hx[0] if isinstance(hx, tuple) and len(hx) == 1 else hx)


class AnyDtype(nn.GRU):
    """Takes input of every dtype."""

    def forward(self, input: Any, hx: Any = None) -> Any:
        """As torch's own."""
        dtype = next(self.parameters()).dtype
        if isinstance(input, PackedSequence):
            return super().forward(input._replace(data=input.data.to(dtype)), hx)
        return super().forward(input.to(dtype), hx)


class Outer:
    """A name within a name."""

    class FollowsBatchFirst(nn.GRU):
        """Its h_n is (N, D*num_layers, H_out) with batch_first."""

        def forward(self, input: Any, hx: Any = None) -> Any:
            output, h_n = super().forward(input, hx)
            batched = self.batch_first and h_n.dim() == 3
            return output, h_n.transpose(0, 1) if batched else h_n


class OneDirection(nn.Module):
    """Knows nothing of bias, dropout, bidirectional, device and dtype, nor of packed input."""

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, batch_first: bool = False
    ) -> None:
        super().__init__()
        self.layer = nn.GRU(input_size, hidden_size, num_layers, batch_first=batch_first)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """As torch's own."""
        if isinstance(input, PackedSequence):
            raise NotImplementedError("packed input\nwill come")
        return self.layer(input, hx)


class Renamed(nn.Module):
    """Has a layer within, and says which of its parameters is which."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__()
        self.inner = nn.GRU(*arguments, **options)

    @property
    def documented_names(self) -> dict[str, str]:
        """By its own names."""
        return {f"inner.{name}": name for name, _ in self.inner.named_parameters()}

    def forward(self, input: Any, hx: Any = None) -> Any:
        """As torch's own."""
        return self.inner(input, hx)


class RenamedInWrongOrder(Renamed):
    """Says that one of its biases is the other."""

    @property
    def documented_names(self) -> dict[str, str]:
        """The two biases of a GRU are not alike: one lies within the reset gate."""
        swapped = {"bias_ih": "bias_hh", "bias_hh": "bias_ih"}
        names = (name for name, _ in self.inner.named_parameters())
        return {
            f"inner.{name}": swapped.get(name[:7], name[:7]) + name[7:]
            if name.startswith("bias")
            else name
            for name in names
        }


def no_layer(*_: Any, **__: Any) -> object:
    """A factory of something else."""
    return object()


class NoForward(nn.GRU):
    """Its forward is misspelt."""

    forward = nn.Module.forward


class FailsWithBidirectional(nn.GRU):
    """Takes the argument, and raises TypeError within."""

    def __init__(
        self, input_size: int, hidden_size: int, bidirectional: bool = False, **options: Any
    ) -> None:
        len(bidirectional)  # type: ignore[arg-type]
        super().__init__(input_size, hidden_size, bidirectional=bidirectional, **options)


class RefusesPacked(nn.GRU):
    """And gives wrong numbers for the rest."""

    def forward(self, input: Any, hx: Any = None) -> Any:
        if isinstance(input, PackedSequence):
            raise TypeError("packed")
        output, h_n = super().forward(input, hx)
        return output, h_n + 1


class GivesLists(nn.GRU):
    """A list in the place of the tuple."""

    def forward(self, *arguments: Any) -> Any:
        return [*super().forward(*arguments)]


def step_by_step(base: type[Any]) -> type[Any]:
    """The step equations instead of torch's kernels, in operations that can be transformed."""

    class StepByStep(base):  # type: ignore[misc]
        def forward(self, input: Any, hx: Any = None) -> Any:
            """As torch's own."""
            if isinstance(input, PackedSequence) or (self.training and self.dropout):
                return super().forward(input, hx)
            state = () if hx is None else (hx,) if isinstance(hx, Tensor) else tuple(hx)
            rows = input.transpose(0, 1) if self.batch_first and input.dim() == 3 else input
            if input.dim() == 2:
                rows, state = input[:, None], tuple(part[:, None] for part in state)
            found = equations.run(Layer.of(self), dict(self.named_parameters()), rows, state)
            output, *states = found.values()
            if input.dim() == 2:
                output, states = output[:, 0], [part[:, 0] for part in states]
            elif self.batch_first:
                output = output.transpose(0, 1)
            return output, tuple(states) if len(states) > 1 else states[0]

    return StepByStep


StepByStepGRU = step_by_step(nn.GRU)
StepByStepLSTM = step_by_step(nn.LSTM)
