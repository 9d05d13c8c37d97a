"""Markdown for the pages that are made."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rnn_contracts.citing.describe_rule import title
from rnn_contracts.citing.escaping import in_markdown

ISSUE = re.compile(r"^https://github\.com/[^/]+/[^/]+/(?:issues|pull)/\d+$")


def bullets(lines: Iterable[str]) -> str:
    """A Markdown list."""
    return "\n".join(f"- {line}" for line in lines)


def fenced(language: str, text: str) -> str:
    """A Markdown block of code."""
    return f"```{language}\n{text}\n```"


def linked(text: str) -> str:
    """Text whose last word may be an address, for which the title of the issue stands."""
    before, _, last = text.rpartition(" ")
    if not last.startswith("https:"):
        return in_markdown(text)
    shown = title(last) if ISSUE.search(last) else last
    return f"{in_markdown(before)} [{in_markdown(shown)}]({last})"


def capitalised(text: str) -> str:
    """The text as a sentence begins."""
    return text[:1].upper() + text[1:]
