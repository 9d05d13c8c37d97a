"""A look at a subject before the run: a few calls that say what it takes and what it refuses."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rnn_contracts.checking.limits import CALLS
from rnn_contracts.checking.sandbox import Sandboxes
from rnn_contracts.checking.subjects import Subject
from rnn_contracts.contracts import layouts
from rnn_contracts.drawing.attempt import Attempt
from rnn_contracts.drawing.case import Case
from rnn_contracts.layer import ARGUMENTS, Layer

PLAIN = "a batch"
_QUIET = "import warnings; warnings.simplefilter('ignore')"
_LAYERS: Mapping[str, Mapping[str, Any]] = {
    "nonlinearity": {"nonlinearity": "relu"},
    "num_layers": {"num_layers": 2},
    "bias": {"bias": False},
    "batch_first": {"batch_first": True},
    "dropout": {"num_layers": 2, "dropout": 0.5},
    "bidirectional": {"bidirectional": True},
    "proj_size": {"proj_size": 2},
}


@dataclass(frozen=True)
class Look:
    """What a subject takes, how it refuses the rest, and what it says not to support.

    All by the name of the limit.
    """

    subject: Subject
    takes: tuple[str, ...]
    refuses: Mapping[str, str]
    unsupported: Mapping[str, str]
    differences: tuple[str, ...]

    def lines(self) -> list[str]:
        """The look as text, with the option that leaves out what is refused."""
        subject, declared = self.subject, self.subject.declared
        shown = [f"{subject}, which takes {', '.join(self.takes) or 'nothing that was tried'}"]
        shown += [f"  {line}" for line in self.differences]
        if subject.unknown:
            names = _joined(sorted(subject.unknown))
            shown.append(f"  not supported, since it has no such argument: {names}")
        for how in dict.fromkeys(self.unsupported.values()):
            shown.append(f"  not supported, as it says: {how}")
        refused = {name: how for name, how in self.refuses.items() if name not in declared}
        shown += [f"  refuses {name}: {how}" for name, how in refused.items()]
        if refused and PLAIN not in refused:
            shown.append(f"  to leave out what it refuses: --rnn-without={','.join(refused)}")
        if declared:
            shown.append(f"  left out, as --rnn-without says: {_joined(declared)}")
        if untrue := [name for name in declared if name in self.takes]:
            shown.append(f"  --rnn-without is not true of it: it takes {_joined(untrue)}")
        return shown


def look_at(subject: Subject) -> Look:
    """Try some calls of the subject in a child process."""
    sandboxes = Sandboxes()
    takes, refuses, unsupported = [], {}, {}
    try:
        for name, case in _cases(subject):
            setup = "\n".join([_QUIET, *case.setup()])
            call = f"layer({case.call_arguments})"
            outcome = sandboxes.run(Attempt(case, setup, call, "", call), subject)
            if outcome.what == "accepted":
                takes.append(name)
            elif outcome.what == "not supported":
                unsupported[name] = _first_line(outcome.how) or "NotImplementedError"
            else:
                raised = "raises " if outcome.what == "unusable" else ""
                refuses[name] = f"{raised}{_first_line(outcome.how)}"
            if name == PLAIN and not takes:
                # Where the plain call fails, the others tell nothing.
                break
    finally:
        sandboxes.close()
    return Look(subject, tuple(takes), refuses, unsupported, tuple(_differences(subject)))


def _cases(subject: Subject) -> Iterator[tuple[str, Case]]:
    kind = subject.kind
    plain = Case(Layer(kind, 3, 4), seed=1, subject=subject.name)
    yield PLAIN, plain
    for name, conditions in CALLS.items():
        # A dtype is an argument of the constructor.
        if "dtype" not in conditions or "dtype" not in subject.unknown:
            call: dict[str, Any] = {**conditions}
            yield name, replace(plain, lengths=(3, 2) if name == "packed" else (), **call)
    for name, options in _LAYERS.items():
        if name in ARGUMENTS[kind] and subject.unknown.isdisjoint(options):
            layer = Layer(kind, 3, 4, **options)
            yield name, replace(plain, layer=layer, layout=layouts(layer)[0])


def _differences(subject: Subject) -> Iterator[str]:
    """Where the arguments of the constructor stand in another order, or have other defaults."""
    try:
        parameters = inspect.signature(subject.constructor).parameters
    except (TypeError, ValueError):
        return
    documented = ARGUMENTS[subject.kind]
    by_position = [
        name
        for name, one in parameters.items()
        if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    taken = [name for name in by_position if name in documented]
    ordered = [name for name in documented if name in taken]
    if taken != ordered:
        yield f"the order of its arguments is {_joined(taken)}; torch's is {_joined(ordered)}"
    for name in taken:
        default = parameters[name].default
        if default is not inspect.Parameter.empty and default != documented[name]:
            yield f"{name} is {default!r} by default; torch's is {documented[name]!r}"


def _first_line(text: str) -> str:
    return text.splitlines()[0] if text else ""


def _joined(names: Any) -> str:
    return ", ".join(names)
