"""What a rule is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass

from rnn_contracts.contracts import formulas
from rnn_contracts.layer import LAYERS
from rnn_contracts.sources import SOURCES

FAMILIES = ("shape", "parameter", "law", "refusal")
_MODES = (
    "dtype-and-device-follow",
    "autocast-dtype",
    "modes-agree",
    "functional-call-uses-its-weights",
    "copies-agree",
    "meta-agrees",
    "compile-agrees",
    "export-agrees",
)


@dataclass(frozen=True)
class Rule:
    """One rule, to be checked and to be cited.

    id          a slug, permanent and never reused
    family      shape, parameter, law or refusal
    says        the rule in one sentence of at most 100 characters
    layers      the classes of ``torch.nn`` it speaks of
    tensors     the tensors, or the parameters without their suffix, of which it speaks
    columns     the columns of the contract's tables in which it states their shapes
    condition   what holds, where a shape does not say it all
    since       the torch release from which it is promised
    values      whether it speaks of values, which the meta device does not have
    slow        whether its test is left out unless it is asked for
    """

    id: str
    family: str
    says: str
    _: KW_ONLY
    layers: tuple[str, ...] = LAYERS
    tensors: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    condition: str = ""
    since: str = "2.0"
    values: bool = False
    slow: bool = False

    @property
    def shapes(self) -> dict[str, str]:
        """The symbolic shape of its tensors in each column, as the contract's tables have it."""
        if not self.columns:
            return {}
        shapes = formulas(self.layers[0], self.tensors[0])
        return {column: shapes[column] for column in self.columns}

    @property
    def source(self) -> str:
        """The page on which torch says so."""
        return SOURCES[self.id].page

    @property
    def quote(self) -> Mapping[str, str]:
        """Torch's own words, verbatim but for line breaks, by class; empty where it has none."""
        return SOURCES[self.id].quote

    @property
    def pitfalls(self) -> tuple[str, ...]:
        """Issues of pytorch/pytorch in which people were caught by it."""
        return SOURCES[self.id].pitfalls

    @property
    def test(self) -> str:
        """The test that checks it, as pytest names it within the suite."""
        if self.id in _MODES:
            file = "test_modes"
        elif self.id.startswith("rnn-cell"):
            file = "test_rnn_cells"
        else:
            file = f"test_{self.family}s"
        # One test tries the whole table of wrong calls.
        name = "refused" if self.id.endswith("-refused") else self.id.replace("-", "_")
        return f"{file}.py::test_{name}"

    def promised(self, release: str) -> bool:
        """Whether the rule is promised of that torch release, build or nightly."""
        return _release(release) >= _release(self.since)


def _release(version: str) -> list[int]:
    """Major and minor number."""
    return [int(number) for number in version.split(".")[:2]]
