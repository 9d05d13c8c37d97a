"""Every statement of a check, noted while the check is made again.

What a script says is therefore what was run. Layers, calls and what ``do`` evaluates are told by the
check; every function of torch in between is seen by a ``TorchFunctionMode``.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence
from torch.overrides import TorchFunctionMode

from rnn_contracts.checking.python_code import (
    call_as_code,
    literal,
    name_for,
    parts_of,
    source_of,
)
from rnn_contracts.checking.recorder import MODULES, Recorder, evaluate
from rnn_contracts.checking.script import Statement, Step, Value, closure, written
from rnn_contracts.checking.violation import Claim
from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.drawn import Drawn
from rnn_contracts.layer import RETURNS


class Recording(TorchFunctionMode, Recorder):
    """Notes what a check does, as statements of a script."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.imports: list[str] = []
        self.functions: dict[str, str] = {}
        self._values: dict[int, Value] = {}
        # An id is used again once its object is gone.
        self._objects: list[object] = []
        self._within: tuple[str, ...] = ()
        self._entered = False

    # --- What the check says that it does ---------------------------------------------------------

    def begin(self, drawn: Drawn) -> None:
        """Note the seed, which every script begins with."""
        self.imports = drawn.imports
        self._state(f"torch.manual_seed({drawn.seed})")

    def building(self, case: Case, code: str) -> None:
        """Note the layer before it is made, since its constructor may raise."""
        if not self.imports:
            self.begin(case)
        mode = "" if case.training else ".eval()"
        self._state(f"{code}{mode}", gives=(Value("", name="layer"),), targets="$0")

    def built(self, module: nn.Module) -> None:
        """Parameters are written as attributes of their layer."""
        made = self.steps[-1]
        assert isinstance(made, Statement)
        self._know(module, made.gives[0])
        self.know_parameters(module, made.gives[0])

    def know_parameters(self, module: object, value: Value) -> None:
        """The parameters of a layer are written as its attributes."""
        if isinstance(module, nn.Module):
            for name, parameter in module.named_parameters():
                path = "".join(
                    f".{part}" if part.isidentifier() else f"[{part}]" for part in name.split(".")
                )
                self._know(parameter, Value(f"$0{path}", (value,), name.rpartition(".")[2]))

    def drawn(self, case: Case, input: Tensor, state: Sequence[Tensor]) -> None:
        """The input of the call was drawn, and its initial state."""
        tensors = {"input": input, **dict(zip(case.state_shapes, state, strict=False))}
        for (name, code), tensor in zip(case.tensors_as_code(), tensors.values(), strict=True):
            value = self._give(tensor, name)
            self._state(code, gives=(value,), targets="$0")

    def packed(self, case: Case, input: Tensor, packed: PackedSequence) -> None:
        """The input was packed."""
        value = self._give(packed, "packed")
        self._know(packed.data, Value("$0.data", (value,)))
        self._state(case.packing("$0"), (self._value(input),), gives=(value,), targets="$0")

    def calling(self, case: Case, code: str, objects: Sequence[object]) -> None:
        """Note the call before it is made, since it may raise."""
        within = [f"torch.{case.grad_mode}()"] if case.grad_mode != "enable_grad" else []
        if case.autocast:
            within.append('torch.autocast("cpu", torch.bfloat16)')
        self._state(code, tuple(map(self._value, objects)), within=within)

    def returned(self, case: Case, result: Any) -> None:
        """The call that was made last returned this."""
        call = self.steps[-1]
        assert isinstance(call, Statement)
        if (parts := parts_of(case, result)) is None:
            call.targets, call.gives = "$0", (self._give(result, "result"),)
            return
        names = re.findall(r"\w+", RETURNS[case.layer.kind])
        call.gives = tuple(map(self._give, parts, names))
        call.targets = RETURNS[case.layer.kind]
        for i, name in enumerate(names):
            call.targets = re.sub(rf"\b{name}\b", f"${i}", call.targets)
        for part, value in zip(parts, call.gives, strict=True):
            if isinstance(part, PackedSequence):
                self._know(part.data, Value("$0.data", (value,)))
        self._know(result, Value(call.targets, call.gives))

    def padded(self, packed: PackedSequence, output: Tensor) -> None:
        """An output was padded."""
        code = "nn.utils.rnn.pad_packed_sequence($0)[0]"
        self._know(output, Value(code, (self._value(packed),), "padded"), step=True)

    def given(self, thing: object, code: str, name: str) -> None:
        """There is something that this code would make anew."""
        self._state(code, gives=(self._give(thing, name),), targets="$0")

    def do(self, code: str, *objects: object, name: str = "value", changes: int = 0) -> Any:
        """Evaluate code, in which ``$0``, ``$1`` stand for the objects, and note it.

        ``changes`` is the number of the objects, the first of them, that the code changes.
        """
        values = tuple(map(self._value, objects))
        statement = self._state(code, values, changes=values[:changes])
        with self.paused():
            result = evaluate(code, *objects)
        for changed, value in zip(objects[:changes], values, strict=False):
            # It may have parameters that it had not before.
            self.know_parameters(changed, value)
        if result is not None and not changes:
            statement.targets, statement.gives = "$0", (self._give(result, name),)
            self.know_parameters(result, statement.gives[0])
            if isinstance(result, (tuple, list)):
                for i, part in enumerate(result):
                    if id(part) not in self._values:
                        self._know(part, Value(f"$0[{i}]", statement.gives))
        return result

    def apply(self, function: Callable[..., Any], *objects: Tensor) -> Any:
        """Call the function, and note it and its source."""
        self.functions[function.__name__] = source_of(function)
        with self.paused():
            result = function(*objects)
        names = ", ".join(f"${i}" for i in range(len(objects)))
        value = Value(f"{function.__name__}({names})", tuple(map(self._value, objects)))
        value.name, value.kept = "step", isinstance(result, tuple)
        self._know(result, value, step=True)
        for i, part in enumerate(result) if value.kept else ():
            self._know(part, Value(f"$0[{i}]", (value,)))
        return result

    @contextlib.contextmanager
    def within(self, code: str) -> Iterator[Any]:
        """Enter a context manager that this code makes, for all that is done within."""
        with self.paused():
            manager = evaluate(code)
        self._within = (*self._within, code)
        with manager as entered:
            yield entered
        self._within = self._within[:-1]

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """What is done within is not noted."""
        if not self._entered:
            yield
            return
        self._entered = False
        super().__exit__(None, None, None)  # type: ignore[no-untyped-call]
        try:
            yield
        finally:
            super().__enter__()  # type: ignore[no-untyped-call]
            self._entered = True

    # --- What torch is seen to do -----------------------------------------------------------------

    def __enter__(self) -> Recording:
        super().__enter__()  # type: ignore[no-untyped-call]
        self._entered = True
        return self

    def __exit__(self, *exception: Any) -> None:
        self._entered = False
        super().__exit__(*exception)  # type: ignore[no-untyped-call]

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Call the function, and note it if it gives or changes a tensor."""
        kwargs = kwargs or {}
        name = getattr(function, "__name__", "")
        changes = name == "__setitem__" or (name.endswith("_") and not name.endswith("__"))
        if changes:
            self._note_change(function, args, kwargs)
        try:
            result = function(*args, **kwargs)
        except Exception:
            if not changes:
                self._note_failure(function, args, kwargs)
            raise
        if not changes and id(result) not in self._values:
            whole = isinstance(result, (tuple, list)) and any(
                isinstance(part, Tensor) for part in result
            )
            if isinstance(result, Tensor) or whole:
                self._note_result(function, name, args, kwargs, result)
        return result

    def _note_change(self, function: Any, args: Any, kwargs: Any) -> None:
        code, operands = self._call(function, args, kwargs)
        leaf = isinstance(args[0], nn.Parameter) and not torch.is_grad_enabled()
        if operands[0].code and not isinstance(args[0], nn.Parameter):
            operands[0].kept = True
        within = ["torch.no_grad()"] if leaf else []
        self._state(code, operands, changes=operands[:1], within=within)

    def _call(self, function: Any, args: Any, kwargs: Any) -> tuple[str, list[Value]]:
        """The code of a call of torch, and its operands."""
        operands: list[Value] = []
        written = [self._write(argument, operands) for argument in args]
        options = [f"{key}={self._write(value, operands)}" for key, value in kwargs.items()]
        return call_as_code(function, written, options), operands

    def _note_failure(self, function: Any, args: Any, kwargs: Any) -> None:
        code, operands = self._call(function, args, kwargs)
        self._state(code, operands)

    def _note_result(
        self, function: Any, name: str, args: Any, kwargs: Any, result: object
    ) -> None:
        code, operands = self._call(function, args, kwargs)
        value = Value(
            code,
            tuple(operands),
            name_for(name, operands[0].name if operands else ""),
            kept=name == "clone",
        )
        if isinstance(result, Tensor):
            value.view = result._is_view()
            self._know(result, value, step=True)
            return
        value.name, value.kept = "values", True
        self.steps.append(value)
        assert isinstance(result, (tuple, list))
        for i, part in enumerate(result):
            if isinstance(part, Tensor):
                self._know(part, Value(f"$0[{i}]", (value,)))

    # --- Values -----------------------------------------------------------------------------------

    def _state(
        self,
        code: str,
        operands: Sequence[Value] = (),
        *,
        targets: str = "",
        gives: tuple[Value, ...] = (),
        changes: Sequence[Value] = (),
        within: Sequence[str] = (),
    ) -> Statement:
        contexts = (*self._within, *within)
        statement = Statement(code, tuple(operands), targets, gives, tuple(changes), contexts)
        self.steps.append(statement)
        return statement

    def _give(self, thing: object, name: str) -> Value:
        return self._know(thing, Value("", name=name))

    def _know(self, thing: object, value: Value, *, step: bool = False) -> Value:
        self._objects.append(thing)
        self._values[id(thing)] = value
        if step:
            self.steps.append(value)
        return value

    def _value(self, thing: object) -> Value:
        if (value := self._values.get(id(thing))) is not None:
            return value
        operands: list[Value] = []
        return Value(self._write(thing, operands), tuple(operands))

    def _write(self, value: Any, operands: list[Value]) -> str:
        """The code of an argument; what the check has made is written as ``$0``."""
        if id(value) in self._values and not isinstance(value, (bool, int, float, str, type(None))):
            operands.append(self._values[id(value)])
            return f"${len(operands) - 1}"
        if isinstance(value, Tensor):
            dtype = "" if value.dtype in (torch.float32, torch.int64) else f", dtype={value.dtype}"
            return f"torch.tensor({literal(value.tolist())}{dtype})"
        if isinstance(value, torch.Size):
            value = tuple(value)
        if isinstance(value, (tuple, list)):
            inner = ", ".join(self._write(part, operands) for part in value)
            if isinstance(value, list):
                return f"[{inner}]"
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        if isinstance(value, dict):
            parts = (f"{key!r}: {self._write(part, operands)}" for key, part in value.items())
            return f"{{{', '.join(parts)}}}"
        if isinstance(value, slice):
            ends = [
                "" if end is None else self._write(end, operands)
                for end in (value.start, value.stop)
            ]
            return ":".join(ends)
        return literal(value)

    # --- The script ---------------------------------------------------------------------------------

    def scripts(self, claim: Claim | None, found: str) -> Iterator[str]:
        """The script of the statements on which the claim depends, then that of all statements.

        Without a claim it is that what was done last does not raise; ``found`` says how it did.
        """
        if not self.steps:
            # What fails without them, such as a wrong call, has a script of its own.
            return
        objects = tuple(map(self._value, claim.objects)) if claim else ()
        needed = self._needed(objects if claim else self.steps[-1:])
        for steps in ([step for step in self.steps if step in needed], self.steps):
            code = written(steps, claim, objects, found)
            shown = [text for name, text in self.functions.items() if f"{name}(" in code]
            yield "\n".join([*self._modules(code), *self.imports, *shown, code])

    def _modules(self, code: str) -> list[str]:
        names = [name for name in MODULES if re.search(rf"\b{name}\.", code)]
        return [f"import {', '.join(names)}"] if names else []

    def _needed(self, wanted: Sequence[Step]) -> set[Step]:
        """The steps on which these depend, backwards."""
        needed = {step for one in wanted for step in closure(one)}
        for step in reversed(self.steps):
            if isinstance(step, Statement):
                changed = any(needed & _roots(value) for value in step.changes)
                if step is self.steps[0] or changed or not needed.isdisjoint(step.gives):
                    needed |= closure(step)
        return needed


def _roots(value: Value) -> set[Step]:
    """The value and all of which it may be a view."""
    return {value} | (_roots(value.operands[0]) if value.operands and value.view else set())
