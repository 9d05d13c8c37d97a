"""The address of a version, which citations name, stays when the next version is published."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / ".github" / "keep_site.sh"

pytestmark = pytest.mark.skipif(
    not (shutil.which("git") and shutil.which("sh")), reason="it runs where git and sh are"
)


def published(directory: Path, remote: Path, version: str, pages: dict[str, str]) -> dict[str, str]:
    """What is uploaded, after the site of a version was kept in the branch."""
    html, site = directory / f"html-{version}", directory / f"site-{version}"
    for name, text in {**pages, ".doctrees/x": ""}.items():
        path = html / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    subprocess.run(["sh", SCRIPT, str(remote), version, html, site], check=True)
    files = (path for path in site.rglob("*") if path.is_file())
    return {path.relative_to(site).as_posix(): path.read_text() for path in files}


def test_each_version_stays(tmp_path: Path) -> None:
    """The newest is at the root, and each below its version; a page that is gone is gone at the root."""
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", remote], check=True)
    first = {"index.html": "1", "rules/a.html": "a", "404.html": "none"}
    assert published(tmp_path, remote, "0.1.0", first) == {
        **first,
        **{f"0.1.0/{name}": text for name, text in first.items()},
    }
    second = {"index.html": "2", "rules/b.html": "b"}
    assert published(tmp_path, remote, "0.2.0", second) == {
        **second,
        **{f"0.1.0/{name}": text for name, text in first.items()},
        **{f"0.2.0/{name}": text for name, text in second.items()},
    }


def test_a_version_is_published_again(tmp_path: Path) -> None:
    """As where the workflow runs twice."""
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", remote], check=True)
    pages = {"index.html": "1"}
    once = published(tmp_path / "once", remote, "0.1.0", pages)
    assert published(tmp_path / "twice", remote, "0.1.0", pages) == once


def test_the_workflow_runs_it() -> None:
    """With the version of the tag."""
    workflow = (ROOT / ".github" / "workflows" / "docs.yml").read_text("utf-8")
    assert 'sh .github/keep_site.sh "$remote" "${TAG#v}" docs/_build/html site' in workflow
