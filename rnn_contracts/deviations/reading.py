"""Reads known deviations from a TOML file that anybody may have written."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from rnn_contracts.deviations.deviation import Deviation
from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.machine import PROBES
from rnn_contracts.rules import ACCEPTING, rule
from rnn_contracts.variations import CONDITIONS, OF_HELPERS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def _is_condition(name: str, value: object) -> bool:
    # Compare the types too, since True == 1.
    accepted = CONDITIONS.get(name, ())
    return any(type(value) is type(other) and value == other for other in accepted)


_ACCEPTS: dict[str, Callable[[object], bool]] = {
    # What is printed as one line is one, and has no colours.
    "str": lambda value: isinstance(value, str) and value.isprintable(),
    "bool": lambda value: isinstance(value, bool),
    "tuple[str, ...]": lambda value: (
        isinstance(value, list) and all(isinstance(part, str) for part in value)
    ),
    "Mapping[str, object]": lambda value: (
        isinstance(value, dict)
        and all(_is_condition(name, condition) for name, condition in value.items())
    ),
    "Mapping[str, bool]": lambda value: (
        isinstance(value, dict)
        and all(name in PROBES and isinstance(truth, bool) for name, truth in value.items())
    ),
}
_EXPECTED = {
    "str": "text in one line",
    "bool": "true or false",
    "tuple[str, ...]": "a list of texts",
    "Mapping[str, object]": "a table of "
    + ", ".join(f"{name} {values}" for name, values in CONDITIONS.items()),
    "Mapping[str, bool]": f"a table of true or false for {', '.join(PROBES)}",
}


def parse(text: str, file: str = "deviations.toml") -> tuple[Deviation, ...]:
    """The entries of a file; ``ValueError`` names the entry and the field that is wrong."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"not a TOML file: {error}") from None
    except RecursionError:
        raise ValueError("not a TOML file: nested too deeply") from None
    if tables.keys() != {"deviation"} or not isinstance(tables["deviation"], list):
        raise ValueError("expected nothing but [[deviation]] tables")
    return tuple(
        _entry(table, number, f"{file}, deviation {number}")
        for number, table in enumerate(tables["deviation"], 1)
    )


def _entry(table: object, number: int, origin: str) -> Deviation:
    try:
        if not isinstance(table, dict):
            raise ValueError(f"expected a [[deviation]] table, got {_short(table)}")
        _check_fields(table)
        _check_meaning(table)
    except (ValueError, InvalidSpecifier, InvalidVersion) as error:
        raise ValueError(f"deviation {number}: {error}") from None
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in table.items()
    }
    return Deviation(**values, origin=origin)


def _check_fields(table: dict[str, object]) -> None:
    """Each field is known, has a value of its type, and none that is needed is missing."""
    arguments = fields(Deviation)[:-1]
    known = {argument.name: str(argument.type) for argument in arguments}
    for name, value in table.items():
        if name not in known:
            raise ValueError(f"no field {_short(name)}; known: {', '.join(known)}")
        if not _ACCEPTS[known[name]](value):
            raise ValueError(f"{name}: expected {_EXPECTED[known[name]]}, got {_short(value)}")
    for argument in arguments:
        needed = argument.default is MISSING and argument.default_factory is MISSING
        if needed and not table.get(argument.name):
            raise ValueError(f"{argument.name} is missing")
    if not (table.get("link") or table.get("measured")):
        raise ValueError("link or measured is missing")


def _check_meaning(table: dict[str, Any]) -> None:
    """The fields speak of things that there are, and fit together."""
    if rule(table["rule"]).family == "refusal" and table.get("when"):
        raise ValueError("when: a refusal is known by its variants")
    unfit = {*table.get("when", ())} - {*OF_HELPERS} | {*table} & {"kinds", "subject"}
    if unfit and not rule(table["rule"]).layers:
        raise ValueError(f"the helpers of packing have no {', '.join(sorted(unfit))}")
    for kind in table.get("kinds", ()):
        if kind not in LAYERS + CELLS:
            raise ValueError(f"no kind {_short(kind)}; known: {', '.join(LAYERS + CELLS)}")
    if table.get("dies") and not table.get("when"):
        raise ValueError("dies: say when")
    if table.get("limit") and not (table.get("when") and table["rule"] in ACCEPTING):
        raise ValueError(f"limit: say when, and one of the rules {', '.join(sorted(ACCEPTING))}")
    if table.get("unmeasured") and not table.get("link"):
        raise ValueError("unmeasured: say where it is read, with link")
    if table.get("quote"):
        allowed = {
            "rule",
            "kinds",
            "subject",
            "torch",
            "fixed",
            "reason",
            "link",
            "measured",
            "quote",
        }
        if others := table.keys() - allowed:
            raise ValueError(f"quote: documentation has no {', '.join(sorted(others))}")
    SpecifierSet(table["torch"])
    Version(table.get("fixed") or "0")


def _short(value: object) -> str:
    """The value in one line that is not too long."""
    try:
        text = repr(value)
    except RecursionError:
        text = "a value that is nested too deeply"
    return text if len(text) <= 80 else f"{text[:77]}..."
