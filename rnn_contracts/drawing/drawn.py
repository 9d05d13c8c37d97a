"""What a check needs of what was drawn, a call of a layer or a batch for the helpers of packing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Drawn(Protocol):
    """Plain data that describes itself, and writes itself as code."""

    @property
    def device(self) -> str:
        """Where its tensors are."""

    @property
    def dtype(self) -> str:
        """Of its numbers."""

    @property
    def seed(self) -> int:
        """It determines all random numbers."""

    @property
    def size(self) -> tuple[int, ...]:
        """How large it is, to be compared: of two that fail alike the smaller one is shown."""

    @property
    def callee(self) -> str:
        """What is called, as code."""

    @property
    def imports(self) -> list[str]:
        """Python that imports what the rest of the code names."""

    def matches(self, conditions: Mapping[str, object]) -> bool:
        """Whether it meets the conditions of a domain, or of a known deviation."""

    def describe(self, *, call: bool = True) -> str:
        """All of it in one line."""

    def calling(self) -> str:
        """Python that makes the call."""
