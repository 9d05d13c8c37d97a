"""What the HTML of the pages has besides their text: descriptions, and labels in the cells of tables."""

from __future__ import annotations

import html
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

LONGEST = 200
"""Characters of a description. Search engines cut it off near there."""


class Translator(HTML5Translator):
    """Writes the name of its column into each cell, for a screen that is too narrow for the columns."""

    def starttag(
        self,
        node: nodes.Element,
        tagname: str,
        suffix: str = "\n",
        empty: bool = False,
        **attributes: Any,
    ) -> str:
        """Return the tag; that of a cell names the column."""
        if tagname.lower() == "td":
            row = node.parent
            for head in row.parent.parent.findall(nodes.thead):
                attributes["data-column"] = head.children[0].children[row.index(node)].astext()
        return super().starttag(node, tagname, suffix, empty, **attributes)


def description(tree: nodes.document) -> str:
    """Return the first paragraph of a page, or the beginning of it."""
    paragraph = next(iter(tree.findall(nodes.paragraph)), None)
    text = " ".join(paragraph.astext().split()) if paragraph else ""
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rpartition(' ')[0]} ..."


def add_description(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None
) -> None:
    """Say what the page is about, to search engines and to whatever shows a link to it."""
    if tree is None:
        return
    about = description(tree)
    tags = {
        'name="description"': about,
        'property="og:description"': about,
        'property="og:title"': app.env.titles[page].astext(),
        'property="og:type"': "website",
        'property="og:url"': context["pageurl"],
        'property="og:site_name"': app.config.project,
    }
    context["metatags"] += "".join(
        f'\n<meta {name} content="{html.escape(content)}">'
        for name, content in tags.items()
        # A page may have a description of its own.
        if name not in context["metatags"]
    )


def setup(app: Sphinx) -> None:
    """Connect it with Sphinx."""
    app.set_translator("html", Translator)
    app.connect("html-page-context", add_description)
