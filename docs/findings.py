"""Make findings.md out of reports of the suite on layers that are not torch's own.

    python docs/findings.py reports/plain.xml reports/quantizable.xml reports/dynamic.xml

``tox -e findings`` writes the reports, with the known deviations in examples/deviations.toml, and
does this.
"""

from __future__ import annotations

import collections
import sys
from pathlib import Path

from defusedxml import ElementTree

from rnn_contracts import deviations
from rnn_contracts.citing.escaping import in_markdown
from rnn_contracts.citing.tables import markdown_table
from rnn_contracts.results.outcome import KNOWN, NOT_SUPPORTED, PASSED, from_properties
from rnn_contracts.results.words import counted

DOCS = Path(__file__).parent
HEAD = """\
# Findings

What the suite says of layers that claim to be `nn.LSTM` or `nn.GRU`, on torch {torch}. `python -m tox
-e findings` makes this page: it checks each layer, expects what
[`examples/deviations.toml`](../examples/deviations.toml) says of it, and fails if that does not happen.
What torch's own layer does wrong too is left out. Each message is that of one case.
"""
COLUMNS = ("layer", "tests that passed", "known failures", "not supported")


class Finding:
    """What one known deviation of a layer came to: tests, link and the shortest message."""

    def __init__(self) -> None:
        self.tests, self.link, self.message = 0, "", ""

    def add(self, link: str, message: str) -> None:
        self.tests += 1
        self.link = self.link or link
        self.message = min(message, self.message, key=lambda text: (not text, len(text)))


Findings = dict[str, dict[str, Finding]]


def read(path: str, states: dict[str, collections.Counter[str]], findings: Findings) -> str:
    """Add what a report says, by layer and by deviation; return its torch."""
    known_of_torch = {str(entry) for entry in deviations.known()}
    torch = ""
    for case in ElementTree.parse(path).iter("testcase"):
        properties = [(it.get("name", ""), it.get("value", "")) for it in case.iter("property")]
        values = dict(properties)
        if "subject" not in values:
            continue
        torch, subject = values["torch"].partition(" ")[0], values["subject"]
        outcome = from_properties(properties)
        if case.find("failure") is not None or case.find("error") is not None:
            sys.exit(f"{path}: {case.get('name')} failed: not a report of what is known")
        states[subject][outcome.state] += 1
        for reason, link in outcome.known.items():
            if reason not in known_of_torch:
                own = reason.startswith(f"{outcome.broken}: ")
                finding = findings[subject].setdefault(reason, Finding())
                finding.add(link, outcome.message if own else "")
    return torch


def page(paths: list[str]) -> str:
    """The whole page."""
    states: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    findings: Findings = collections.defaultdict(dict)
    (torch,) = {read(path, states, findings) for path in paths}
    rows = [
        [in_markdown(subject), *(str(counts[state]) for state in (PASSED, KNOWN, NOT_SUPPORTED))]
        for subject, counts in states.items()
    ]
    lines = [HEAD.format(torch=torch), markdown_table(COLUMNS, rows)]
    for subject, found in findings.items():
        lines += ["", f"## {in_markdown(subject)}"]
        for deviation, finding in sorted(found.items()):
            rule, _, reason = deviation.partition(": ")
            link = f" ([upstream]({finding.link}))" if finding.link else ""
            tests = counted(finding.tests, "test")
            lines += ["", f"### `{rule}`: {in_markdown(reason)}", "", f"In {tests}{link}."]
            lines += ["", "```text", *finding.message.splitlines(), "```"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    (DOCS / "findings.md").write_text(page(sys.argv[1:]), "utf-8")
