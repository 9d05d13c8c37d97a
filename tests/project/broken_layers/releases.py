"""Layers that do not load what a release has saved, or compute other numbers with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from broken_layers.alter import BROKEN, Alter, Broken, in_place_of

STATE_DICT = "state-dict-crosses-releases"
PICKLED = "pickled-layer-loads-in-later-releases"


def altered_loading(change: Callable[..., None]) -> Alter:
    """``change(layer, state_dict, load)`` in place of ``load(state_dict)``, which loads a state_dict."""

    def alter(base: type[Any]) -> type[nn.Module]:
        class Altered(base):  # type: ignore[misc]
            def _load_from_state_dict(self, state_dict: Any, prefix: str, *more: Any) -> None:
                def load(changed: Any) -> None:
                    super(Altered, self)._load_from_state_dict(changed, prefix, *more)

                change(self, dict(state_dict), load)

        return in_place_of(base, Altered)

    return alter


def altered_unpickling(change: Callable[..., None]) -> Alter:
    """``change(layer, state, restore)`` in place of ``restore(state)``, with what a pickle has."""

    def alter(base: type[Any]) -> type[nn.Module]:
        class Altered(base):  # type: ignore[misc]
            def __setstate__(self, state: Any) -> None:
                change(self, dict(state), super().__setstate__)

        return in_place_of(base, Altered)

    return alter


def breaks(rule: str) -> Callable[[Alter], None]:
    """Enter a function that makes the altered class into ``BROKEN``."""
    return lambda alter: BROKEN.append(Broken(rule, alter.__name__, alter))


def breaks_loading(change: Callable[..., None]) -> None:
    BROKEN.append(Broken(STATE_DICT, change.__name__, altered_loading(change)))


def breaks_unpickling(change: Callable[..., None]) -> None:
    BROKEN.append(Broken(PICKLED, change.__name__, altered_unpickling(change)))


# --- State_dicts ---------------------------------------------------------------------------------


@breaks_loading
def weights_of_another_name_when_bidirectional(layer: Any, state_dict: Any, load: Any) -> None:
    if "weight_hh_l0_reverse" in state_dict:
        state_dict["weight_hh_l0_backward"] = state_dict.pop("weight_hh_l0_reverse")
    load(state_dict)


@breaks_loading
def gates_of_a_gru_without_bias_in_another_order(layer: Any, state_dict: Any, load: Any) -> None:
    if "GRU" in type(layer).__name__ and not layer.bias:
        for name, weight in state_dict.items():
            reset, update, new = weight.chunk(3)
            state_dict[name] = torch.cat([update, reset, new])
    load(state_dict)


@breaks_loading
def biases_not_loaded_in_float64(layer: Any, state_dict: Any, load: Any) -> None:
    for name, parameter in layer.named_parameters():
        if name.startswith("bias_ih") and parameter.dtype == torch.float64:
            state_dict[name] = parameter.detach()
    load(state_dict)


@breaks_loading
def second_layer_of_a_projection_not_loaded(layer: Any, state_dict: Any, load: Any) -> None:
    for name, parameter in layer.named_parameters():
        if name == "weight_hr_l1":
            state_dict[name] = parameter.detach()
    load(state_dict)


@breaks(STATE_DICT)
def old_state_dicts_converted_wrongly(base: type[Any]) -> type[nn.Module]:
    """What this layer saves it loads as it should, and what was saved before it changed it does not."""

    class Altered(base):  # type: ignore[misc]
        _version = 2

        def _load_from_state_dict(
            self, state_dict: Any, prefix: str, metadata: Any, *more: Any
        ) -> None:
            if (metadata.get("version") or 1) < 2:
                state_dict = {name: part.flip(0) for name, part in state_dict.items()}
            super()._load_from_state_dict(state_dict, prefix, metadata, *more)

    return in_place_of(base, Altered)


# --- Pickled layers ------------------------------------------------------------------------------


@breaks_unpickling
def flat_weights_not_filled_in(layer: Any, state: Any, restore: Any) -> None:
    """As in pytorch/pytorch#53359, of layers that do not have them in what is pickled."""
    state.pop("_flat_weights", None)
    vars(layer).update(state)


@breaks_unpickling
def projection_forgotten(layer: Any, state: Any, restore: Any) -> None:
    if "proj_size" in state:
        state["proj_size"] = 0
    restore(state)


@breaks_unpickling
def relu_unpickled_as_tanh(layer: Any, state: Any, restore: Any) -> None:
    if state.get("mode") == "RNN_RELU":
        state["mode"] = "RNN_TANH"
    if state.get("nonlinearity") == "relu" and "mode" not in state:
        state["nonlinearity"] = "tanh"
    restore(state)


@breaks_unpickling
def batch_first_forgotten_by_a_bidirectional_gru(layer: Any, state: Any, restore: Any) -> None:
    if state.get("mode") == "GRU" and state["bidirectional"]:
        state["batch_first"] = False
    restore(state)


@breaks(PICKLED)
def attribute_that_is_new_not_filled_in(base: type[Any]) -> type[nn.Module]:
    """What this layer pickles has it, and what was pickled before it had one has not."""

    class Altered(base):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.scale = 1.0

        def forward(self, input: Any, hx: Any = None) -> Any:
            return super().forward(input, hx) if self.scale else None

    return in_place_of(base, Altered)
