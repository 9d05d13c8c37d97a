"""Known deviations: where a torch release is known to break a rule, and why that is no news.

They are data, a TOML file of ``[[deviation]]`` tables with

rule       id of the rule
kinds      classes of ``torch.nn``; all if left out
variants   patterns (``fnmatch``) of what the test's id says between kind and device; all if left out
devices    patterns of the devices on which it was seen; all if left out
subject    pattern of the layers that have it, ``package.module:Name``; torch's own if left out
torch      the releases in which it was seen, a PEP 440 specifier
mended     the first release that is known not to have it; left out where there is none
when       what a call must be like, such as ``{dtype = "bfloat16"}``; ``CONDITIONS`` has what it may say
machine    what the machine must be like, such as ``{onednn_bfloat16 = false}``; ``machine.PROBES`` has
           what it may say
reason     one line
link       the upstream issue or pull request
measured   how it was seen, if there is no link
dies       true where the call kills the process
undefined  true where it may happen or not, as where torch reads memory that is not its own
limit      true where the layer cannot make the calls of ``when`` at all: no test draws them, the header
           of a run says so, no other entry speaks of them, and the tests of ``rule`` fail if such a
           call is accepted
quote      true where it is torch's documentation that deviates, and says it in other words

They are strict both ways. A violation that is not listed fails; a death is listed only by ``dies`` or
``undefined``. A test that an entry lists fails if nothing happens, unless what happens is undefined.
What a rule says of calls other than ``when`` is checked as ever. Where a call ``dies``, or is refused
though a rule accepts it, no other rule goes, and where a shape is wrong, no law.
Entries of torch's own layers excuse a subject that does the same, and do not require it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from fnmatch import fnmatchcase
from importlib.resources import files
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.machine import PROBES
from rnn_contracts.rules import ACCEPTING, Rule, rule

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CONDITIONS: dict[str, tuple[object, ...]] = {
    "projection": (True, False),
    "batch_first": (True, False),
    "num_layers": (1, 2, 3, 10),
    "bidirectional": (True, False),
    "dtype": ("float32", "float64", "bfloat16", "float16"),
    "layout": ("batched", "unbatched", "packed"),
    "N": (0, 1, 2, 3),
    "initial_state": (True, False),
    "bias": (True, False),
    "nonlinearity": ("tanh", "relu"),
    "dropout": (0.0, 0.5),
    "training": (True, False),
    "grad_mode": ("enable_grad", "no_grad", "inference_mode"),
    "enforce_sorted": (True, False),
    "equal_lengths": (True, False),
}
"""What ``when`` may speak of, and the values that it may have."""


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
    mended: str = ""
    when: Mapping[str, object] = field(default_factory=dict)
    machine: Mapping[str, bool] = field(default_factory=dict)
    link: str = ""
    measured: str = ""
    dies: bool = False
    undefined: bool = False
    limit: bool = False
    quote: bool = False
    origin: str = ""

    def blocks(self, other: Rule) -> Mapping[str, object] | None:
        """What the calls are like by which the other rule cannot be checked, if there are any.

        Calls that die, or are refused, are of use for no rule, results of a wrong shape for no law.
        """
        own = rule(self.rule)
        shapeless = own.family == "shape" and other.family == "law"
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
        if self.mended and release >= Version(self.mended):
            return False
        return release in SpecifierSet(self.torch)

    def concerns(self, kind: str, variant: str, device: str, subject: str = "") -> bool:
        """Whether it speaks of tests of that kind, variant and device, of torch or of a subject."""
        if self.subject and not (subject and fnmatchcase(subject, self.subject)):
            return False
        return kind in self.kinds and all(
            any(fnmatchcase(value, pattern) for pattern in patterns)
            for value, patterns in ((variant, self.variants), (device, self.devices))
        )

    def __str__(self) -> str:
        return f"{self.rule}: {self.reason}"


def _typed(values: tuple[object, ...]) -> list[tuple[type, object]]:
    # To Python, True is 1.
    return [(type(value), value) for value in values]


_ACCEPTS: dict[str, Callable[[object], bool]] = {
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "tuple[str, ...]": lambda value: (
        isinstance(value, list) and all(isinstance(part, str) for part in value)
    ),
    "Mapping[str, object]": lambda value: (
        isinstance(value, dict)
        and all((type(it), it) in _typed(CONDITIONS.get(name, ())) for name, it in value.items())
    ),
    "Mapping[str, bool]": lambda value: (
        isinstance(value, dict)
        and all(name in PROBES and isinstance(it, bool) for name, it in value.items())
    ),
}
_EXPECTED = {
    "str": "text",
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
    if tables.keys() != {"deviation"} or not isinstance(tables["deviation"], list):
        raise ValueError("expected nothing but [[deviation]] tables")
    return tuple(
        replace(_entry(number, table), origin=f"{file}, deviation {number}")
        for number, table in enumerate(tables["deviation"], 1)
    )


def _entry(number: int, table: object) -> Deviation:
    known = {argument.name: str(argument.type) for argument in fields(Deviation)[:-1]}
    if not isinstance(table, dict):
        raise ValueError(f"deviation {number}: expected a [[deviation]] table, got {table!r}")
    for name, value in table.items():
        if name not in known:
            raise ValueError(f"deviation {number}: no field {name!r}; known: {', '.join(known)}")
        if not _ACCEPTS[known[name]](value):
            expected = _EXPECTED[known[name]]
            raise ValueError(f"deviation {number}: {name}: expected {expected}, got {value!r}")
    for argument in fields(Deviation)[:-1]:
        needed = argument.default is MISSING and argument.default_factory is MISSING
        if needed and not table.get(argument.name):
            raise ValueError(f"deviation {number}: {argument.name} is missing")
    if not (table.get("link") or table.get("measured")):
        raise ValueError(f"deviation {number}: link or measured is missing")
    try:
        if rule(table["rule"]).family == "refusal" and table.get("when"):
            raise ValueError("when: a refusal is known by its variants")
        for kind in table.get("kinds", ()):
            if kind not in LAYERS + CELLS:
                raise ValueError(f"no kind {kind!r}; known: {', '.join(LAYERS + CELLS)}")
        if table.get("dies") and not table.get("when"):
            raise ValueError("dies: say when")
        if table.get("limit") and not (table.get("when") and table["rule"] in ACCEPTING):
            raise ValueError(
                f"limit: say when, and one of the rules {', '.join(sorted(ACCEPTING))}"
            )
        others = {
            "variants",
            "devices",
            "when",
            "machine",
            "dies",
            "undefined",
            "limit",
        }.intersection(table)
        if table.get("quote") and others:
            raise ValueError(f"quote: documentation has no {', '.join(sorted(others))}")
        SpecifierSet(table["torch"])
        Version(table.get("mended") or "0")
    except (ValueError, InvalidSpecifier, InvalidVersion) as error:
        raise ValueError(f"deviation {number}: {error}") from None
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in table.items()
    }
    return Deviation(**values)


def known() -> tuple[Deviation, ...]:
    """The deviations that come with the package."""
    return parse((files("rnn_contracts") / "deviations.toml").read_text("utf-8"))
