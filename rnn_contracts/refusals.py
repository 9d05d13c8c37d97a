"""What must be refused: the wrong calls and constructions, and where it is safe to try them.

A wrong call is a line or two of Python that spoils the arguments of a right one; the same lines are
run and printed for a reader to paste. Some kill the interpreter on some torch, so each is tried in a
child process, which is used again until it dies or a wrong call does more than raise: what one that
was accepted did to its memory nobody knows.
"""

from __future__ import annotations

import collections
import contextlib
import faulthandler
import importlib
import itertools
import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from rnn_contracts import calls, checks, subjects
from rnn_contracts.calls import Case
from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.rules import RULES, shape_rule

REFUSALS = (ValueError, RuntimeError, TypeError)
SECONDS = 60
"""How long a call may take before it counts as one that hangs."""

types: collections.Counter[str] = collections.Counter()
"""The types of the refusals since the counter was last cleared: recorded, not required."""


@dataclass(frozen=True)
class Wrong:
    """One way to break a call or a construction that the rule says is refused.

    ``name`` is the rest of the test's id. ``spoil`` changes ``input``, ``h_0`` or ``c_0`` of a right
    call; ``arguments`` are what the layer is called with, if not those. ``layout`` is that of the
    right call; ``enforce_sorted`` speaks of a packed one. A construction has ``constructor``, the
    arguments as they are written, and the names of those that its class must take, ``takes``.
    """

    rule: str
    name: str
    kinds: tuple[str, ...]
    spoil: str = ""
    arguments: str = ""
    layout: str = ""
    enforce_sorted: bool | None = None
    constructor: str = ""
    takes: tuple[str, ...] = ()

    def attempt(self, case: Case) -> Attempt:
        """The right call of the case, and what is to be refused."""
        if self.constructor:
            return Attempt(case, "", "", "", f"{case.callee}({self.constructor})")
        other = "torch.float32" if case.dtype == "float64" else "torch.float64"
        time = int(case.layout == "batch first")
        spoil = self.spoil.format(other=other, time=time)
        right, wrong = case.call_arguments, self.arguments or case.call_arguments
        return Attempt(case, "\n".join(case.setup()), f"layer({right})", spoil, f"layer({wrong})")


@dataclass(frozen=True)
class Attempt:
    """Python, run in this order: ``setup``, ``right`` call, ``spoil``, ``wrong`` call, ``right``."""

    case: Case
    setup: str
    right: str
    spoil: str
    wrong: str

    def __str__(self) -> str:
        lines = [*self.case.imports, self.setup, self.spoil, f"print({self.wrong})"]
        return "\n".join(filter(None, lines))


# --- Wrong calls ---------------------------------------------------------------------------------

_STATES = (("h_0", LAYERS), ("c_0", ("LSTM",)))
_CELL_STATES = (("h_0", CELLS), ("c_0", ("LSTMCell",)))
_LAYOUTS = {
    "batched": ("batched", None),
    "unbatched": ("unbatched", None),
    "packed": ("packed", True),
    "packed_unsorted": ("packed", False),
}


def _input(
    rule: str, name: str, spoil: str, layouts: str = "batched unbatched packed"
) -> Iterator[Wrong]:
    """The wrong input to a layer, in several layouts; packed, it is the data that is spoiled."""
    for layout in layouts.split():
        line = f"input = {spoil}"
        if layout == "packed":
            line = f"input = input._replace(data={spoil.replace('input', 'input.data')})"
        yield Wrong(rule, f"{name}-{layout}", LAYERS, line, layout=layout)


def _cell_input(
    rule: str, name: str, spoil: str, layouts: str = "batched unbatched"
) -> Iterator[Wrong]:
    for layout in layouts.split():
        yield Wrong(rule, f"{name}-{layout}", CELLS, f"input = {spoil}", layout=layout)


