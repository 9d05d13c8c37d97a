"""List rules: text, Markdown, reStructuredText and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable

from rnn_contracts.citing import describe_runs
from rnn_contracts.citing.citations import address
from rnn_contracts.citing.escaping import in_markdown, in_rst
from rnn_contracts.citing.tables import columns, markdown_table
from rnn_contracts.rules import Rule


def list_as_text(rules: Iterable[Rule]) -> str:
    """Return a line for each rule: id, family and sentence."""
    return "\n".join(columns([(rule.id, rule.family, rule.says) for rule in rules]))


def list_as_markdown(rules: Iterable[Rule]) -> str:
    """Return a table with links to the pages of the rules."""
    return markdown_table(
        ["rule", "family", "says"],
        (
            [f"[{rule.id}]({address(rule)})", rule.family, in_markdown(rule.sentence)]
            for rule in rules
        ),
    )


def list_as_rst(rules: Iterable[Rule]) -> str:
    """Return a ``list-table`` with links to the pages of the rules."""
    head = [
        ".. list-table::",
        "   :header-rows: 1",
        "",
        "   * - rule",
        "     - family",
        "     - says",
    ]
    rows = [
        f"   * - `{rule.id} <{address(rule)}>`__\n     - {rule.family}\n     - {in_rst(rule.sentence)}"
        for rule in rules
    ]
    return "\n".join([*head, *rows])


def list_as_json(rules: Iterable[Rule]) -> str:
    """Return every field of every rule, and what was recorded of it."""
    listed = [rule_as_data(rule) | describe_runs.as_data(rule) for rule in rules]
    return json.dumps(listed, indent=2, ensure_ascii=False)


def rule_as_data(rule: Rule) -> dict[str, object]:
    """Return what JSON has of a rule, under names that do not change, and the address of its page."""
    return {
        "id": rule.id,
        "family": rule.family,
        "says": rule.says,
        "source": rule.source,
        "layers": rule.layers,
        "functions": rule.functions,
        "tensors": rule.tensors,
        "shapes": rule.shapes,
        "condition": rule.condition,
        "domain": rule.domain,
        "where": rule.where,
        "recipes": rule.recipes,
        "basis": rule.basis,
        "quote": rule.quote,
        "pitfalls": rule.pitfalls,
        "since": rule.since,
        "values": rule.values,
        "url": address(rule),
    }


LISTS = {
    "text": list_as_text,
    "markdown": list_as_markdown,
    "rst": list_as_rst,
    "json": list_as_json,
}
