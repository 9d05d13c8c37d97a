"""How torch's layers are altered, and the list of those that break a rule."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from rnn_contracts.rules import RULES

Alter = Callable[[Any], Any]
"""Makes the altered class, or function, out of torch's."""


@dataclass(frozen=True)
class Broken:
    """The rule that a layer breaks, and how it comes to break it.

    ``helper`` is the function of ``torch.nn.utils.rnn`` that breaks it in the place of a layer.
    """

    rule: str
    name: str
    alter: Alter
    helper: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """What the ids of the tests of its rule say first."""
        return RULES[self.rule].kinds

    def put_in_place(self, patch: pytest.MonkeyPatch) -> None:
        """Let it stand in ``torch.nn``: the function, or all classes of which the rule speaks."""
        place: Any = nn.utils.rnn if self.helper else nn
        for name in (self.helper,) if self.helper else self.kinds:
            patch.setattr(place, name, self.alter(getattr(place, name)))


BROKEN: list[Broken] = []


def in_place_of(base: type[Any], altered: type[Any]) -> type[nn.Module]:
    """Give the class the name under which it will stand in ``torch.nn``, where pickle looks for it."""
    altered.__name__ = altered.__qualname__ = base.__name__
    altered.__module__ = "torch.nn"
    return altered


def altered_call(change: Callable[..., Any]) -> Alter:
    """``change(layer, forward, input, hx)`` in place of ``forward(input, hx)``."""

    def alter(base: type[Any]) -> type[nn.Module]:
        class Altered(base):  # type: ignore[misc]
            def forward(self, input: Any, hx: Any = None) -> Any:
                return change(self, super().forward, input, hx)

        return in_place_of(base, Altered)

    return alter


def altered_build(change: Callable[..., Any]) -> Alter:
    """``change(layer, init, **arguments)`` in place of ``init(**arguments)``."""

    def alter(base: type[Any]) -> type[nn.Module]:
        class Altered(base):  # type: ignore[misc]
            def __init__(
                self, input_size: Any, hidden_size: Any, *more: Any, **arguments: Any
            ) -> None:
                init = functools.partial(super().__init__, input_size, hidden_size, *more)
                change(self, init, **arguments)

        return in_place_of(base, Altered)

    return alter


def breaks_call(rule: str) -> Callable[[Callable[..., Any]], None]:
    """Enter a function into ``BROKEN`` as an altered call."""
    return lambda change: BROKEN.append(Broken(rule, change.__name__, altered_call(change)))


def breaks_build(rule: str) -> Callable[[Callable[..., Any]], None]:
    """Enter a function into ``BROKEN`` as an altered constructor."""
    return lambda change: BROKEN.append(Broken(rule, change.__name__, altered_build(change)))


def weights_of(layer: Any) -> dict[str, Tensor]:
    """What torch computes with, by the documented names, parametrized or not."""
    names = getattr(layer, "_flat_weights_names", ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    weights = {name: getattr(layer, name) for name in names}
    return {name: weight for name, weight in weights.items() if weight is not None}


def computed_with(layer: Any, weights: Mapping[str, Tensor], input: Any, hx: Any) -> Any:
    """What torch's own layer gives, with these weights in the place of the layer's."""
    own = next(it for it in type(layer).__mro__ if it.__module__ == "torch.nn.modules.rnn")
    # A layer that is parametrized refuses to be copied; one that is pruned has plain attributes.
    plain: Any = object.__new__(own)
    vars(plain).update(vars(layer))
    vars(plain)["_parameters"] = {**dict.fromkeys(layer._parameters), **weights}
    for name in weights:
        vars(plain).pop(name, None)
    if hasattr(plain, "_flat_weights"):
        plain._flat_weights = [*weights.values()]
    return plain.forward(input, hx)


def altered_helper(change: Callable[..., Any]) -> Alter:
    """``change(helper, *arguments, **options)`` in place of ``helper(*arguments, **options)``."""

    def alter(helper: Any) -> Any:
        @functools.wraps(helper)
        def altered(*arguments: Any, **options: Any) -> Any:
            return change(helper, *arguments, **options)

        return altered

    return alter


def breaks_helper(rule: str, helper: str) -> Callable[[Callable[..., Any]], None]:
    """Enter a function into ``BROKEN`` as an altered helper of packing."""
    return lambda change: BROKEN.append(
        Broken(rule, change.__name__, altered_helper(change), helper)
    )


def packed(input: Any) -> bool:
    return isinstance(input, PackedSequence)


def unbatched(input: Any) -> bool:
    return not packed(input) and input.dim() == 2


def batch_size(layer: Any, input: Any) -> int:
    if packed(input):
        return int(input.batch_sizes[0])
    return 1 if unbatched(input) else int(input.shape[0 if layer.batch_first else 1])


def change_output(output: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Change the tensor, or the data of a PackedSequence."""
    return output._replace(data=change(output.data)) if packed(output) else change(output)


def change_hidden(state: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Change h_n, alone or in a tuple with c_n."""
    return (change(state[0]), *state[1:]) if isinstance(state, tuple) else change(state)
