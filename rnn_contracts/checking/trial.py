"""One layer called several times: what the laws, which compare calls, are written in.

A trial speaks of every layout alike: its input is (L, N, H_in), ``output`` is (L, N, D*H_out), zero
past the length of a sequence, and states are (D*num_layers, N, H). It packs, transposes and drops
axes as the case demands, where it meets the layer. A cell is a layer that takes one step; it has no
``output``, and its states are (N, H).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NoReturn

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_packed_sequence

from rnn_contracts.checking import calls, equations, results
from rnn_contracts.checking.check import Check
from rnn_contracts.checking.run import Run
from rnn_contracts.checking.subjects import Subject
from rnn_contracts.checking.violation import ContractViolation
from rnn_contracts.drawing.case import Case
from rnn_contracts.layer import CELLS
from rnn_contracts.rules import Rule

ROUNDING = 16
"""How many units of rounding two ways to the same number may differ by.

A unit is the ``eps`` of the dtype, times the largest number in the tensor where that is above 1.
Each step rounds a few sums, and gates shrink what came before: the worst of 1,500 random layers of
up to 10 layers and 35 steps was 6 units. A wrong number is off by thousands.
"""

Results = Mapping[str, Tensor]


class Trial(Check):
    """A check that has the layer of its case, its input (L, N, H_in) and its state.

    The state is a tuple of (D*num_layers, N, H).
    """

    def __init__(self, rule: Rule, case: Case, run: Run, subject: Subject | None = None) -> None:
        super().__init__(rule, case, run, subject)
        self.layer = self.build()
        input, state = calls.arguments(case)
        self.input = _sequence_first(case, input)
        self.state = tuple(_batched(case, tensor) for tensor in state)

    @property
    def lengths(self) -> tuple[int, ...]:
        """The length of every sequence, packed or not."""
        return self.case.lengths or (len(self.input),) * self.input.shape[1]

    def call(
        self,
        input: Tensor | None = None,
        state: tuple[Tensor, ...] | None = None,
        *,
        layer: nn.Module | None = None,
        case: Case | None = None,
        any_shape: bool = False,
    ) -> dict[str, Tensor]:
        """Call the layer, with its own input and state unless others are given.

        ``case`` makes the same call in another layout, mode or length. A law is about values: a
        shape that is wrong breaks the rule of that shape, unless the law allows ``any_shape`` here.
        """
        __tracebackhide__ = True
        input = self.input if input is None else input
        case = case or self.case
        if not case.lengths:
            case = replace(case, L=len(input), N=input.shape[1])
        input, state = self.arguments(input, state, case=case)
        # A layer that is passed in, such as a copy, exists because of this law alone.
        lawful, layer = layer is not None, layer or self.layer
        observation = self.call_layer(case, layer, input, state, lawful=lawful)
        take = results.named_tensors if any_shape else results.shaped_tensors
        found = take(observation)
        if "output" in found:
            output = found["output"]
            # On meta a packed output stays packed, since its lengths are numbers.
            if case.lengths and not output.is_meta:
                output = pad_packed_sequence(observation.result[0])[0]
            found["output"] = _sequence_first(case, output)
        states = found.keys() - {"output"}
        return found | {name: _batched(case, found[name]) for name in states}

    def arguments(
        self,
        input: Tensor | None = None,
        state: tuple[Tensor, ...] | None = None,
        *,
        case: Case | None = None,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Input, not yet packed, and state as the layer takes them."""
        case = case or self.case
        state = self.state if state is None else state
        taken = _as_taken(case, self.input if input is None else input)
        return taken, tuple(_as_passed(case, part) for part in state)

    def full_state(self, value: float) -> tuple[Tensor, ...]:
        """An initial state that is ``value`` throughout, drawn or not."""
        case = self.case
        shapes = replace(case, initial_state=True).state_shapes.values()
        dtype = getattr(torch, case.dtype)
        parts = (torch.full(shape, value, device=case.device, dtype=dtype) for shape in shapes)
        return tuple(_batched(case, part) for part in parts)

    def expected_by_equations(self, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
        """What the step equations give, computed in ``dtype``."""
        parameters = {name: value.to(dtype) for name, value in self.parameters().items()}
        is_cell = self.case.layer.kind in CELLS
        state = tuple((part[None] if is_cell else part).to(dtype) for part in self.state)
        results = equations.run(
            self.case.layer, parameters, self.input.to(dtype), state, self.case.lengths
        )
        if is_cell:
            del results["output"]
            results = {name.replace("_n", "_1"): part[0] for name, part in results.items()}
        return results

    def with_same_weights(self, case: Case) -> nn.Module:
        """Another layer with the same weights, built for ``case``."""
        layer = self.build(case)
        with self.must_not_raise("load_state_dict"):
            layer.load_state_dict(self.layer.state_dict())
        return layer

    def parameters(self) -> dict[str, nn.Parameter]:
        """The parameters, which must have the names of the contract."""
        __tracebackhide__ = True
        return self.named_parameters(self.layer)

    def single_layer(self, k: int, direction: int | None = None) -> tuple[nn.Module, Case]:
        """Layer ``k`` of the stack by itself, or one direction of it, with the same weights.

        The case is that of a call of it: sequence first, or packed as this one.
        """
        layer = self.case.layer
        D, H_out = layer.axes["D"], layer.axes["H_out"]
        alone = replace(
            layer,
            input_size=layer.input_size if k == 0 else D * H_out,
            num_layers=1,
            dropout=0.0,
            batch_first=False,
            bidirectional=layer.bidirectional and direction is None,
        )
        layout = "packed" if self.case.lengths else "sequence first"
        case = replace(self.case, layer=alone, layout=layout)
        module = self.build(case)
        weights = self.parameters()
        suffixes = ("", "_reverse") if direction is None else (("", "_reverse")[direction],)
        with self.must_not_raise("load_state_dict"):
            module.load_state_dict(
                {
                    name.replace(
                        f"_l{k}{suffix}", f"_l0{suffix if direction is None else ''}"
                    ): value
                    for suffix in suffixes[:D]
                    for name, value in weights.items()
                    if name.endswith(f"_l{k}{suffix}")
                }
            )
        return module, case

    def assert_all_close(
        self, found: Results, expected: Results, *, names: Iterable[str] = (), units: int = 0
    ) -> None:
        """Hold results against those that they must equal: bit for bit, or within ``units``."""
        __tracebackhide__ = True
        for name in names or expected:
            self.assert_close(name, found[name], expected[name], units=units)

    def assert_close(self, name: str, found: Tensor, expected: Tensor, *, units: int = 0) -> None:
        """Hold one tensor against what it must equal; ``name`` is printed, and in the snippet."""
        __tracebackhide__ = True
        if tuple(found.shape) != tuple(expected.shape):
            self.comparisons += 1
            self.fail_at(name, f"shape {tuple(found.shape)}   expected {tuple(expected.shape)}")
        if not found.numel():
            return
        self.comparisons += 1
        if not units and torch.equal(found, expected):
            return
        found, wanted = found.detach().double(), expected.detach().double()
        scale = max(1.0, float(wanted.abs().max()))
        allowed = units * torch.finfo(getattr(torch, self.case.dtype)).eps * scale
        differences = (found - wanted).abs()
        wrong = ~(differences <= allowed)
        if not bool(wrong.any()):
            return
        first = tuple(int(i) for i in wrong.nonzero()[0])
        self.fail_at(
            name,
            f"{int(wrong.sum())} of {wrong.numel()} numbers differ, by up to "
            f"{float(differences.max()):.2g} (allowed {allowed:.2g})\n"
            f"  the first at {list(first)}: {float(found[first]):.6g}   "
            f"expected {float(wanted[first]):.6g}",
        )

    @contextlib.contextmanager
    def must_not_raise(self, what: str, name: str = "layer") -> Iterator[None]:
        """Whatever is done with layer or results by this rule must not raise."""
        __tracebackhide__ = True
        try:
            yield
        except ContractViolation:
            raise
        except Exception as error:
            self.fail_at(name, f"{what} raised {type(error).__name__}: {error}")

    def assert_that(self, condition: object, name: str, found: str) -> None:
        """Hold anything else that the rule says; ``found`` is what is there if it is not so."""
        __tracebackhide__ = True
        self.comparisons += 1
        if not condition:
            self.fail_at(name, found)

    def fail_at(self, name: str, found: str) -> NoReturn:
        """Raise the violation, with a snippet that prints ``name``."""
        __tracebackhide__ = True
        built = name.startswith("layer")
        self.fail(f"{name}: {found}", show=name, call=not built)


def called(function: Callable[..., object], layer: nn.Module) -> nn.Module:
    """A module that calls the function, in the place of a layer."""

    class Called(nn.Module):
        def forward(self, *arguments: object) -> object:
            return function(*arguments)

    return Called().train(layer.training)


def _sequence_first(case: Case, tensor: Tensor) -> Tensor:
    """(L, N, H) of an input or output as the layer takes or gives it."""
    if case.layer.kind in CELLS:
        return _batched(case, tensor)[None]
    if case.layout == "unbatched":
        return tensor[:, None]
    return tensor.transpose(0, 1) if case.layout == "batch first" else tensor


def _as_taken(case: Case, input: Tensor) -> Tensor:
    """The input as the layer takes it, before it is packed, of (L, N, H_in)."""
    if case.layer.kind in CELLS:
        return _as_passed(case, input[0])
    if case.layout == "unbatched":
        return input[:, 0]
    return input.transpose(0, 1) if case.layout == "batch first" else input


def _batched(case: Case, state: Tensor) -> Tensor:
    return state.unsqueeze(-2) if case.layout == "unbatched" else state


def _as_passed(case: Case, state: Tensor) -> Tensor:
    return state.squeeze(-2) if case.layout == "unbatched" else state