def _state(
    rule: str, name: str, spoil: str, layouts: str, states: Any = _STATES
) -> Iterator[Wrong]:
    """The wrong h_0, and the wrong c_0, ``s`` in ``spoil``."""
    for (state, kinds), key in itertools.product(states, layouts.split()):
        layout, enforce_sorted = _LAYOUTS[key]
        line = f"{state} = {spoil.replace('s_0', state)}"
        yield Wrong(
            rule, f"{state}-{name}-{key}", kinds, line, layout=layout, enforce_sorted=enforce_sorted
        )


def _structure(name: str, kinds: tuple[str, ...], arguments: str) -> Iterator[Wrong]:
    for layout in (
        ("batched", "unbatched", "packed") if kinds[0] in LAYERS else ("batched", "unbatched")
    ):
        yield Wrong(
            "state-structure-refused", f"{name}-{layout}", kinds, arguments=arguments, layout=layout
        )


_ALL = "batched unbatched packed packed_unsorted"
_BATCHES = "batched packed packed_unsorted"
_EITHER = "batched unbatched"
_CALLS = (
    *_input("input-rank-refused", "one_axis", "input[..., 0, 0]", "batched"),
    *_input("input-rank-refused", "one_axis", "input[..., 0]", "unbatched packed"),
    *_input("input-rank-refused", "four_axes", "input[None]", "batched"),
    *_input("input-rank-refused", "four_axes", "input[None, None]", "unbatched packed"),
    *_cell_input("input-rank-refused", "no_axis", "input[..., 0]", "unbatched"),
    *_cell_input("input-rank-refused", "three_axes", "input[None]", "batched"),
    *_input("input-width-refused", "too_wide", "torch.cat([input, input], -1)"),
    *_input("input-width-refused", "too_narrow", "input[..., 1:]"),
    *_cell_input("input-width-refused", "too_wide", "torch.cat([input, input], -1)"),
    *_cell_input("input-width-refused", "too_narrow", "input[..., 1:]"),
    *_input("input-dtype-refused", "other_float", "input.to({other})"),
    *_input("input-dtype-refused", "integer", "input.long()"),
    *_cell_input("input-dtype-refused", "other_float", "input.to({other})"),
    *_cell_input("input-dtype-refused", "integer", "input.long()"),
    *_input("empty-sequence-refused", "no_step", "input.narrow({time}, 0, 0)", _EITHER),
    *_state("state-batch-refused", "too_many", "torch.cat([s_0, s_0[:, :1]], 1)", _BATCHES),
    *_state("state-batch-refused", "too_few", "s_0[:, 1:]", _BATCHES),
    *_state(
        "state-batch-refused", "too_many", "torch.cat([s_0, s_0[:1]])", "batched", _CELL_STATES
    ),
    *_state("state-batch-refused", "too_few", "s_0[1:]", "batched", _CELL_STATES),
    *_state("state-layers-refused", "too_many", "torch.cat([s_0, s_0[:1]])", _ALL),
    *_state("state-layers-refused", "too_few", "s_0[1:]", _ALL),
    *_state("state-width-refused", "too_wide", "torch.cat([s_0, s_0], -1)", _ALL),
    *_state("state-width-refused", "too_narrow", "s_0[..., 1:]", _ALL),
    *_state("state-width-refused", "too_wide", "torch.cat([s_0, s_0], -1)", _EITHER, _CELL_STATES),
    *_state("state-width-refused", "too_narrow", "s_0[..., 1:]", _EITHER, _CELL_STATES),
    *_state("state-rank-refused", "without_batch", "s_0[:, 0]", _BATCHES),
    *_state("state-rank-refused", "with_batch", "s_0[:, None]", "unbatched"),
    *_state("state-rank-refused", "one_more_axis", "s_0[None]", _BATCHES),
    *_state("state-rank-refused", "without_batch", "s_0[0]", "batched", _CELL_STATES),
    *_state("state-rank-refused", "with_batch", "s_0[None]", "unbatched", _CELL_STATES),
    *_state("state-rank-refused", "square", "s_0.expand(len(s_0), -1)", "unbatched", _CELL_STATES),
    *_state("state-rank-refused", "one_more_axis", "s_0[None]", "batched", _CELL_STATES),
    *_state("state-dtype-refused", "other_float", "s_0.to({other})", _ALL),
    *_state("state-dtype-refused", "integer", "s_0.long()", _ALL),
    *_state("state-dtype-refused", "other_float", "s_0.to({other})", _EITHER, _CELL_STATES),
    *_state("state-dtype-refused", "integer", "s_0.long()", _EITHER, _CELL_STATES),
    *_structure("two_tensors", ("RNN", "GRU"), "input, (h_0, h_0)"),
    *_structure("tuple_of_one", ("RNN", "GRU"), "input, (h_0,)"),
    *_structure("one_tensor", ("LSTM",), "input, h_0"),
    *_structure("tuple_of_one", ("LSTM",), "input, (h_0,)"),
    *_structure("three_tensors", ("LSTM",), "input, (h_0, c_0, c_0)"),
    *_structure("half_missing", ("LSTM",), "input, (h_0, None)"),
    *_structure("two_tensors", ("RNNCell", "GRUCell"), "input, (h_0, h_0)"),
    *_structure("one_tensor", ("LSTMCell",), "input, h_0"),
    *_structure("tuple_of_one", ("LSTMCell",), "input, (h_0,)"),
    *_structure("three_tensors", ("LSTMCell",), "input, (h_0, c_0, c_0)"),
)


