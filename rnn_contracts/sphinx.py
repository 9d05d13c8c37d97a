"""Cite rules from any Sphinx project: ``extensions = ["rnn_contracts.sphinx"]``.

The role ``:rnn-rule:`final-hidden-shape``` is a link to the page of the rule, in MyST
``{rnn-rule}`final-hidden-shape```. The directive ``rnn-rule`` puts its sentence, its shapes or
condition, and the link into the text. An unknown rule is a warning that names the nearest.

Each page has the label ``rnn-rule-ID``. A project that knows it, through intersphinx or as its own,
links there; any other to the site.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole, SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from rnn_contracts import RULES, Rule, __version__, render, rule

_logger = logging.getLogger(__name__)


class RuleRole(ReferenceRole):
    """``:rnn-rule:`ID``` or ``:rnn-rule:`title <ID>```."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """The link; the bare id if there is no such rule."""
        cited = _find(self.target, self.get_location())
        if cited is None:
            return [nodes.literal("", self.target)], []
        text = nodes.inline("", self.title) if self.has_explicit_title else None
        return [_link(cited, self.env.docname, text)], []


class RuleDirective(SphinxDirective):
    """``.. rnn-rule:: ID``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """A paragraph with link and sentence, and a list of what the rule states."""
        cited = _find(self.arguments[0], self.get_location())
        if cited is None:
            return [nodes.paragraph("", "", nodes.literal("", self.arguments[0]))]
        link = _link(cited, self.env.docname)
        sentence = nodes.paragraph(
            "", "", nodes.strong("", "", link), nodes.Text(f": {cited.says}")
        )
        formulas = nodes.bullet_list()
        for name, layout, shape in render.shapes(cited):
            formulas += _item(f"{name}: {render.shape(shape)}", f", {layout}")
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
    """Where neither the project nor its inventories know the label."""
    if "rnn_rule" not in node:
        return None
    cited = RULES[node["rnn_rule"]]
    return nodes.reference("", "", content, refuri=render.address(cited), reftitle=cited.says)


def setup(app: Sphinx) -> ExtensionMetadata:
    """What Sphinx calls."""
    # Another version of the contract may say it otherwise.
    app.add_config_value("rnn_contracts_version", __version__, "env")
    app.add_role("rnn-rule", RuleRole())
    app.add_directive("rnn-rule", RuleDirective)
    # After intersphinx.
    app.connect("missing-reference", _link_to_site, priority=900)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
