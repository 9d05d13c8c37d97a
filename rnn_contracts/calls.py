"""One call of one layer: described, made on a device, and written out as code to paste."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from rnn_contracts import subjects
from rnn_contracts.contracts import evaluate, tensors
from rnn_contracts.layer import RETURNS, Layer
from rnn_contracts.rules import shape_rule
from rnn_contracts.subjects import Subject

DTYPES = ("float32", "float64", "bfloat16", "float16")
GRAD_MODES = ("enable_grad", "no_grad", "inference_mode")


@dataclass(frozen=True)
class Case:
    """A layer and one call of it. Plain data: what Hypothesis draws, shrinks and prints.

    ``layout`` is a key of the rules' ``shapes``. ``lengths`` are those of a packed input, and
    empty otherwise; ``N`` is then their number and ``L`` the longest. ``grad_mode`` names a
    context manager of ``torch``, and ``autocast`` puts the call under autocast to bfloat16 on the CPU.
    ``seed`` determines every random number of the case. ``subject`` is the key of what stands in the
    place of torch's own layer; empty for that itself.
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
    def on_accelerator(self) -> bool:
        """Whether the device is neither of the two that are always there."""
        return self.device not in ("cpu", "meta")

    @property
    def axes(self) -> dict[str, int]:
        """The size of every axis of the call."""
        return self.layer.axes | {"N": self.N, "L": self.L, "sum(lengths)": sum(self.lengths)}

    def shape(self, tensor: str, *, layout: str = "") -> tuple[int, ...]:
        """What the contract expects of the tensor in this call."""
        return evaluate(shape_rule(self.layer, tensor).shapes[layout or self.layout], self.axes)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of the input; for a packed input that of the padded one before packing."""
        return self.shape("input", layout="sequence first" if self.lengths else "")

    @property
    def state_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of ``h_0`` and, for LSTM and LSTMCell, ``c_0``."""
        return {name: self.shape(name) for name in tensors(self.layer) if name in ("h_0", "c_0")}

    def fits(self, when: Mapping[str, object]) -> bool:
        """Whether the call is such that drawing it with these arguments fixed gives it."""
        layout = {"sequence first": "batched", "batch first": "batched"}.get(
            self.layout, self.layout
        )
        values = vars(self.layer) | vars(self) | {"layout": layout}
        values["projection"] = self.layer.proj_size > 0
        values["equal_lengths"] = len({*self.lengths}) == 1
        return all(values[name] == value for name, value in when.items())

    def describe(self, *, call: bool = True) -> str:
        """The layer, the call if there is one, and where, in one line."""
        options = [self.device, self.dtype] + ["eval"] * (not self.training)
        if not call:
            return f"{self.construction}   {', '.join(options)}"
        packed = f" packed with lengths {list(self.lengths)}" if self.lengths else ""
        options += ["with initial state"] * self.initial_state
        options += ["not contiguous"] * (not self.contiguous)
        options += [self.grad_mode] * (self.grad_mode != "enable_grad")
        options += ["autocast to bfloat16"] * self.autocast
        return f"{self.construction}   input {self.input_shape}{packed}   {', '.join(options)}"

    @property
    def callee(self) -> str:
        """What makes the layer, as code: ``nn.LSTM``."""
        if not self.subject:
            return f"nn.{self.layer.kind}"
        name = self.subject.partition("#")[0].rpartition(":")[2].rpartition(".")[2]
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
            module, _, name = self.subject.partition("#")[0].partition(":")
            outer = name.partition(".")[0]
            line = f"from {module} import {outer}"
            if outer != name:
                line += f"; {self.callee} = {name}"
            elif outer != self.callee:
                line += f" as {self.callee}"
            # What has no name in its module cannot be imported.
            lines.append(f"# {self.callee}: {module}:{name}" if "<" in name else line)
        return lines

    def setup(self, *, call: bool = True) -> list[str]:
        """Python that makes ``layer`` and, for a call, ``input``, ``h_0`` and ``c_0``."""
        factory = f', device="{self.device}"' * (self.device != "cpu")
        factory += f", dtype=torch.{self.dtype}" * (self.dtype != "float32")
        mode = ".eval()" * (not self.training)
        lines = [
            f"torch.manual_seed({self.seed})",
            f"layer = {self.construction[:-1]}{factory}){mode}",
        ]
        if call:
            lines.append(
                f"input = {self._tensor_code(self.input_shape, packed=bool(self.lengths))}"
            )
            if self.lengths:
                options = ", enforce_sorted=False" * (not self.enforce_sorted)
                packing = f"nn.utils.rnn.pack_padded_sequence(input, {list(self.lengths)}{options})"
                lines.append(f"input = {packing}")
            states = self.state_shapes.items() if self.initial_state else ()
            lines += [f"{name} = {self._tensor_code(shape)}" for name, shape in states]
        return lines

    @property
    def call_arguments(self) -> str:
        """The arguments of the call, as code: ``input, (h_0, c_0)``."""
        names = list(self.state_shapes) if self.initial_state else []
        return ", ".join(["input", *([f"({', '.join(names)})"] if len(names) > 1 else names)])

    def snippet(self, show: str, *, call: bool = True) -> str:
        """Python that makes the same call with the same numbers and prints ``show``.

        ``show`` speaks of ``layer``, of the tensors by the names of the contract, or of the whole
        ``result``.
        """
        lines = self.imports + self.setup(call=call)
        if call:
            plain = self.grad_mode == "enable_grad"
            callee = "layer" if plain else f"torch.{self.grad_mode}()(layer)"
            names = "result" if show == "result" else RETURNS[self.layer.kind]
            call_line = f"{names} = {callee}({self.call_arguments})"
            if self.autocast:
                lines += [f"with {_AUTOCAST}:", f"    {call_line}"]
            else:
                lines.append(call_line)
        return "\n".join([*lines, f"print({show})"])

    def _tensor_code(self, shape: tuple[int, ...], *, packed: bool = False) -> str:
        strided = not self.contiguous and not packed
        code = f"torch.randn({', '.join(map(str, shape + (2,) * strided))})"
        targets = [f'"{self.device}"'] * (self.device != "cpu")
        targets += [f"torch.{self.dtype}"] * (self.dtype != "float32")
        return code + f".to({', '.join(targets)})" * bool(targets) + "[..., 0]" * strided


