"""One call of one layer: plain data, which also writes itself as code to paste."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rnn_contracts.contracts import evaluate, symbolic, tensors
from rnn_contracts.layer import RETURNS, Layer
from rnn_contracts.variations import DEEP


@dataclass(frozen=True)
class Case:
    """A layer and one call of it. Plain data: what Hypothesis draws, shrinks and prints.

    ``layout`` names a column of the contract's tables. ``lengths`` are those of a packed input, and
    empty otherwise; ``N`` is then their number and ``L`` the longest. ``grad_mode`` names a
    context manager of ``torch``, and ``autocast`` puts the call under autocast to bfloat16 on the CPU.
    ``seed`` determines every random number of the case. ``subject`` names what stands in the place of
    torch's own layer, ``package.module:Name``; it is empty for that layer itself.
    """

    layer: Layer
    device: str = "cpu"
    dtype: str = "float32"
    seed: int = 0
    training: bool = True
    layout: str = "sequence first"
    N: int = 2
    L: int = 3
    lengths: tuple[int, ...] = ()
    enforce_sorted: bool = True
    initial_state: bool = False
    contiguous: bool = True
    grad_mode: str = "enable_grad"
    autocast: bool = False
    subject: str = ""

    @property
    def axes(self) -> dict[str, int]:
        """The size of every axis of the call."""
        return self.layer.axes | {"N": self.N, "L": self.L, "sum(lengths)": sum(self.lengths)}

    def shape(self, tensor: str, *, layout: str = "") -> tuple[int, ...]:
        """What the contract expects of the tensor in this call."""
        return evaluate(symbolic(self.layer, tensor, layout or self.layout), self.axes)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of the input; for a packed input that of the padded one before packing."""
        return self.shape("input", layout="sequence first" if self.lengths else "")

    @property
    def state_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of ``h_0`` and, for LSTM and LSTMCell, ``c_0``."""
        return {name: self.shape(name) for name in tensors(self.layer) if name in ("h_0", "c_0")}

    def matches(self, conditions: Mapping[str, object]) -> bool:
        """Whether the call meets these conditions: those of a domain, or of a known deviation."""
        return all(
            value >= allowed  # type: ignore[operator]
            if name == "least_N"
            else value in (allowed if isinstance(allowed, tuple) else (allowed,))
            for name, allowed in conditions.items()
            for value in [self.condition(name)]
        )

    def condition(self, name: str) -> object:
        """The value that the call has for a condition; see ``rnn_contracts.rules.domain``."""
        layer = self.layer
        derived = {
            "layout": "batched"
            if self.layout in ("sequence first", "batch first")
            else self.layout,
            "projection": layer.proj_size > 0,
            "equal_lengths": len({*self.lengths}) < 2,
            "dropout_acts": layer.dropout > 0 and layer.num_layers > 1 and self.training,
            "smooth": layer.nonlinearity == "tanh" or self.dtype == "float64",
            "num_layers": layer.num_layers if layer.num_layers < 4 else DEEP,
            "least_N": self.N,
            "device": self.device.partition(":")[0],
        }
        return {**vars(layer), **vars(self), **derived}[name]

    def describe(self, *, call: bool = True) -> str:
        """The layer, the call if there is one, and where, in one line."""
        options = [self.device, self.dtype]
        if not self.training:
            options.append("eval")
        if not call:
            return f"{self.construction}   {', '.join(options)}"
        packed = f" packed with lengths {list(self.lengths)}" if self.lengths else ""
        if self.initial_state:
            options.append("with initial state")
        if not self.contiguous:
            options.append("not contiguous")
        if self.grad_mode != "enable_grad":
            options.append(self.grad_mode)
        if self.autocast:
            options.append("autocast to bfloat16")
        return f"{self.construction}   input {self.input_shape}{packed}   {', '.join(options)}"

    @property
    def size(self) -> tuple[int, ...]:
        """How large layer and call are, the depth first."""
        layer = self.layer
        sizes = self.N, self.L, layer.input_size, layer.hidden_size
        return (layer.num_layers, layer.bidirectional, *sizes)

    @property
    def callee(self) -> str:
        """What makes the layer, as code: ``nn.LSTM``."""
        if not self.subject:
            return f"nn.{self.layer.kind}"
        name = self.subject.rpartition(":")[2].rpartition(".")[2]
        taken = ("torch", "nn", "layer", "input", "result", *RETURNS[self.layer.kind].split(", "))
        usable = name.isidentifier() and name not in taken
        return name if usable else f"make_{self.layer.kind.lower()}"

    @property
    def construction(self) -> str:
        """The layer as code: ``nn.LSTM(5, 8, num_layers=2)``."""
        return f"{self.callee}({str(self.layer).partition('(')[2]}"

    @property
    def imports(self) -> list[str]:
        """Python that imports what the rest of the code names."""
        lines = ["import torch; from torch import nn"]
        if self.subject:
            module, _, name = self.subject.partition(":")
            outer = name.partition(".")[0]
            line = f"from {module} import {outer}"
            if outer != name:
                line += f"; {self.callee} = {name}"
            elif outer != self.callee:
                line += f" as {self.callee}"
            # What has no name in its module cannot be imported.
            lines.append(f"# {self.callee}: {module}:{name}" if "<" in name else line)
        return lines

    @property
    def making(self) -> str:
        """The construction with device and dtype, as code."""
        device = f', device="{self.device}"' if self.device != "cpu" else ""
        dtype = f", dtype=torch.{self.dtype}" if self.dtype != "float32" else ""
        return f"{self.construction[:-1]}{device}{dtype})"

    def setup(self) -> list[str]:
        """Python that makes ``layer``, ``input``, ``h_0`` and ``c_0``."""
        mode = "" if self.training else ".eval()"
        lines = [f"torch.manual_seed({self.seed})", f"layer = {self.making}{mode}"]
        lines += [f"{name} = {code}" for name, code in self.tensors_as_code()]
        if self.lengths:
            lines.insert(3, f"input = {self.packing('input')}")
        return lines

    def calling(self) -> str:
        """Python that makes the call."""
        return "\n".join([*self.imports, *self.setup(), f"{self.moded}({self.call_arguments})"])

    @property
    def moded(self) -> str:
        """What is called, in the grad mode of the case, as code."""
        return "layer" if self.grad_mode == "enable_grad" else f"torch.{self.grad_mode}()(layer)"

    def tensors_as_code(self) -> list[tuple[str, str]]:
        """The names of the input and of the parts of the initial state, and what draws them."""
        shapes = {"input": self.input_shape, **(self.state_shapes if self.initial_state else {})}
        return [
            (name, self._tensor_code(shape, packed=name == "input" and bool(self.lengths)))
            for name, shape in shapes.items()
        ]

    def packing(self, input: str) -> str:
        """What packs the input of that name, as code."""
        options = "" if self.enforce_sorted else ", enforce_sorted=False"
        return f"nn.utils.rnn.pack_padded_sequence({input}, {list(self.lengths)}{options})"

    @property
    def call_arguments(self) -> str:
        """The arguments of the call, as code: ``input, (h_0, c_0)``."""
        names = list(self.state_shapes) if self.initial_state else []
        state = [f"({', '.join(names)})"] if len(names) > 1 else names
        return ", ".join(["input", *state])

    def _tensor_code(self, shape: tuple[int, ...], *, packed: bool = False) -> str:
        strided = not self.contiguous and not packed
        code = f"torch.randn({', '.join(map(str, (*shape, 2) if strided else shape))})"
        targets = [f'"{self.device}"'] if self.device != "cpu" else []
        if self.dtype != "float32":
            targets.append(f"torch.{self.dtype}")
        if targets:
            code += f".to({', '.join(targets)})"
        return f"{code}[..., 0]" if strided else code
