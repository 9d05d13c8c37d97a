"""Layers that break a rule of the parameters."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from broken_layers.alter import breaks_build


def replace_parameters(layer: nn.Module, stem: str, change: Callable[[Tensor], Tensor]) -> None:
    """Put ``change(parameter)`` in the place of each parameter whose name starts with ``stem``."""
    for name, parameter in list(layer.named_parameters()):
        if name.startswith(stem):
            setattr(layer, name, nn.Parameter(change(parameter.detach())))


@breaks_build("constructor-accepts")
def constructor_wants_bias(layer: Any, init: Any, bias: bool = True, **arguments: Any) -> None:
    if not bias:
        raise ValueError("bias=False is not supported")
    init(**arguments)


@breaks_build("constructor-accepts")
def constructor_wants_float32_when_narrow(layer: Any, init: Any, **arguments: Any) -> None:
    if arguments.get("dtype") is torch.float16 and init.args[1] == 1:
        raise RuntimeError("'uniform' not implemented for 'Half'")
    init(**arguments)


@breaks_build("parameter-names")
def parameters_with_a_scale(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    layer.scale = nn.Parameter(next(layer.parameters()).new_ones(()))


@breaks_build("parameter-names")
def bias_kept_though_declined(layer: Any, init: Any, bias: bool = True, **arguments: Any) -> None:
    init(**arguments)


@breaks_build("parameter-names")
def backward_weights_lost_in_layer_9(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    if hasattr(layer, "weight_ih_l9_reverse"):
        del layer.weight_ih_l9_reverse


@breaks_build("weight-ih-shape")
def weight_ih_transposed(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    replace_parameters(layer, "weight_ih", lambda weight: weight.T)


@breaks_build("weight-ih-shape")
def weight_ih_of_layer_1_for_one_direction(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    replace_parameters(layer, "weight_ih_l1", lambda weight: weight[:, : layer.hidden_size])


@breaks_build("weight-hh-shape")
def weight_hh_transposed(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    replace_parameters(layer, "weight_hh", lambda weight: weight.T)


@breaks_build("weight-hh-shape")
def weight_hh_ignores_the_projection(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    if arguments.get("proj_size"):
        replace_parameters(
            layer, "weight_hh", lambda weight: weight.new_zeros(len(weight), layer.hidden_size)
        )


@breaks_build("bias-shape")
def bias_gets_an_axis(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    replace_parameters(layer, "bias_hh", lambda bias: bias[None])


@breaks_build("bias-shape")
def bias_of_layer_9_for_one_gate(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    replace_parameters(layer, "bias_ih_l9", lambda bias: bias[:1])


@breaks_build("weight-hr-shape")
def weight_hr_transposed(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    replace_parameters(layer, "weight_hr", lambda weight: weight.T)


@breaks_build("weight-hr-shape")
def weight_hr_of_the_backward_direction_square(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    replace_parameters(
        layer, "weight_hr_l0_reverse", lambda weight: weight.new_zeros(weight.shape[-1:] * 2)
    )


@breaks_build("parameters-initialised")
def parameters_start_at_zero(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    replace_parameters(layer, "weight_ih", torch.zeros_like)


@breaks_build("parameters-initialised")
def parameters_start_far_out_when_deep(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    replace_parameters(layer, "weight_ih_l9", lambda weight: 3 * weight)


@breaks_build("parameters-train")
def bias_frozen(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    for name, parameter in layer.named_parameters():
        parameter.requires_grad_("bias" not in name)


@breaks_build("parameters-train")
def reduced_precision_frozen(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    layer.requires_grad_(arguments.get("dtype") is not torch.bfloat16)


@breaks_build("device-and-dtype-honoured")
def dtype_ignored(layer: Any, init: Any, dtype: Any = None, **arguments: Any) -> None:
    init(**arguments)


@breaks_build("device-and-dtype-honoured")
def meta_ignored_by_biases(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    replace_parameters(layer, "bias", lambda bias: torch.zeros(bias.shape, dtype=bias.dtype))


@breaks_build("constructor-arguments")
def bias_defaults_to_false_by_position(layer: Any, init: Any, **arguments: Any) -> None:
    # Whoever gives all arguments by position gives bias too.
    if len(init.args) > 2:
        arguments["bias"] = False
        init = functools.partial(init.func, *init.args[:2])
    init(**arguments)


@breaks_build("constructor-arguments")
def neighbours_of_bias_change_places(layer: Any, init: Any, **arguments: Any) -> None:
    values = [*init.args]
    if len(values) > 6:
        values[4], values[3] = values[3], values[4]
    init.func(*values, **arguments)


@breaks_build("true-input-size-accepted")
def bool_input_size_refused(layer: Any, init: Any, **arguments: Any) -> None:
    if init.args[0] is True:
        raise TypeError("input_size should be of type int, got: bool")
    init(**arguments)


@breaks_build("true-input-size-accepted")
def bool_input_size_doubled_without_bias(
    layer: Any, init: Any, bias: bool = True, **arguments: Any
) -> None:
    size = 2 if init.args[0] is True and not bias else init.args[0]
    init.func(size, *init.args[1:], bias=bias, **arguments)
