"""Layers that accept what must be refused, or refuse it in another way."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable
from typing import Any

import torch

from broken_layers.alter import (
    BROKEN,
    Broken,
    altered_build,
    altered_call,
    breaks_build,
    breaks_call,
)
from rnn_contracts.checking.sandbox import REFUSALS
from rnn_contracts.drawing.wrong_calls import WRONG_CALLS
from rnn_contracts.rules import RULES

CALLS = {wrong.rule for wrong in WRONG_CALLS if not wrong.constructor and RULES[wrong.rule].layers}
CONSTRUCTIONS = {wrong.rule for wrong in WRONG_CALLS if wrong.constructor}


def accepts(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    try:
        return forward(input, hx)
    except REFUSALS:
        return torch.zeros(1)


def asserts(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    try:
        return forward(input, hx)
    except REFUSALS as error:
        raise AssertionError(str(error)) from error


def built_all_the_same(layer: Any, init: Any, **arguments: Any) -> None:
    try:
        init(**arguments)
    except REFUSALS:
        init.func(3, 4)


def asserts_when_built(layer: Any, init: Any, **arguments: Any) -> None:
    try:
        init(**arguments)
    except REFUSALS as error:
        raise AssertionError(str(error)) from error


def enter(rules: set[str], change: Callable[..., Any], alter: Callable[..., Any]) -> None:
    BROKEN.extend(Broken(rule, change.__name__, alter(change)) for rule in RULES if rule in rules)


enter(CALLS, accepts, altered_call)
enter(CALLS, asserts, altered_call)
enter(CONSTRUCTIONS, built_all_the_same, altered_build)
enter(CONSTRUCTIONS, asserts_when_built, altered_build)


@breaks_call("state-width-refused")
def dies_of_a_wrong_state(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    try:
        return forward(input, hx)
    except REFUSALS:
        os.kill(os.getpid(), signal.SIGSEGV)


@breaks_call("input-width-refused")
def spoils_the_input_before_it_refuses(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    try:
        return forward(input, hx)
    except REFUSALS:
        getattr(input, "data", input).zero_()
        raise


@breaks_call("input-dtype-refused")
def does_not_work_after_a_refusal(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    try:
        return forward(input, hx)
    except REFUSALS:
        with torch.no_grad():
            next(layer.parameters()).add_(1)
        raise


@breaks_call("state-dtype-refused")
def accepts_another_dtype_in_bfloat16(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    dtype = next(layer.parameters()).dtype
    if dtype is torch.bfloat16 and hx is not None:
        hx = tuple(part.to(dtype) for part in hx) if isinstance(hx, tuple) else hx.to(dtype)
    return forward(input, hx)


@breaks_call("empty-sequence-refused")
def accepts_an_empty_sequence_batch_first(layer: Any, forward: Any, input: Any, hx: Any) -> Any:
    if layer.batch_first and not input.numel():
        return torch.zeros(1)
    return forward(input, hx)


@breaks_build("dropout-of-one-layer-warned")
def dropout_without_effect_passed_over(layer: Any, init: Any, **arguments: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        init(**arguments)


@breaks_build("dropout-of-one-layer-warned")
def dropout_warned_of_in_a_stack(layer: Any, init: Any, **arguments: Any) -> None:
    init(**arguments)
    if layer.num_layers == 10 and layer.dropout:
        warnings.warn("dropout", UserWarning, stacklevel=2)
