"""The parameters of a layer by the names that the documentation gives them."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn


def documented_name(module: nn.Module, name: str) -> str:
    """The documented name of a parameter, as the attribute ``documented_names`` of the layer says.

    A layer that has no such attribute names its parameters as torch does.
    """
    names: Mapping[str, str] = getattr(module, "documented_names", {})
    return names.get(name, name)


def by_documented_name(module: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters; one whose documented name is unknown, or taken already, keeps its own name."""
    parameters: dict[str, nn.Parameter] = {}
    for name, parameter in module.named_parameters():
        known = documented_name(module, name)
        parameters[name if known in parameters else known] = parameter
    return parameters
