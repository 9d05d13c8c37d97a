"""One layer called several times: what the laws, which compare calls, are written in.

A trial speaks of every layout alike: its input is (L, N, H_in), ``output`` is (L, N, D*H_out), zero
past the length of a sequence, and states are (D*num_layers, N, H). It packs, transposes and drops
axes as the case demands, where it meets the layer. A cell is a layer that takes one step; it has no
``output``, and its states are (N, H).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_packed_sequence

from rnn_contracts.checking import calls, equations, results
from rnn_contracts.checking.check import Check
from rnn_contracts.checking.parameters import documented_name
from rnn_contracts.checking.run import Run
from rnn_contracts.checking.subjects import Subject
from rnn_contracts.drawing.case import Case
from rnn_contracts.layer import CELLS
from rnn_contracts.rules import Rule

ROUNDING = 16
"""How many units of rounding two ways to the same number may differ by.

A unit is the ``eps`` of the dtype, times the largest number in the tensor where that is above 1.
Each step rounds a few sums, and gates shrink what came before: the worst of 1,500 random layers of
up to 10 layers and 35 steps was 6 units, and the worst of 4,000 single layers of each large size that
is drawn was 9. A wrong number is off by thousands.
"""

Results = Mapping[str, Tensor]


class Trial(Check):
    """A check that has the layer of its case, its input (L, N, H_in) and its state.

    The state is a tuple of (D*num_layers, N, H).
    """

    def __init__(self, rule: Rule, case: Case, run: Run, subject: Subject | None = None) -> None:
        super().__init__(rule, case, run, subject)
        self.layer = self.build()
        input, state = calls.arguments(case, run.recorder)
        self._taken = input
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
        code: str = calls.PLAIN,
        more: Sequence[object] = (),
        any_shape: bool = False,
    ) -> dict[str, Tensor]:
        """Call the layer, with its own input and state unless others are given.

        ``code`` tells how, with ``more`` objects, if it is not the plain call; see ``calls.call``.
        ``case`` makes the same call in another layout, mode or length. A law is about values: a
        shape that is wrong breaks the rule of that shape, unless the law allows ``any_shape`` here.
        """
        __tracebackhide__ = True
        input = self.input if input is None else input
        case = case or self.case
        L, N = input.shape[:2]
        if not case.lengths and (case.L, case.N) != (L, N):
            case = replace(case, L=L, N=N)
        input, state = self.arguments(input, state, case=case)
        # A layer that is passed in, such as a copy, exists because of this law alone.
        lawful = layer is not None or code != calls.PLAIN
        layer = self.layer if layer is None else layer
        observation = self.call_layer(
            case, layer, input, state, code=code, more=more, lawful=lawful
        )
        take = results.named_tensors if any_shape else results.shaped_tensors
        found = take(observation)
        if "output" in found:
            output = found["output"]
            # On meta a packed output stays packed, since its lengths are numbers.
            if case.lengths and not output.is_meta and case.device != "meta":
                with self.run.recorder.paused():
                    output = pad_packed_sequence(observation.result[0])[0]
                self.run.recorder.padded(observation.result[0], output)
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
        input = self.input if input is None else input
        as_drawn = input is self.input and case.layout == self.case.layout
        # A view that wants a gradient is another tensor than what it is a view of.
        as_drawn &= input is self._taken or not input.requires_grad
        taken = self._taken if as_drawn else _as_taken(case, input)
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
        parameters = {
            name: self.on_cpu(value).to(dtype) for name, value in self.parameters().items()
        }
        is_cell = self.case.layer.kind in CELLS
        given = map(self.on_cpu, self.state)
        state = tuple((part[None] if is_cell else part).to(dtype) for part in given)
        results = equations.run(
            self.case.layer,
            parameters,
            self.on_cpu(self.input).to(dtype),
            state,
            self.case.lengths,
            self.run.recorder,
        )
        if is_cell:
            del results["output"]
            results = {name.replace("_n", "_1"): part[0] for name, part in results.items()}
        return results

    def with_same_weights(self, case: Case) -> nn.Module:
        """Another layer with the same weights, built for ``case``."""
        layer = self.build(case)
        with self.must_not_raise("load_state_dict"):
            self.do("$0.load_state_dict($1.state_dict())", layer, self.layer, changes=1)
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
        self.parameters()
        theirs = f"_l{k}{'_reverse' * (direction == 1)}"
        if hasattr(self.layer, "documented_names"):
            loading = f"$0.load_state_dict({self._weights_of(theirs, module)})"
        elif theirs == "_l0":
            loading = "$0.load_state_dict($1.state_dict(), strict=False)"
        else:
            both = f'("{theirs}", "{theirs}_reverse")'
            one = f"name.endswith({both})" if direction is None else f'name.endswith("{theirs}")'
            weights = f'{{name.replace("{theirs}", "_l0"): part'
            weights += f" for name, part in $1.named_parameters() if {one}}}"
            loading = f"$0.load_state_dict({weights})"
        with self.must_not_raise("load_state_dict"):
            self.do(loading, module, self.layer, changes=1)
        return module, case

    def _weights_of(self, suffix: str, module: nn.Module) -> str:
        """The state_dict of ``module``, a layer by itself, as code: the weights with the suffix."""
        own = {documented_name(self.layer, name): name for name, _ in self.layer.named_parameters()}
        weights = ", ".join(
            f"{name!r}: $1.get_parameter({own[known.replace('_l0', suffix)]!r})"
            for name, _ in module.named_parameters()
            if (known := documented_name(module, name)).replace("_l0", suffix) in own
        )
        return f"{{{weights}}}"

    def assert_all_close(
        self, found: Results, expected: Results, *, names: Iterable[str] = (), units: int = 0
    ) -> None:
        """Hold results against those that they must equal: bit for bit, or within ``units``."""
        __tracebackhide__ = True
        for name in names or expected:
            self.assert_close(name, found[name], expected[name], units=units)


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
