"""Markdown for the pages that are made."""

from __future__ import annotations

from collections.abc import Iterable

from rnn_contracts.citing.escaping import in_markdown


def bullets(lines: Iterable[str]) -> str:
    """A Markdown list."""
    return "\n".join(f"- {line}" for line in lines)


def fenced(language: str, text: str) -> str:
    """A Markdown block of code."""
    return f"```{language}\n{text}\n```"


def linked(text: str) -> str:
    """Text whose last word may be an address."""
    before, _, last = text.rpartition(" ")
    return f"{in_markdown(before)} <{last}>" if last.startswith("https:") else in_markdown(text)


def capitalised(text: str) -> str:
    """The text as a sentence begins."""
    return text[:1].upper() + text[1:]
