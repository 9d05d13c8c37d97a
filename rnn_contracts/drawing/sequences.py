"""A batch of sequences for the helpers of packing: plain data, which also writes itself as code."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from rnn_contracts.devices import dtypes
from rnn_contracts.drawing.choices import CHOICES, Choices
from rnn_contracts.drawing.strategies import ANYTHING, Draw
from rnn_contracts.rules.domain import values_of
from rnn_contracts.variations import GridPoint

INTEGER = "int64"
"""Of tokens, which are packed as numbers are."""


@dataclass(frozen=True)
class Sequences:
    """A batch of sequences, and the options with which the helpers are called.

    A sequence is (length, *trailing); ``lengths`` are in the order of the caller, of at least 1. ``T``
    are the steps of a padded batch that is made by hand, at least the longest length. ``total_length``
    is None, or that to which ``pad_packed_sequence`` pads. ``lengths_in_tensor`` tells that the
    lengths are given as a tensor, not as a list. ``seed`` determines every random number.
    """

    lengths: tuple[int, ...]
    T: int
    trailing: tuple[int, ...] = ()
    device: str = "cpu"
    dtype: str = "float32"
    seed: int = 1
    batch_first: bool = False
    enforce_sorted: bool = True
    padding_value: float = 0
    total_length: int | None = None
    lengths_in_tensor: bool = False

    @property
    def number(self) -> int:
        """The number of sequences."""
        return len(self.lengths)

    @property
    def longest(self) -> int:
        """The greatest of the lengths."""
        return max(self.lengths)

    @property
    def batch_sizes(self) -> list[int]:
        """How many sequences go on, at each step."""
        return [sum(length > t for length in self.lengths) for t in range(self.longest)]

    def padded_shape(self, T: int) -> tuple[int, ...]:
        """The shape of the batch, padded to T steps."""
        return (*((self.number, T) if self.batch_first else (T, self.number)), *self.trailing)

    @property
    def size(self) -> tuple[int, ...]:
        """How large it is."""
        return (self.number, self.T, len(self.trailing), *self.trailing)

    def matches(self, conditions: Mapping[str, object]) -> bool:
        """Whether it meets these conditions: those of a domain, or of a known deviation."""
        return all(
            self.condition(name) in (allowed if isinstance(allowed, tuple) else (allowed,))
            for name, allowed in conditions.items()
        )

    def condition(self, name: str) -> object:
        """The value that it has for a condition; see ``rnn_contracts.rules.domain``."""
        derived = {
            "equal_lengths": len({*self.lengths}) < 2,
            "N": self.number,
            "device": self.device.partition(":")[0],
        }
        return {**vars(self), **derived}[name]

    def describe(self, *, call: bool = True) -> str:
        """The sequences, and the options that are not torch's defaults, in one line."""
        options = [self.device, self.dtype]
        if self.longest < self.T:
            options.append(f"padded to {self.T} steps")
        options += ["batch_first"] * self.batch_first
        options += ["lengths in a tensor"] * self.lengths_in_tensor
        if not self.enforce_sorted:
            options.append("enforce_sorted=False")
        if self.padding_value:
            options.append(f"padding_value={self.padding_value}")
        if self.total_length is not None:
            options.append(f"total_length={self.total_length}")
        each = f" of {self.trailing} a step" if self.trailing else ""
        return f"sequences of lengths {list(self.lengths)}{each}   {', '.join(options)}"

    # --- As code ---------------------------------------------------------------------------------

    @property
    def callee(self) -> str:
        """Where what is called stands."""
        return "nn.utils.rnn"

    @property
    def imports(self) -> list[str]:
        """Python that imports what the rest of the code names."""
        return ["import torch; from torch import nn"]

    @property
    def list_code(self) -> str:
        """What draws the list of sequences."""
        numbers = self._numbers("length", *map(str, self.trailing))
        return f"[{numbers} for length in {list(self.lengths)}]"

    @property
    def padded_code(self) -> str:
        """What draws a padded batch, which has numbers past the ends too."""
        return self._numbers(*map(str, self.padded_shape(self.T)))

    @property
    def lengths_code(self) -> str:
        """What makes the lengths as they are given."""
        lengths = list(self.lengths)
        return f"torch.tensor({lengths})" if self.lengths_in_tensor else f"{lengths}"

    @property
    def first(self) -> str:
        """``batch_first`` as an argument, after others."""
        return ", batch_first=True" if self.batch_first else ""

    @property
    def sorting(self) -> str:
        """``enforce_sorted`` as an argument, after others."""
        return "" if self.enforce_sorted else ", enforce_sorted=False"

    @property
    def padding(self) -> str:
        """``padding_value`` as an argument, after others."""
        value = f'float("{self.padding_value}")' if abs(self.padding_value) > 99 else None
        return f", padding_value={value or self.padding_value}" if self.padding_value else ""

    @property
    def total(self) -> str:
        """``total_length`` as an argument, after others."""
        return "" if self.total_length is None else f", total_length={self.total_length}"

    def setup(self) -> dict[str, str]:
        """The code of all that the helpers are given, by its name."""
        return {
            "sequences": self.list_code,
            "padded": self.padded_code,
            "lengths": self.lengths_code,
        }

    def calling(self) -> str:
        """Python that calls all helpers."""
        calls = [
            f"packed = nn.utils.rnn.pack_padded_sequence(padded, lengths{self.first}{self.sorting})",
            f"nn.utils.rnn.pad_packed_sequence(packed{self.first}{self.padding}{self.total})",
            f"packed = nn.utils.rnn.pack_sequence(sequences{self.sorting})",
            "nn.utils.rnn.unpack_sequence(packed)",
            f"nn.utils.rnn.pad_sequence(sequences{self.first}{self.padding})",
            f"nn.utils.rnn.unpad_sequence(padded, torch.tensor({list(self.lengths)}){self.first})",
        ]
        given = [f"{name} = {code}" for name, code in self.setup().items()]
        return "\n".join([*self.imports, f"torch.manual_seed({self.seed})", *given, *calls])

    def _numbers(self, *shape: str) -> str:
        sizes = ", ".join(shape)
        integer = self.dtype == INTEGER
        code = f"torch.randint(1, 100, ({sizes},))" if integer else f"torch.randn({sizes})"
        # Draw float32 on the CPU, so that a case has the same numbers on every device.
        targets = [f'"{self.device}"'] if self.device != "cpu" else []
        if self.dtype not in ("float32", INTEGER):
            targets.append(f"torch.{self.dtype}")
        return f"{code}.to({', '.join(targets)})" if targets else code


