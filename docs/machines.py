"""Make machines.md out of reports: what was seen on which machine.

    python docs/machines.py reports/levels/*.xml reports/torch*.xml

``tox -e torch2.13-levels,torch2.15-levels`` and ``tox -e torch2.0`` and the like write them.
"""

from __future__ import annotations

import collections
import sys
from pathlib import Path

from defusedxml import ElementTree
from packaging.version import Version

from rnn_contracts.citing.tables import markdown_table
from rnn_contracts.machine import PROBES
from rnn_contracts.results.outcome import KNOWN, PASSED
from rnn_contracts.results.report import read

PAGE = Path(__file__).with_name("machines.md")
BEFORE, AFTER = "<!-- The table is made by machines.py. -->", "<!-- End of the table. -->"


def row(path: Path) -> tuple[str, ...]:
    """Release, machine, and how many tests came out how."""
    report = read(path)
    facts = {name: " or ".join(sorted(values)) for name, values in report.machine.items()}
    suites = ElementTree.parse(path).iter("testsuite")
    # A known failure that no longer happens fails its test too, though the rule holds.
    failed = sum(int(suite.get(name, "0")) for suite in suites for name in ("failures", "errors"))
    counts = collections.Counter(
        outcome.state for test, outcome in report.results.items() if test.rule
    )
    lowered = [f"`{name}={value}`" for name, value in facts.items() if name.isupper()]
    lowered += ["two threads"] * path.stem.endswith("two-threads")
    return (
        report.torch.partition("+")[0].partition(" ")[0],
        " ".join(facts[name] for name in ("os", "architecture", "cpu_capability")),
        *(facts[name] for name in PROBES),
        ", ".join(lowered) or "as it is",
        *(str(counts[outcome]) for outcome in (PASSED, KNOWN)),
        str(failed),
    )


def main(paths: list[str]) -> None:
    """Put the table into the page."""
    rows = sorted({row(Path(path)) for path in paths}, key=lambda it: (Version(it[0]), it[1:]))
    head = ("torch", "machine", *(f"`{it}`" for it in PROBES), "lowered by")
    made = markdown_table([*head, "passed", "known failures", "failed"], rows)
    text = PAGE.read_text("utf-8")
    start, end = text.index(BEFORE) + len(BEFORE), text.index(AFTER)
    PAGE.write_text(f"{text[:start]}\n\n{made}\n\n{text[end:]}", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
