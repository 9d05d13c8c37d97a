"""The README is short, and what it and the pages tell to type works as it is written there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from test_releases import PROJECT, TOX

from rnn_contracts import cli
from rnn_contracts.citing.citations import CITATIONS as FORMATS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [ROOT / "docs" / f"{name}.md" for name in ("running", "gating", "citing", "your-own-layer")]
CONFIGURED = ["-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider"]
FEW = ["-m", "rule(id='final-hidden-shape')", "-k", "forward and 1_layer", "--rnn-device", "cpu"]
FOLLOWS = """
from torch import nn

right = nn.GRU.forward

def follows(self, input, hx=None):
    output, h_n = right(self, input, hx)
    return output, h_n.transpose(0, 1) if self.batch_first and h_n.dim() == 3 else h_n

nn.GRU.forward = follows
"""
LAYER = "from torch import nn\n\nclass MyLSTM(nn.LSTM):\n    pass\n"


def blocks(text: str, language: str = "console") -> list[str]:
    """The fenced blocks of that language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def commands(text: str) -> list[str]:
    """What the consoles of a page show after a dollar, without comments."""
    lines = re.findall(r"^\$ (.*)", "".join(blocks(text)), re.MULTILINE)
    return [" ".join(shlex.split(line, comments=True, posix=False)) for line in lines]


def inline(text: str) -> list[str]:
    """The commands between backquotes."""
    return re.findall(r"`((?:git|pytest|python|rnn-contracts) [^`\n]+)`", text)


def environments() -> set[str]:
    """The names of the environments of tox: its sections, and the releases of torch."""
    names = {f"torch{release}" for release in re.findall(r"^    torch(\d\S+):", TOX, re.MULTILINE)}
    for section in re.findall(r"^\[testenv:(.*)\]", TOX, re.MULTILINE):
        choices = re.match(r"\{(.*)\}(.*)", section)
        first, rest = choices.groups() if choices else (section, "")
        names |= {f"{name}{rest}" for name in first.split(",")}
    return names


def succeeds(command: list[str], directory: Path) -> None:
    """Run it with this Python; it must end well."""
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def run(command: str, capsys: pytest.CaptureFixture[str], directory: Path) -> None:
    """Run one command, narrowed to what takes seconds; what needs a network is looked up."""
    words = [word for word in shlex.split(command) if not re.match(r"(OLD|NEW)=", word)]
    if words[:2] == ["git", "clone"]:
        assert words[2:] == [PROJECT["urls"]["Repository"]]
    elif words in (["python", "-m", "pip", "install", "tox"], ["python", "-m", "tox"]):
        assert f"\n{command}\n" in (ROOT / ".ci" / "run").read_text("utf-8")
    elif words[:4] == ["python", "-m", "tox", "-e"]:
        chosen = re.findall(r"(?:OLD|NEW)=(\S+)", command)
        assert {*words[4].split(","), *chosen} <= environments()
    elif words[:4] == ["python", "-m", "pip", "install"]:
        offline = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(directory)]
        succeeds([sys.executable, *words[1:], *offline, "--quiet"], ROOT)
        assert (directory / "rnn_contracts" / "suite").is_dir()
        assert PROJECT["optional-dependencies"]["suite"]
    elif words[:3] == ["python", "-m", "pytest"]:
        succeeds([sys.executable, *words[1:], *FEW], ROOT)
    elif words[:2] == ["rnn-contracts", "check"]:
        (directory / "my_package").mkdir()
        (directory / "my_package" / "layers.py").write_text(LAYER)
        succeeds([sys.executable, "-m", "rnn_contracts", *words[1:], *FEW], directory)
    else:
        assert words[0] == "rnn-contracts"
        assert cli.main(words[1:]) == 0
        assert capsys.readouterr().out


def test_the_readme_is_short() -> None:
    """It is read in a few minutes; the rest is on pages."""
    assert len(README.splitlines()) <= 120


EVERY = {
    part
    for text in (README, *(page.read_text("utf-8") for page in PAGES))
    for command in commands(text)
    for part in command.split(" && ")
}


@pytest.mark.parametrize("command", sorted(EVERY | {*inline(README)}))
def test_commands(command: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Each can be typed as it stands."""
    run(command, capsys, tmp_path)


def test_the_clone_is_of_the_repository() -> None:
    """Every page that asks for a clone says of what."""
    clone = f"`git clone {PROJECT['urls']['Repository']}`"
    assert [text for text in (README, *map(Path.read_text, PAGES[:2])) if clone not in text] == []


CITATIONS = re.findall(
    r"```console\n\$ rnn-contracts (cite [^\n]*)\n```\n\n```(\w+)\n(.*?)```",
    (ROOT / "docs" / "citing.md").read_text("utf-8"),
    re.DOTALL,
)


@pytest.mark.parametrize(("command", "language", "shown"), CITATIONS)
def test_citations(
    command: str, language: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the page shows below a command is what the command prints."""
    assert command.endswith(language)
    assert cli.main(shlex.split(command)) == 0
    assert capsys.readouterr().out == shown


def test_every_format_is_shown() -> None:
    """Of each citation there is an example."""
    assert [language for _, language, _ in CITATIONS] == [*FORMATS]


def test_what_red_looks_like(pytester: pytest.Pytester) -> None:
    """A run on a GRU whose h_n follows batch_first prints the block of the README and of its page."""
    pytester.makepyfile(follows=FOLLOWS)
    pytester.syspathinsert()
    options = ["-m", "rule(id='final-hidden-shape')", "-k", "GRU and not packed"]
    options += ["--rnn-device", "cpu", "--hypothesis-seed", "1", f"--rootdir={ROOT}"]
    suite = str(ROOT / "tests" / "contract" / "test_shapes.py")
    result = pytester.runpytest_subprocess("-p", "follows", *CONFIGURED, *options, suite)
    shown = [
        line
        for text in (README, PAGES[0].read_text("utf-8"))
        for block in blocks(text)
        if "1 cause of 8" in block
        for line in block.splitlines()
    ]
    assert len(shown) > 20
    # The frame is as wide as the terminal, and the machine is not this one.
    known = {line.strip("=_ ") for line in result.outlines}
    others = ("...", "  on architecture=", "  torch 2", "rnn-contracts: 1 rule checked")
    assert [it for it in shown if not it.startswith(others) and it.strip("=_ ") not in known] == []
