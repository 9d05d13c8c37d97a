"""Make a Jupyter notebook of a page, with its outputs.

A block of ``python`` is a code cell, and a block of ``text`` after it is what the cell prints.
``tests/project/test_lesson.py`` runs the cells and compares, so that this needs no torch.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rnn_contracts.citing.citations import SITE, address
from rnn_contracts.rules import RULES

_BLOCK = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
_PICTURE = re.compile(r":file: generated/(.*)\.html")
_RULE = re.compile(r"\{rnn-rule\}`(?:([^`<]*) <)?([\w-]+)>?`")
_PAGE = re.compile(r"\]\(([\w.-]+)\.md(#[\w-]+)?\)")


@dataclass(frozen=True)
class Code:
    """A cell of code, and what it prints."""

    source: str
    printed: str = ""


Part = Code | str
"""A cell of code, or Markdown."""


def parts(page: str) -> Iterator[Part]:
    """Yield the code cells of a page of MyST and the Markdown between them."""
    end = 0
    blocks = [*_BLOCK.finditer(page)]
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        if block[1] == "python":
            yield page[end : block.start()].strip()
            printed = after and after[1] == "text" and not page[block.end() : after.start()].strip()
            yield Code(block[2], after[2] if after and printed else "")
            end = after.end() if after and printed else block.end()
    yield page[end:].strip()


def notebook(page: str, pictures: Mapping[str, Sequence[str]]) -> str:
    """Return the notebook of a page of MyST as JSON; it holds its pictures."""
    cells: list[dict[str, object]] = []
    executed = 0
    for part in parts(page):
        if isinstance(part, Code):
            executed += 1
            cells.append(_code(part, executed))
        elif part:
            cells.append(_markdown(part, pictures))
    for number, cell in enumerate(cells):
        cell |= {"id": f"cell-{number}", "metadata": {}}
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _code(code: Code, executed: int) -> dict[str, object]:
    output = {"output_type": "stream", "name": "stdout", "text": code.printed}
    return {
        "cell_type": "code",
        "execution_count": executed,
        "source": code.source.rstrip("\n"),
        "outputs": [output] if code.printed else [],
    }


def _markdown(text: str, pictures: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """Return the cell with links to the site in the place of roles, and with its pictures."""
    attached: dict[str, dict[str, str]] = {}

    def attach(block: re.Match[str]) -> str:
        name = _PICTURE.search(block[2])
        if not name:
            return block[0]
        lines = []
        for number, svg in enumerate(pictures[name[1]]):
            file = f"{name[1]}-{number}.svg"
            attached[file] = {"image/svg+xml": base64.b64encode(svg.encode()).decode()}
            words = re.search('aria-label="([^"]*)"', svg)
            alternative = re.sub(r"([\[\]*_])", r"\\\1", words[1] if words else "")
            lines.append(f"![{alternative}](attachment:{file})")
        return "\n\n".join(lines)

    text = _BLOCK.sub(attach, text)
    text = _RULE.sub(lambda rule: f"[{rule[1] or f'`{rule[2]}`'}]({address(RULES[rule[2]])})", text)
    text = _PAGE.sub(lambda page: f"]({SITE}{page[1]}.html{page[2] or ''})", text)
    # A download is offered on the page alone.
    text = "\n\n".join(it for it in text.split("\n\n") if "{download}" not in it)
    cell: dict[str, object] = {"cell_type": "markdown", "source": text}
    return cell | ({"attachments": attached} if attached else {})
