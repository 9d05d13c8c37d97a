"""All that is known of a rule, for whoever asks by its id: a text, which a notebook shows as HTML."""

from __future__ import annotations

import html

from rnn_contracts.citing import describe_rule
from rnn_contracts.citing.citations import address
from rnn_contracts.citing.tables import columns
from rnn_contracts.citing.torch_words import in_plain_text
from rnn_contracts.helpers import HELPERS
from rnn_contracts.rules import RULES, Rule, rule


class Explanation(str):
    """A text that is shown as it is, and by a notebook as HTML."""

    __slots__ = ("_html",)

    def __new__(cls, text: str, html: str) -> Explanation:
        """The text, and the HTML for it."""
        made = super().__new__(cls, text)
        made._html = html
        return made

    _html: str

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return self._html


def explain(rule_id: str) -> Explanation:
    """Return all that is known of a rule, as ``rnn-contracts explain`` prints it.

    Of a helper of packing, such as ``pad_sequence``, return a line for each rule about it.
    ``ValueError`` names the nearest ids if there is no such rule.
    """
    helper = rule_id.rpartition(".")[2]
    if helper in HELPERS:
        about = [it for it in RULES.values() if helper in it.functions]
        rows = columns([(it.id, it.family, it.says) for it in about])
        name = f"torch.nn.utils.rnn.{helper}"
        text = "\n".join([name, f"{len(about)} rules are about it", "", *rows])
        listed = "".join(f"<li>{_sentence(it)}</li>" for it in about)
        return Explanation(text, f"<p><code>{name}</code></p><ul>{listed}</ul>")
    asked = rule(rule_id)
    return Explanation(describe_rule.describe(asked), in_html(asked))


def in_html(rule: Rule) -> str:
    """Return what to see of the rule at a glance, with a link to its page, which has the rest."""
    # Notebooks align the cells of a table to the right, which suits numbers only.
    td = "<td style='text-align:left'>"
    rows = "".join(
        f"<tr>{td}{name}</td>{td}{layout}</td>{td}<code>{describe_rule.as_tuple(shape)}</code></td></tr>"
        for name, layout, shape in describe_rule.shape_rows(rule)
    )
    parts = [f"<p>{_sentence(rule)}</p>"]
    if rows:
        head = "<tr><th>tensor</th><th>layout</th><th>shape</th></tr>"
        parts.append(f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>")
    if rule.condition:
        parts.append(f"<pre style='white-space:pre-wrap'>{html.escape(rule.condition)}</pre>")
    parts += [
        f"<blockquote><p>{html.escape(in_plain_text(quote))} ({classes})</p></blockquote>"
        for classes, quote in describe_rule.quotes(rule)
    ]
    parts.append(f"<p><a href='{rule.source}'>torch's documentation</a></p>")
    return "".join(parts)


def _sentence(rule: Rule) -> str:
    link = f"<a href='{address(rule)}'><code>{rule.id}</code></a>"
    return f"{link}: {html.escape(rule.sentence)}"