# --- Wrong constructions -------------------------------------------------------------------------

# fmt: off
_ORDER: dict[str, dict[str, object]] = {
    "RNN": {"num_layers": 1, "nonlinearity": "tanh", "bias": True, "batch_first": False,
            "dropout": 0.0, "bidirectional": False},
    "GRU": {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0,
            "bidirectional": False, "proj_size": 0},
    "LSTM": {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0,
             "bidirectional": False, "proj_size": 0},
    "RNNCell": {"bias": True, "nonlinearity": "tanh"},
    "GRUCell": {"bias": True},
    "LSTMCell": {"bias": True},
}
# fmt: on
"""The arguments after input_size and hidden_size by position, with their defaults."""

_VALUES: dict[str, tuple[str, tuple[object, ...]]] = {
    "input_size": ("size-refused", (0, -1, 1.5, "3")),
    "hidden_size": ("size-refused", (0, -1, 1.5, "3")),
    "num_layers": ("size-refused", (0, -1, 1.5, "3")),
    "bias": ("flag-refused", (1, None)),
    "batch_first": ("flag-refused", (1, None)),
    "bidirectional": ("flag-refused", (1, None)),
    "nonlinearity": ("nonlinearity-refused", ("gelu", "Tanh")),
    "dropout": ("dropout-refused", (-0.1, 1.1, "0.5", True)),
}


def _constructions() -> Iterator[Wrong]:
    for kind, defaults in _ORDER.items():
        order: dict[str, object] = {"input_size": 3, "hidden_size": 4, **defaults}
        values = dict(_VALUES)
        if kind in LAYERS:
            # LSTM alone has it: 3 fits there, and is refused elsewhere.
            too_large = (-1, 4, 5) if kind == "LSTM" else (3,)
            values["proj_size"] = ("projection-refused", too_large)
        for argument, (rule, bad) in values.items():
            for value in bad if argument in order or argument == "proj_size" else ():
                yield from _construction(rule, kind, order, argument, value)


def _construction(
    rule: str, kind: str, order: dict[str, object], argument: str, value: object
) -> Iterator[Wrong]:
    given = ["3", "4"]
    if argument in ("input_size", "hidden_size"):
        given[argument == "hidden_size"] = repr(value)
        by_keyword = f"input_size={given[0]}, hidden_size={given[1]}"
        by_position = ", ".join(given)
    else:
        by_keyword = f"3, 4, {argument}={value!r}"
        names = list(order)
        before = names[2 : names.index(argument)] if argument in names else []
        by_position = ", ".join([*given, *(repr(order[name]) for name in before), repr(value)])
    name = f"{argument}={value}"
    yield Wrong(rule, f"{name}-keyword", (kind,), constructor=by_keyword, takes=(argument,))
    if argument in order:
        takes = tuple(order)[2 : list(order).index(argument) + 1]
        yield Wrong(rule, f"{name}-position", (kind,), constructor=by_position, takes=takes)


