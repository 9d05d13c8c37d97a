"""Cite rules from any Sphinx project: ``extensions = ["rnn_contracts.sphinx"]``.

The role ``:rnn-rule:`final-hidden-shape``` is a link to the page of the rule. In MyST it is
``{rnn-rule}`final-hidden-shape```. The directive ``rnn-rule`` puts the sentence of the rule, its
shapes or condition, and the link into the text. An unknown rule gives a warning that names the
nearest ids.

The page of each rule has the label ``rnn-rule-ID``. If the project knows this label, as its own or
through intersphinx, the link goes there. Otherwise it goes to the site.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole, SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from rnn_contracts import RULES, Rule, __version__, rule
from rnn_contracts.citing.citations import address
from rnn_contracts.citing.describe_rule import as_tuple, shape_rows

_logger = logging.getLogger(__name__)


class RuleRole(ReferenceRole):
    """``:rnn-rule:`ID``` or ``:rnn-rule:`title <ID>```."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the link, or the bare id if there is no such rule."""
        cited = _find(self.target, self.get_location())
        if cited is None:
            return [nodes.literal("", self.target)], []
        text = nodes.inline("", self.title) if self.has_explicit_title else None
        return [_link(cited, self.env.docname, text)], []


class RuleDirective(SphinxDirective):
    """``.. rnn-rule:: ID``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return a paragraph with link and sentence, and a list of shapes or the condition."""
        cited = _find(self.arguments[0], self.get_location())
        if cited is None:
            return [nodes.paragraph("", "", nodes.literal("", self.arguments[0]))]
        link = _link(cited, self.env.docname)
        sentence = nodes.paragraph(
            "", "", nodes.strong("", "", link), nodes.Text(f": {cited.sentence}")
        )
        formulas = nodes.bullet_list()
        for name, layout, shape in shape_rows(cited):
            formulas += _item(f"{name}: {as_tuple(shape)}", f", {layout}")
        if cited.condition:
            formulas += _item(cited.condition)
        return [nodes.container("", sentence, formulas, classes=["rnn-rule"])]


def _item(formula: str, text: str = "") -> nodes.list_item:
    return nodes.list_item(
        "", nodes.paragraph("", "", nodes.literal("", formula), nodes.Text(text))
    )


def _find(id: str, location: str) -> Rule | None:
    try:
        return rule(id)
    except ValueError as error:
        _logger.warning("%s", error, location=location, type="rnn-rule")
        return None


def _link(cited: Rule, docname: str, text: nodes.Node | None = None) -> pending_xref:
    return pending_xref(
        "",
        text or nodes.literal("", cited.id),
        refdomain="std",
        reftype="ref",
        refexplicit=True,
        reftarget=f"rnn-rule-{cited.id}",
        refdoc=docname,
        refwarn=True,
        rnn_rule=cited.id,
    )


def _link_to_site(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Link to the site, if neither the project nor its inventories know the label."""
    if "rnn_rule" not in node:
        return None
    cited = RULES[node["rnn_rule"]]
    return nodes.reference("", "", content, refuri=address(cited), reftitle=cited.sentence)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the role and the directive."""
    # A change of this value makes Sphinx read every page again. Another version of the contract may
    # have other sentences.
    app.add_config_value("rnn_contracts_version", __version__, "env")
    app.add_role("rnn-rule", RuleRole())
    app.add_directive("rnn-rule", RuleDirective)
    # Intersphinx has priority 500, so it looks first.
    app.connect("missing-reference", _link_to_site, priority=900)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