_SHAPES: tuple[tuple[int, ...], ...] = ((), (3,), (1,), (2, 5))
"""Trailing axes: none, as of tokens, those of features, and two."""


@st.composite
def batches(draw: st.DrawFn, point: GridPoint, device: str, drawn: Draw = ANYTHING) -> Sequences:
    """Sequences in the layout of the grid point, on the device, and options.

    One number chooses all of it. Hypothesis repeats parts of what it drew before, so that of many
    options, each drawn by itself, most would not meet in the few examples of a test.
    """
    return batch_of(draw(CHOICES), point, device, drawn)


def batch_of(choices: Choices, point: GridPoint, device: str, drawn: Draw = ANYTHING) -> Sequences:
    """The batch that the seed of the choices makes of what may be drawn."""
    if drawn.seed is not None:
        # A deviation that is pinned is shown in a small batch whose axes differ.
        return _batch(None, drawn.seed, point, device, drawn)
    return _batch(random.Random(choices.seed), choices.seed, point, device, drawn)  # noqa: S311


def _batch(
    chance: random.Random | None, seed: int, point: GridPoint, device: str, drawn: Draw
) -> Sequences:
    """The batch of a number; without chance the simplest that the draw allows."""

    def choose(condition: str, *values: Any) -> Any:
        allowed = values_of(drawn.domain, condition)
        chosen = [value for value in values if value in allowed] if allowed else values
        return chance.choice(chosen) if chance else chosen[0]

    dtype = choose("dtype", *dtypes(device), INTEGER)
    lengths = _lengths(chance) if chance else _few_lengths(drawn)
    enforce_sorted = choose("enforce_sorted", True, False)
    if enforce_sorted:
        lengths = tuple(sorted(lengths, reverse=True))
    more = choose("total_length", None, None, 0, 1, 3)
    value = choose("padding_value", 0, -2, *(() if dtype == INTEGER else (2.5, float("-inf"))))
    return Sequences(
        lengths,
        max(lengths) + choose("T", 0, 0, 0, 1, 4),
        choose("trailing", *_SHAPES),
        device,
        dtype,
        seed,
        point.batch_first,
        enforce_sorted,
        padding_value=value,
        total_length=None if more is None else max(lengths) + more,
        lengths_in_tensor=choose("lengths_in_tensor", False, True),
    )


