"""The site, built once. Run with ``--confcutdir tests/docs``: none of this needs torch."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

DOCS = Path(__file__).parents[2] / "docs"


def build(source: Path, output: Path) -> str:
    """Build a Sphinx project into HTML, and return its warnings."""
    told = io.StringIO()
    with docutils_namespace(), warnings.catch_warnings():
        # What MyST uses of Sphinx is its own affair.
        warnings.filterwarnings("ignore", module="myst_parser")
        app = Sphinx(
            str(source),
            str(source),
            str(output),
            str(output / ".doctrees"),
            "html",
            status=None,
            warning=told,
        )
        app.build()
    return told.getvalue()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the site."""
    output = tmp_path_factory.mktemp("site")
    assert build(DOCS, output) == ""
    return output
