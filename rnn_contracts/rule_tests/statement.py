"""What a test function of the suite states: the rule of its name, and where the rule is checked."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.strategies import Fixed
from rnn_contracts.rules import Rule, rule
from rnn_contracts.variations import GridPoint

Function = Callable[..., None]
Decorator = Callable[[Function], Function]

_POINT = {field.name for field in fields(GridPoint)} - {"kind"}
_FIXED = {field.name for field in fields(Fixed)}


@dataclass(frozen=True)
class Statement:
    """The statement of a test function.

    ``rule`` is None for a function that is run on every wrong call of the table, of which each has a
    rule of its own. ``point`` narrows the grid, and ``fixed`` what is drawn. ``needs`` are the arguments
    of the constructor without which there is nothing to check. ``change`` makes of each case that is
    drawn the one that is checked. ``on_trial`` tells that the function takes a trial, not a check.
    """

    function: Function
    rule: Rule | None
    point: Mapping[str, object]
    fixed: Fixed
    needs: tuple[str, ...]
    change: Callable[[Case], Case] | None
    on_trial: bool


def rule_test(
    *,
    needs: tuple[str, ...] = (),
    change: Callable[[Case], Case] | None = None,
    **options: Any,
) -> Decorator:
    """Make a function the test of the rule whose name it has: ``test_output_shape``.

    ``options`` narrow the grid (a field of ``GridPoint``) or the draw (a field of ``Fixed``).
    ``Statement`` tells what ``needs`` and ``change`` are. The function takes ``check`` or ``trial``.
    ``ValueError`` if there is no such rule or option.
    """
    for name in options:
        if name not in _POINT | _FIXED:
            known = ", ".join(sorted(_POINT | _FIXED))
            raise ValueError(f"no such field or argument: {name}; known: {known}")
    point = {name: value for name, value in options.items() if name in _POINT}
    fixed = Fixed(**{name: value for name, value in options.items() if name in _FIXED})

    def decorate(function: Function) -> Function:
        named = rule(function.__name__.removeprefix("test_").replace("_", "-"))
        on_trial = "trial" in inspect.signature(function).parameters
        return _stating(Statement(function, named, point, fixed, needs, change, on_trial))

    return decorate


def wrong_calls(function: Function) -> Function:
    """Make a function, which takes ``check`` and ``wrong``, a test of every wrong call."""
    return _stating(Statement(function, None, {}, Fixed(), (), None, on_trial=False))


def _stating(statement: Statement) -> Function:
    vars(statement.function)["statement"] = statement
    return statement.function


def statement_of(function: object) -> Statement | None:
    """The statement of the function, if it has one."""
    statement = getattr(function, "statement", None)
    return statement if isinstance(statement, Statement) else None
