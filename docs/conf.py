"""The site: ``tox -e docs``. Before each build ``pages.py`` makes the pages that show the contract."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit

from sphinx.application import Sphinx

import rnn_contracts
from rnn_contracts.citing.citations import AUTHORS, SITE, YEAR

sys.path.insert(0, str(Path(__file__).parent))

import errors
import pages

project = "rnn-contracts"
author = AUTHORS
project_copyright = f"{YEAR}, {author}"
version = release = rnn_contracts.__version__

extensions = [
    *("myst_parser", "sphinx_copybutton", "rnn_contracts.sphinx"),
    *("html_pages", "search_index"),
]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
# A command is copied without its prompt and without what it prints.
copybutton_prompt_text = "$ "
nitpicky = True
# What is quoted may be code.
smartquotes = False
exclude_patterns = ["_build", "generated"]

html_theme = "furo"
html_title = f"rnn-contracts {version}"
html_baseurl = SITE
html_static_path = ["static"]
html_css_files = ["site.css", "pages.css", "lesson.css"]
html_js_files = [("menus.js", {"defer": "defer"})]
html_favicon = "static/favicon.svg"
html_show_sphinx = False
html_copy_source = False
html_use_index = False
templates_path = ["templates"]
html_additional_pages = {"404": "404.html"}
html_context = {"base": urlsplit(SITE).path + "404.html"}


def setup(app: Sphinx) -> None:
    """Make the pages of this version of the contract."""
    app.connect("config-inited", lambda app, _: pages.write(Path(app.srcdir)))
    app.connect("html-page-context", add_form)
    app.connect("html-page-context", add_messages)
    app.connect("html-page-context", name_language)


def name_language(app: Sphinx, page: str, _: str, context: dict[str, object], *__: object) -> None:
    """Say in which language the text of ``lesson.ko`` is; all around it is English."""
    language = page.partition(".")[2]
    if language:
        context["body"] = f'<div lang="{language}">{context["body"]}</div>'


def add_form(app: Sphinx, page: str, *_: object) -> None:
    """The scripts of a page that has a form, in the order in which they use each other."""
    scripts = {
        "what-shape": ("pasted.js", "fields.js", "call.js", "what-shape.js"),
        "upgrades": ("upgrades.js",),
    }
    for script in scripts.get(page, ()):
        app.add_js_file(script, loading_method="defer")


def add_messages(app: Sphinx, page: str, *_: object) -> None:
    """What lets the search find a message of torch."""
    if page == "search":
        app.add_js_file(None, body=errors.patterns(), type="application/json", id="messages")
        app.add_js_file("errors.js", loading_method="defer")
