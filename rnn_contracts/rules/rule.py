"""What a rule is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field

from rnn_contracts.contracts import formulas
from rnn_contracts.helpers import PACKING
from rnn_contracts.layer import LAYERS
from rnn_contracts.rules.domain import SEQUENCES, Domain, in_words
from rnn_contracts.sources import SOURCES

FAMILIES = ("shape", "parameter", "law", "packing", "refusal")

TOOLS = {
    "onnx": "onnx, onnxscript and onnxruntime, which the extra `onnx` brings",
    "inductor": "a C++ compiler on the CPU, and many minutes",
}
"""What the tests of some rules need besides torch, by the marker that asks for them."""

SYMBOLS = {
    "length": "the number of steps of a sequence: L, or its own length in a packed input",
    "t": "a step, from 0 to length - 1",
    "input_t": "the input at step t: input[t], with batch_first input[:, t]",
    "output_t": "the output at step t: output[t], with batch_first output[:, t]",
    "T": "the steps of a padded batch",
    "k": "a layer of the stack, from 0 to num_layers - 1",
    "d": "a direction, 0 forward and 1 backward",
    "n": "a sequence of the batch, from 0 to N - 1",
}
"""What the conditions of rules speak of, besides the axes of the contract."""


@dataclass(frozen=True, repr=False)
class Rule:
    """One rule, to be checked and to be cited.

    id          a slug, permanent and never reused
    family      shape, parameter, law, packing or refusal
    says        the rule in one sentence of at most 100 characters, true in its whole domain
    layers      the classes of ``torch.nn`` it speaks of
    functions   the functions of ``torch.nn.utils.rnn`` it speaks of; it then speaks of no class
    tensors     the tensors, or the parameters without their suffix, of which it speaks
    columns     the columns of the contract's tables in which it states their shapes
    condition   what holds, where a shape does not say it all; ``SYMBOLS`` defines its symbols
    domain      where it is said to hold, which its test draws whole; see ``rnn_contracts.rules.domain``
    recipes     lines of Python that get what people want of it, by case
    since       the torch release from which on it is checked
    values      whether it speaks of values, which the meta device does not have
    slow        whether its test is left out unless it is asked for
    tool        what its test needs besides torch, and the marker that alone asks for it: a key of
                ``TOOLS``
    module      the test module that checks it: ``dropout``; empty for that of its family
    """

    id: str
    family: str
    says: str
    _: KW_ONLY
    layers: tuple[str, ...] = LAYERS
    functions: tuple[str, ...] = ()
    tensors: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    condition: str = ""
    domain: Domain = field(default_factory=dict)
    recipes: Mapping[str, str] = field(default_factory=dict)
    since: str = "2.0"
    values: bool = False
    slow: bool = False
    tool: str = ""
    module: str = ""

    @property
    def shapes(self) -> dict[str, str]:
        """The symbolic shape of its tensors in each column, as the contract's tables have it."""
        if not self.columns:
            return {}
        shapes = formulas(self.layers[0], self.tensors[0])
        return {column: shapes[column] for column in self.columns}

    @property
    def kinds(self) -> tuple[str, ...]:
        """What the ids of its tests say first: its classes, or that it is about the helpers."""
        return self.layers or (PACKING,)

    @property
    def about(self) -> tuple[str, ...]:
        """The classes or functions it speaks of, as code."""
        functions = (f"nn.utils.rnn.{name}" for name in self.functions)
        return (*(f"nn.{name}" for name in self.layers), *functions)

    @property
    def where(self) -> str:
        """Its domain in words, for a reader."""
        if self.family == "refusal" and not self.domain:
            return "the wrong calls that the condition lists, at a few right sizes"
        if self.functions:
            return "; ".join([SEQUENCES, in_words(self.domain)] if self.domain else [SEQUENCES])
        return in_words(self.domain)

    @property
    def sentence(self) -> str:
        """What it says, with its domain in brackets if it does not hold everywhere."""
        return f"{self.says} ({in_words(self.domain)})" if self.domain else self.says

    @property
    def symbols(self) -> dict[str, str]:
        """What the symbols mean that its condition uses."""
        used = {*re.findall(r"[A-Za-z_]+", self.condition)}
        return {symbol: meaning for symbol, meaning in SYMBOLS.items() if symbol in used}

    @property
    def basis(self) -> str:
        """``documented`` if torch says so in words that are quoted, ``observed`` if it does not."""
        return "documented" if self.quote else "observed"

    @property
    def source(self) -> str:
        """The page on which torch says so."""
        return SOURCES[self.id].page

    @property
    def quote(self) -> Mapping[str, str]:
        """Torch's own words, verbatim but for line breaks, by whose docstring has them."""
        return SOURCES[self.id].quote

    @property
    def pitfalls(self) -> tuple[str, ...]:
        """Issues of pytorch/pytorch in which people were caught by it."""
        return SOURCES[self.id].pitfalls

    @property
    def marker(self) -> str:
        """The marker by which ``-m`` asks for its test; empty if that is not left out."""
        return self.tool or "slow" * self.slow

    @property
    def test(self) -> str:
        """The test that checks it, as pytest names it within the suite."""
        file = f"test_{self.module or self.family + 's'}"
        # One test tries the whole table of wrong calls.
        name = "refused" if self.id.endswith("-refused") else self.id.replace("-", "_")
        return f"{file}.py::test_{name}"

    def __repr__(self) -> str:
        return f"<Rule {self.id}: {self.says}>"

    def covers(self, release: str) -> bool:
        """Whether the rule is checked on that torch release, build or nightly."""
        return _release(release) >= _release(self.since)


def _release(version: str) -> list[int]:
    """Major and minor number."""
    return [int(number) for number in version.split(".")[:2]]
