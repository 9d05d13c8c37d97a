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
    """The parameters; one of which the documentation knows nothing keeps its own name."""
    return {documented_name(module, name): part for name, part in module.named_parameters()}