WRONG: tuple[Wrong, ...] = (*_CALLS, *_constructions())


# --- Trying them ---------------------------------------------------------------------------------


def check_refused(rule_id: str, case: Case, wrong: Wrong) -> None:
    """The call or construction raises a refusal, and leaves layer and arguments as they were."""
    __tracebackhide__ = True
    subject = calls.subject_of(case)
    if lacks := subjects.lacking(subject, wrong.takes):
        # No refusal is proved by it.
        found = f"the constructor does not take {', '.join(lacks)}"
        checks.violated("constructor-accepts", case, found, show="layer", call=False)
    subjects.require(subject, calls.options(case))
    attempt = wrong.attempt(case)
    checks.checked[rule_id] += 1
    outcome, found = _child(case.device).run(attempt)
    if outcome == "refused":
        types[found] += 1
        return
    harmless = outcome in ("raised", "not supported")
    # A construction does nothing, on meta there is no memory, and what is known has its own child.
    if not harmless and not (
        outcome == "accepted" and (wrong.constructor or case.device == "meta" or known)
    ):
        _discard(case.device)
    if outcome == "not supported":
        subjects.excuse(subject, NotImplementedError(found))
    if outcome in ("unusable", "not supported"):
        argument = shape_rule(case.layer, "h_0" if case.initial_state else "input").id
        checks.violated(argument, case, f"the right call raised {found}", show="result")
    described = attempt.wrong if wrong.constructor else case.describe()
    raise checks.ContractViolation(
        rule_id,
        f"{rule_id}\n"
        f"  {RULES[rule_id].says}\n"
        f"  {wrong.name}: {found}   expected ValueError, RuntimeError or TypeError\n"
        f"  {described}\n"
        f"  {checks.where()}\n"
        f"  torch {torch.__version__}   reproduce:\n"
        f"{attempt}\n"
        f"  see {RULES[rule_id].source}",
        died=outcome == "died",
    )


def dies(case: Case) -> bool:
    """Whether the call of the case, which is tried in a child process, ends that process or hangs."""
    call = f"torch.{case.grad_mode}()(layer)({case.call_arguments})"
    outcome, _ = _child(case.device).run(Attempt(case, "\n".join(case.setup()), "", "", call))
    _discard(case.device)
    return outcome == "died"


def run(attempt: Attempt) -> tuple[str, str]:
    """``refused`` and by what, ``accepted``, ``raised`` or ``broken`` and how, or ``unusable``."""
    case = attempt.case
    names: dict[str, Any] = {"torch": torch, "nn": torch.nn}
    if subject := calls.subject_of(case):
        names[case.callee] = subject.constructor
    # The lines are those of this module and of the case, never somebody else's.
    try:
        exec(attempt.setup, names)  # noqa: S102
        expected = eval(attempt.right, names) if attempt.right else None  # noqa: S307
    except Exception as error:
        if subjects.is_lack(error):
            return "not supported", str(error)
        return "unusable", f"{type(error).__name__}: {error}"
    spoiled = dict(names)
    exec(attempt.spoil, spoiled)  # noqa: S102
    before = {name: _copy(spoiled[name]) for name in ("input", "h_0", "c_0") if name in spoiled}
    try:
        result = eval(attempt.wrong, spoiled)  # noqa: S307
    except REFUSALS as error:
        refusal = type(error).__name__
    except BaseException as error:
        whole = not attempt.right or _same(expected, eval(attempt.right, names))  # noqa: S307
        return "raised" if whole else "broken", f"raised {type(error).__name__}: {error}"
    else:
        return "accepted", f"was accepted and gave {_described(result)}"
    for name, old in before.items():
        if not _same(old, spoiled[name]):
            return "broken", f"was refused with {refusal}, but {name} is no longer what it was"
    if attempt.right and not _same(expected, eval(attempt.right, names)):  # noqa: S307
        return "broken", f"was refused with {refusal}, but the right call now gives something else"
    return "refused", refusal