def _few_lengths(drawn: Draw) -> tuple[int, ...]:
    """As many as the draw asks for, and equal if it does."""
    (number,) = values_of(drawn.domain, "N") or (2,)
    lengths = (4, 3, 2)[:number]
    return (4,) * len(lengths) if drawn.given.get("equal_lengths") else lengths


def _lengths(chance: random.Random) -> tuple[int, ...]:
    """Of one sequence, of several that differ or agree, and now and then of many."""
    sort = chance.choice(("some", "some", "some", "one", "equal", "many"))
    if sort == "many":
        return tuple(chance.randint(1, 3) for _ in range(chance.randint(17, 20)))
    if sort == "some":
        return tuple(chance.randint(1, 7) for _ in range(chance.randint(2, 6)))
    return (chance.randint(1, 7),) * (1 if sort == "one" else chance.randint(2, 5))


# --- The simplest ---------------------------------------------------------------------------------

_SIMPLEST: dict[str, Any] = {
    "seed": 1,
    "dtype": "float32",
    "trailing": (),
    "lengths_in_tensor": False,
    "total_length": None,
    "padding_value": 0,
    "enforce_sorted": True,
}
_FEW: tuple[tuple[int, ...], ...] = ((1,), (2,), (2, 1), (1, 2), (2, 2))
"""Lengths, the simplest first."""


def simplest_batch(batch: Sequences, draw: Draw, fails: Callable[[Sequences], bool]) -> Sequences:
    """The batch with each option in turn at its simplest value, where it still fails."""
    for changes in _simpler(batch):
        simpler = replace(batch, **changes)
        if simpler.enforce_sorted:
            simpler = replace(simpler, lengths=tuple(sorted(simpler.lengths, reverse=True)))
        if simpler != batch and simpler.matches(draw.domain) and fails(simpler):
            batch = simpler
    ones = replace(batch, trailing=(1,) * len(batch.trailing))
    if ones != batch and fails(ones):
        batch = ones
    for lengths in _FEW:
        usable = not batch.enforce_sorted or lengths == tuple(sorted(lengths, reverse=True))
        if not usable or (sum(lengths), len(lengths)) >= (sum(batch.lengths), batch.number):
            continue
        T = max(lengths) + batch.T - batch.longest
        more = None if batch.total_length is None else batch.total_length - batch.longest
        total = None if more is None else max(lengths) + more
        few = replace(batch, lengths=lengths, T=T, total_length=total)
        if few.matches(draw.domain) and fails(few):
            return few
    return batch


def _simpler(batch: Sequences) -> Iterator[dict[str, Any]]:
    """Changes to what is simpler, each by itself."""
    yield from ({name: value} for name, value in _SIMPLEST.items())
    yield {"T": batch.longest}
