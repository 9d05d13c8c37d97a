"""Known deviations: where a torch release is known to break a rule, and why that is no news.

They are data, in ``deviations.toml``: a list of ``[[deviation]]`` tables with

rule      id of the rule
kinds     classes of ``torch.nn``; all if left out
variants  patterns (``fnmatch``) of what the test's id says between kind and device; all if left out
devices   devices on which it was seen; all if left out
torch     the releases in which it was seen, a PEP 440 specifier
reason    one line
link      the upstream issue; left out where there is none
undefined true where torch reads memory that is not its own, so that anything may happen

They are strict both ways: a violation that is not listed fails, and so does an entry that is listed
and does not happen, unless what happens is undefined.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from importlib.resources import files

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from rnn_contracts.contracts import rule

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Deviation:
    """One entry of the file; see the module for its fields."""

    rule: str
    torch: str
    reason: str
    kinds: tuple[str, ...] = ("*",)
    variants: tuple[str, ...] = ("*",)
    devices: tuple[str, ...] = ("*",)
    link: str = ""
    undefined: bool = False

    def happens_on(self, version: str) -> bool:
        """Whether it was seen in that torch."""
        # A local build (+cpu) and a nightly belong to the release that they are made from.
        return Version(Version(version).base_version) in SpecifierSet(self.torch)

    def covers(self, rule_id: str, kind: str, variant: str, device: str) -> bool:
        """Whether a test of that rule, kind, variant and device deviates."""
        return (
            self.rule == rule_id
            and any(fnmatchcase(kind, pattern) for pattern in self.kinds)
            and any(fnmatchcase(variant, pattern) for pattern in self.variants)
            and any(fnmatchcase(device, pattern) for pattern in self.devices)
        )


_ACCEPTS: dict[str, Callable[[object], bool]] = {
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "tuple[str, ...]": lambda value: (
        isinstance(value, list) and all(isinstance(part, str) for part in value)
    ),
}


def parse(text: str) -> tuple[Deviation, ...]:
    """The entries of a file; ``ValueError`` names the entry and the field that is wrong."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"not a TOML file: {error}") from None
    if tables.keys() != {"deviation"} or not isinstance(tables["deviation"], list):
        raise ValueError("expected nothing but [[deviation]] tables")
    return tuple(_entry(number, table) for number, table in enumerate(tables["deviation"], 1))


def _entry(number: int, table: dict[str, object]) -> Deviation:
    known = {field.name: str(field.type) for field in fields(Deviation)}
    for name, value in table.items():
        if name not in known:
            raise ValueError(f"deviation {number}: no field {name!r}; known: {', '.join(known)}")
        if not _ACCEPTS[known[name]](value):
            raise ValueError(f"deviation {number}: {name}: expected {known[name]}, got {value!r}")
    for name in ("rule", "torch", "reason"):
        if name not in table:
            raise ValueError(f"deviation {number}: {name} is missing")
    try:
        rule(str(table["rule"]))
        SpecifierSet(str(table["torch"]))
    except (ValueError, InvalidSpecifier) as error:
        raise ValueError(f"deviation {number}: {error}") from None
    return Deviation(
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in table.items()
        }  # type: ignore[arg-type]
    )


def known() -> tuple[Deviation, ...]:
    """The deviations that come with the package."""
    return parse((files("rnn_contracts") / "deviations.toml").read_text("utf-8"))