@dataclass(frozen=True)
class Observation:
    """What went into a call and what came out of it, as it came."""

    case: Case
    input: Tensor | PackedSequence
    state: tuple[Tensor, ...]
    result: Any


def build(case: Case) -> nn.Module:
    """The layer of the case, made by ``torch.nn``'s class of that name, or by the subject."""
    # torch.manual_seed formats a stack trace for every accelerator it might start one day: 2 ms.
    manual_seed = torch.manual_seed if case.on_accelerator else torch.default_generator.manual_seed
    manual_seed(case.seed)
    constructor: Callable[..., Any] = getattr(nn, case.layer.kind)
    if subject := subject_of(case):
        subjects.require(subject, options(case))
        constructor = subject.constructor
    module = constructor(case.layer.input_size, case.layer.hidden_size, **options(case))
    if not isinstance(module, nn.Module):
        raise TypeError(f"made a {type(module).__name__}, which is no torch.nn.Module")
    module.train(case.training)
    return module


def options(case: Case) -> dict[str, object]:
    """What the constructor is given besides the sizes: all that is not torch's default."""
    options = case.layer.arguments
    if case.device != "cpu":
        options["device"] = case.device
    if case.dtype != "float32":
        options["dtype"] = getattr(torch, case.dtype)
    return options


def subject_of(case: Case) -> Subject | None:
    """What stands in the place of torch's own layer, if anything does."""
    return subjects.find(case.layer.kind, case.subject) if case.subject else None


def arguments(case: Case) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The input, not yet packed, and the initial state if there is one: random, never zero."""
    input = _tensor(case, case.input_shape, packed=bool(case.lengths))
    shapes = case.state_shapes.values() if case.initial_state else ()
    return input, tuple(_tensor(case, shape) for shape in shapes)


def call(case: Case, module: nn.Module, input: Tensor, state: tuple[Tensor, ...]) -> Observation:
    """Pack the input if the case says so, and call the layer; what it raises passes through."""
    packed: Tensor | PackedSequence = input
    if case.lengths:
        lengths = list(case.lengths)
        packed = pack_padded_sequence(input, lengths, enforce_sorted=case.enforce_sorted)
    with getattr(torch, case.grad_mode)(), _autocast(case.autocast):
        result = module(packed, *([state] if len(state) > 1 else state))
    return Observation(case, packed, state, result)


_AUTOCAST = 'torch.autocast("cpu", torch.bfloat16)'


def _autocast(wanted: bool) -> contextlib.AbstractContextManager[object]:
    return torch.autocast("cpu", torch.bfloat16) if wanted else contextlib.nullcontext()


def _tensor(case: Case, shape: tuple[int, ...], *, packed: bool = False) -> Tensor:
    # Drawn as float32 on the CPU, so that a case has the same numbers on every device.
    strided = not case.contiguous and not packed
    tensor = torch.randn(*shape, *[2] * strided).to(case.device, getattr(torch, case.dtype))
    return tensor[..., 0] if strided else tensor


def accelerators() -> tuple[str, ...]:
    """The accelerators that torch reports: cuda:0, cuda:1, xpu:0, mps, ..."""
    if hasattr(torch, "accelerator"):
        count = torch.accelerator.device_count() if torch.accelerator.is_available() else 0
        current = torch.accelerator.current_accelerator() if count else None
        kind = current.type if current else ""
    elif torch.cuda.is_available():
        kind, count = "cuda", torch.cuda.device_count()
    else:
        kind, count = "mps", int(torch.backends.mps.is_available())
    return (kind,) * count if kind == "mps" else tuple(f"{kind}:{i}" for i in range(count))


def available_devices() -> tuple[str, ...]:
    """Every device on which layers can be called here."""
    return ("cpu", "meta", *accelerators())


@functools.cache
def dtypes(device: str) -> tuple[str, ...]:
    """Those of ``DTYPES`` in which the device multiplies matrices (no float64 on mps, say)."""
    return tuple(dtype for dtype in DTYPES if _multiplies(device, getattr(torch, dtype)))


def _multiplies(device: str, dtype: torch.dtype) -> bool:
    try:
        ones = torch.ones(2, 2, device=device, dtype=dtype)
        torch.tanh(ones @ ones)
    except (RuntimeError, TypeError):
        return False
    return True
