"""The rules that speak of the same things: tensors, parameters, helpers of packing, arguments."""

from __future__ import annotations

import re
from collections import Counter

from rnn_contracts import RULES, Rule
from rnn_contracts.contracts import TENSORS

SHOWN = 6
# The words that name a thing: with an underscore, or one of torch's tensors.
_NAME = re.compile(rf"\b(?:[A-Za-z]+_\w+|{'|'.join(TENSORS)}|dropout|bidirectional|packed)\b")


def things(rule: Rule) -> set[str]:
    """What a rule speaks of."""
    return {*rule.tensors, *rule.functions, *_NAME.findall(f"{rule.says} {rule.condition}")}


def see_also(rule: Rule) -> list[Rule]:
    """The nearest rules first: what few rules speak of counts more."""
    often = Counter(thing for it in RULES.values() for thing in things(it))
    near = {
        other.id: sum(1 / often[thing] for thing in things(rule) & things(other))
        for other in RULES.values()
        if other.id != rule.id and ({*rule.kinds} & {*other.kinds})
    }
    nearest = sorted(RULES.values(), key=lambda other: -near.get(other.id, 0))
    return [other for other in nearest[:SHOWN] if near.get(other.id)]


def beside(rule: Rule) -> tuple[Rule | None, Rule | None]:
    """The rules before and after it in its family."""
    family = [it for it in RULES.values() if it.family == rule.family]
    at = family.index(rule)
    before = family[at - 1] if at else None
    after = family[at + 1] if at + 1 < len(family) else None
    return before, after
