"""The index of the search: how often each word is on a page, and where the words weigh more.

Sphinx's own index knows only whether a word is on a page, so that its results come in the order of the
alphabet. ``static/search.js`` ranks by this index.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

WORD = re.compile(r"\d+(?:\.\d+)+|[^\W\d]\w*")
"""A release, or a word; a number of one part finds nothing."""

TITLE, HEADING, KEYWORD, LEAD = 12, 6, 12, 5
"""What a word weighs there, and in what stands first; elsewhere 1."""

WHOLE = re.compile("rules/(?!index)")
"""Pages of which a section is no result of its own: the pages of rules, whose sections are alike."""

MENTIONS = ("index", "rules/index", "running", "citing", "findings", "benchmarks", "machines")
"""Pages that mention much, which another page explains."""

OF_MENTION, OF_SECTION = 0.6, 0.8
"""What such a result counts, and one that is a part of a page."""

Words = Counter[str]


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the index, once all pages are written."""
    if error or app.builder.name != "html":
        return
    language = SearchEnglish({})
    words: dict[str, list[int]] = {}
    places: list[tuple[str, str, str, float]] = []
    lengths: list[int] = []
    for page in sorted(app.env.found_docs):
        for title, anchor, found in sections(page, app.env.get_doctree(page), language):
            for word, weight in found.items():
                words.setdefault(word, []).extend((len(places), weight))
            share = (OF_MENTION if page in MENTIONS else 1) * (OF_SECTION if anchor else 1)
            places.append((page, title, anchor, share))
            lengths.append(found.total())
    index = {"places": places, "lengths": lengths, "words": words}
    text = json.dumps(index, separators=(",", ":"), ensure_ascii=False)
    (Path(app.outdir) / "_static" / "words.js").write_text(f"const WORDS = {text};\n", "utf-8")


def sections(
    page: str, tree: nodes.document, language: SearchEnglish
) -> Iterator[tuple[str, str, Words]]:
    """Yield each result that the page can be: title, anchor, and what its words weigh."""
    first, *others = tree.findall(nodes.section)
    page_title = first[0].astext()
    keywords = [it["content"] for it in tree.findall(nodes.meta) if it.get("name") == "keywords"]
    found = own_words(first, language)
    found.update(weighed(page_title, TITLE, language))
    found.update(weighed(" ".join(keywords), KEYWORD, language))
    if WHOLE.match(page):
        for section in others:
            # Once each, and no releases: all of these pages have all of them.
            found |= Counter({it: 1 for it in own_words(section, language) if not it[0].isdigit()})
        others = []
    yield page_title, "", found
    for section in others:
        title = section[0].astext()
        found = own_words(section, language)
        found.update(weighed(f"{page_title} {title}", HEADING, language))
        yield f"{page_title}: {title}", f"#{section['ids'][0]}", found


def own_words(section: nodes.section, language: SearchEnglish) -> Words:
    """Weigh the words of a section, without those of the sections in it."""
    found: Words = Counter()
    for number, child in enumerate(section[1:]):
        if not isinstance(child, nodes.section):
            for text in child.findall(nodes.Text):
                # Pictures and forms are raw HTML.
                if not isinstance(text.parent, nodes.raw):
                    found.update(weighed(text.astext(), 1 if number else LEAD, language))
    return found


def weighed(text: str, weight: int, language: SearchEnglish) -> Words:
    """Weigh the words of a text as a query may have them.

    They are stems, names and the parts of names, releases with and without their patch.
    """
    found: Words = Counter()
    for word in WORD.findall(text.lower()):
        parts = word.split("_") if "_" in word else []
        if word.count(".") > 1:
            parts = [".".join(word.split(".")[:2])]
        for form in (word, *parts):
            if len(form) > 1 and form not in language.stopwords:
                stem = form if re.search(r"[\d_]", form) else language.stem(form)
                found[stem] += weight
    return found


def add_scripts(app: Sphinx, page: str, *_: object) -> None:
    """The page of the search has the index, and what ranks by it."""
    if page == "search":
        for script in ("words.js", "search.js"):
            app.add_js_file(script, loading_method="defer")


def setup(app: Sphinx) -> None:
    """Connect it with Sphinx."""
    app.connect("html-page-context", add_scripts)
    app.connect("build-finished", write)
