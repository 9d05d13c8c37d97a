"""What a test function of the suite states: the rule of its name, and where the rule is checked."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from rnn_contracts.drawing.strategies import ANYTHING, Draw
from rnn_contracts.rules import Rule, rule

Function = Callable[..., None]
Decorator = Callable[[Function], Function]

TAKEN = ("check", "trial", "packing")
"""What the test of a rule takes one of."""

_OPTIONS = {field.name for field in fields(Draw)} - {"domain", "seed"}


@dataclass(frozen=True)
class Statement:
    """The statement of a test function.

    ``rule`` is None for a function that is run on every wrong call of the table, of which each has a
    rule of its own. ``drawn`` is what is drawn: the domain of the rule. ``needs`` are the arguments of
    the constructor without which there is nothing to check. ``takes`` is the argument of the function:
    a check, a trial or, of the helpers of packing, a packing.
    """

    function: Function
    rule: Rule | None
    drawn: Draw
    needs: tuple[str, ...]
    takes: str


def rule_test(*, needs: tuple[str, ...] = (), **options: Any) -> Decorator:
    """Make a function the test of the rule whose name it has: ``test_output_shape``.

    It is run on the whole domain of the rule. ``options``, fields of ``Draw``, leave out calls that
    cost too much or of which the rule says nothing. ``Statement`` tells what ``needs`` are. The
    function takes one of ``TAKEN``. ``ValueError`` if there is no such rule or option.
    """
    for name in options:
        if name not in _OPTIONS:
            raise ValueError(f"no such option: {name}; known: {', '.join(sorted(_OPTIONS))}")

    def decorate(function: Function) -> Function:
        named = rule(function.__name__.removeprefix("test_").replace("_", "-"))
        taken = inspect.signature(function).parameters
        takes = next((name for name in TAKEN if name in taken), "check")
        drawn = Draw(named.domain, **options)
        return _stating(Statement(function, named, drawn, needs, takes))

    return decorate


def wrong_calls(function: Function) -> Function:
    """Make a function, which takes ``check`` and ``wrong``, a test of every wrong call."""
    return _stating(Statement(function, None, ANYTHING, (), "check"))


def _stating(statement: Statement) -> Function:
    vars(statement.function)["statement"] = statement
    return statement.function


def statement_of(function: object) -> Statement | None:
    """The statement of the function, if it has one."""
    statement = getattr(function, "statement", None)
    return statement if isinstance(statement, Statement) else None
