"""A case becomes a layer, its arguments and a call of it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from rnn_contracts import devices
from rnn_contracts.checking import subjects
from rnn_contracts.checking.recorder import Recorder, evaluate
from rnn_contracts.checking.subjects import Subject
from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.drawn import Drawn

PLAIN = "$0($1, $2)"
"""How a layer is called: layer, input, and initial state if there is one."""


@dataclass(frozen=True)
class Observation:
    """What went into a call and what came out of it, as it came."""

    case: Case
    input: Tensor | PackedSequence
    state: tuple[Tensor, ...]
    result: Any


def seed(drawn: Drawn) -> None:
    """Set the seed from which all random numbers of the case come."""
    # torch.manual_seed takes 2 ms: it formats a stack trace for every accelerator that may come.
    accelerated = devices.is_accelerator(drawn.device)
    manual_seed = torch.manual_seed if accelerated else torch.default_generator.manual_seed
    manual_seed(drawn.seed)


def build(case: Case, subject: Subject | None, recorder: Recorder) -> nn.Module:
    """The layer of the case, made by the subject, or by ``torch.nn``'s class of that name."""
    seed(case)
    constructor: Any = getattr(nn, case.layer.kind)
    if subject:
        subjects.require(subject, options(case))
        constructor = subject.constructor
    recorder.building(case, case.making)
    with recorder.paused():
        module = constructor(case.layer.input_size, case.layer.hidden_size, **options(case))
    devices.synchronize(case.device)
    if not isinstance(module, nn.Module):
        raise TypeError(f"made a {type(module).__name__}, which is no torch.nn.Module")
    module.train(case.training)
    recorder.built(module)
    return module


def options(case: Case) -> dict[str, object]:
    """What the constructor is given besides the sizes: all that differs from torch's default."""
    given = case.layer.arguments
    if case.device != "cpu":
        given["device"] = case.device
    if case.dtype != "float32":
        given["dtype"] = getattr(torch, case.dtype)
    return given


def arguments(case: Case, recorder: Recorder) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The input, not yet packed, and the initial state if there is one: random, never zero."""
    shapes = case.state_shapes.values() if case.initial_state else ()
    with recorder.paused():
        input = _tensor(case, case.input_shape, packed=bool(case.lengths))
        state = tuple(_tensor(case, shape) for shape in shapes)
    recorder.drawn(case, input, state)
    return input, state


def call(
    case: Case,
    module: nn.Module,
    input: Tensor,
    state: tuple[Tensor, ...],
    recorder: Recorder,
    code: str = PLAIN,
    more: Sequence[object] = (),
) -> Observation:
    """Pack the input if the case says so, and call the layer; what it raises passes through.

    In ``code``, which says how, ``$0`` stands for the layer, ``$1`` for the input and, where there is
    an initial state, ``, $2`` for it; what follows are ``more`` objects.
    """
    packed: Tensor | PackedSequence = input
    if case.lengths:
        lengths = list(case.lengths)
        with recorder.paused():
            packed = pack_padded_sequence(input, lengths, enforce_sorted=case.enforce_sorted)
        recorder.packed(case, input, packed)
    hx = (state,) if len(state) > 1 else state
    objects = (module, packed, *(hx or (None,)), *more)
    code = code if hx else code.replace(", $2", "")
    recorder.calling(case, code, objects)
    with recorder.paused(), getattr(torch, case.grad_mode)(), _autocast(case.autocast):
        result = module(packed, *hx) if code in (PLAIN, "$0($1)") else evaluate(code, *objects)
        # An accelerator raises later than the call is made, in whatever is done next.
        devices.synchronize(case.device)
    recorder.returned(case, result)
    return Observation(case, packed, state, result)


def is_accepted(case: Case, subject: Subject | None) -> bool:
    """Whether a layer of its own takes the call."""
    recorder = Recorder()
    try:
        call(case, build(case, subject, recorder), *arguments(case, recorder), recorder)
    except Exception:
        return False
    return True


def _autocast(wanted: bool) -> contextlib.AbstractContextManager[object]:
    return torch.autocast("cpu", torch.bfloat16) if wanted else contextlib.nullcontext()


def _tensor(case: Case, shape: tuple[int, ...], *, packed: bool = False) -> Tensor:
    strided = not case.contiguous and not packed
    # Draw float32 on the CPU, so that a case has the same numbers on every device.
    tensor = torch.randn((*shape, 2) if strided else shape)
    tensor = tensor.to(case.device, getattr(torch, case.dtype))
    return tensor[..., 0] if strided else tensor