def _copy(value: Any) -> Any:
    if isinstance(value, PackedSequence):
        return value._replace(data=value.data.clone())
    return value.clone()


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, (tuple, list)):
        return len(one) == len(other) and all(map(_same, one, other))
    if not isinstance(one, Tensor):
        return True
    return one.shape == other.shape and (one.is_meta or torch.equal(one, other))


def _described(result: Any) -> str:
    if isinstance(result, PackedSequence):
        return f"a PackedSequence of {_described(result.data)}"
    if isinstance(result, tuple):
        return f"({', '.join(map(_described, result))})"
    if isinstance(result, torch.nn.Module):
        # The whole of it may take many lines.
        return f"a layer {type(result).__name__}"
    return f"a tensor {tuple(result.shape)}" if isinstance(result, Tensor) else repr(result)


class _Child:
    """A process that tries what may kill it, until it does."""

    def __init__(self, device: str, layers: object) -> None:
        self.layers = layers
        # A forked child sees the layers that stand in torch.nn now, at once. Accelerators do not
        # survive a fork, nor does the BLAS of macOS; Windows has none.
        forks = sys.platform not in ("darwin", "win32") and device in ("cpu", "meta")
        context: Any = multiprocessing.get_context("fork" if forks else "spawn")
        self.pipe, end = context.Pipe()
        self.process = context.Process(target=_serve, args=(end, forks), daemon=True)
        with warnings.catch_warnings():
            # Of the locks of other threads: the child takes none but those of torch.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.process.start()
        end.close()

    def run(self, attempt: Attempt) -> tuple[str, str]:
        try:
            self.pipe.send(attempt)
            if not self.pipe.poll(SECONDS):
                self.close()
                return "died", f"hung for {SECONDS} s"
            outcome, found = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            code = self.process.exitcode or 0
            death = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            return "died", f"killed the process ({death})"
        return str(outcome), str(found)

    def close(self) -> None:
        self.pipe.close()
        self.process.kill()
        self.process.join()


_children: dict[tuple[str, str], _Child] = {}
known = ""
"""``accepted`` if the calls to come are, as is known, ``undefined`` if they may do anything.

They are tried in a child of their own, which need not be ended after each.
"""


def _child(device: str) -> _Child:
    """The child for the device, forked anew if it died or other layers stand in torch.nn now."""
    layers = (subjects.known(), *(getattr(torch.nn, kind) for kind in LAYERS + CELLS))
    child = _children.get((device, known))
    if child is None or child.layers != layers or not child.process.is_alive():
        _discard(device)
        if device == "meta":
            # The first call there imports it, for more than a second: here, and not in each fork.
            importlib.import_module("torch._dynamo")
        child = _children[device, known] = _Child(device, layers)
    return child


def _discard(device: str) -> None:
    """End the process in which a call may have left its mark."""
    if child := _children.pop((device, known), None):
        child.close()


def close() -> None:
    """End the child processes."""
    while _children:
        _children.popitem()[1].close()


def _serve(pipe: Connection, forked: bool) -> None:
    faulthandler.disable()
    # A fork has none of its parent's threads, and would wait for them for ever.
    torch.set_num_threads(1)
    if forked:
        # Let go of all else that the parent has open: who listens to it must see it die.
        os.closerange(3, pipe.fileno())
        os.closerange(pipe.fileno() + 1, min(os.sysconf("SC_OPEN_MAX"), 2**16))
    with contextlib.suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            pipe.send(run(pipe.recv()))
