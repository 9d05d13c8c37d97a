"""One known deviation, and what it is about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from fnmatch import fnmatchcase

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from rnn_contracts.helpers import PACKING
from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.rules import ACCEPTING, Rule, rule


@dataclass(frozen=True)
class Deviation:
    """One entry of the file; see the module for its fields. ``origin`` tells where it stands."""

    rule: str
    torch: str
    reason: str
    kinds: tuple[str, ...] = LAYERS + CELLS
    variants: tuple[str, ...] = ("*",)
    devices: tuple[str, ...] = ("*",)
    subject: str = ""
    fixed: str = ""
    when: Mapping[str, object] = field(default_factory=dict)
    machine: Mapping[str, bool] = field(default_factory=dict)
    link: str = ""
    measured: str = ""
    dies: bool = False
    undefined: bool = False
    unmeasured: bool = False
    limit: bool = False
    quote: bool = False
    origin: str = ""

    def makes_uncheckable(self, other: Rule) -> Mapping[str, object] | None:
        """What the calls are like by which the other rule cannot be checked, if there are any.

        Calls that die, or are refused, are of use for no rule, results of a wrong shape for none that
        compares results.
        """
        own = rule(self.rule)
        shapeless = own.family == "shape" and other.family in ("law", "parameter")
        if own.id == other.id or not (self.dies or own.id in ACCEPTING or shapeless):
            return None
        # What the rule speaks of.
        when = {"N": 0} if own.id == "empty-batch-allowed" else {}
        if {"h_0", "c_0"} & {*own.tensors}:
            when = {"initial_state": True}
        return {**when, **self.when}

    def happens_on(self, version: str, machine: Mapping[str, str]) -> bool:
        """Whether it was seen in that torch, on machines with the same facts."""
        if any(machine.get(name) != str(value).lower() for name, value in self.machine.items()):
            return False
        # A local build (+cpu) and a nightly belong to the release that they are made from.
        release = Version(Version(version).base_version)
        if self.fixed and release >= Version(self.fixed):
            return False
        return release in SpecifierSet(self.torch)

    def concerns(
        self, kind: str, variant: str, device: str, subject: str = "", backend: str = ""
    ) -> bool:
        """Whether it speaks of tests of that kind, variant and device, of torch or of a subject.

        ``backend`` is whose kernels compute on the device; see ``devices.backend``.
        """
        if self.subject and not (subject and fnmatchcase(subject, self.subject)):
            return False
        return (
            kind in (self.kinds if rule(self.rule).layers else (PACKING,))
            and _fits(self.variants, variant)
            and _fits(self.devices, device, backend)
        )

    def as_toml(self) -> list[str]:
        """The lines of the entry in a file."""
        lines = ["[[deviation]]"]
        for argument in fields(self)[:-1]:
            value = getattr(self, argument.name)
            factory = argument.default_factory
            default = argument.default if factory is MISSING else factory()
            if value != default:
                lines.append(f"{argument.name} = {_toml(value)}")
        return lines

    def __str__(self) -> str:
        return f"{self.rule}: {self.reason}"


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name} = {_toml(part)}' for name, part in value.items())}}}"
    # Texts, numbers, truth and lists are written alike in JSON.
    return json.dumps(value, ensure_ascii=False)


def _fits(patterns: tuple[str, ...], *names: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns for name in names)
