"""Gradients of what a call gave, by its arguments and by the parameters of the layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from rnn_contracts.checking.trial import Trial


def differentiate(trial: Trial) -> list[str]:
    """Ask for gradients of input and state; name them and the parameters."""
    for tensor in (trial.input, *trial.state):
        tensor.requires_grad_()
    names = [f"{name}.grad" for name in ("input", "h_0", "c_0")[: 1 + len(trial.state)]]
    return names + [f"layer.{name}.grad" for name, _ in trial.layer.named_parameters()]


def loss_of(trial: Trial, results: Mapping[str, Tensor], *, linear: bool = True) -> Tensor:
    """A combination of all results, the same for the same shapes; one number in float64.

    The gradient that comes in is differentiated again only where the loss is not linear.
    """
    loss: Any = None
    for result in results.values():
        # Other weights for every number, and the same in every run.
        weights = torch.arange(1.0, result.numel() + 1).cos().double()
        numbers = trial.on_cpu(result).double().flatten()
        term = (numbers if linear else numbers + numbers.square()) @ weights
        loss = term if loss is None else loss + term
    total: Tensor = loss
    return total


def wanted(trial: Trial) -> list[Tensor]:
    """Input, states and parameters, in the order of the names that ``differentiate`` gives."""
    given = (trial.input, *trial.state)
    names = "".join(f"${i + 1}, " for i in range(len(given)))
    found: list[Tensor] = trial.do(f"[{names}*$0.parameters()]", trial.layer, *given, name="wanted")
    return found


def gradients(
    trial: Trial, results: Mapping[str, Tensor], *, create_graph: bool = False
) -> tuple[Tensor, ...]:
    """The gradients of ``loss_of`` the results, which is not linear if they are differentiated."""
    loss, parts = loss_of(trial, results, linear=not create_graph), wanted(trial)
    options = "create_graph=True, " if create_graph else ""
    with trial.must_not_raise("the backward pass"):
        code = f"torch.autograd.grad($0, $1, {options}allow_unused=True)"
        found = trial.do(code, loss, parts, name="gradients")
    zeros = "[torch.zeros_like(a) if b is None else b for a, b in zip($0, $1)]"
    return tuple(trial.do(zeros, parts, found, name="gradients"))
