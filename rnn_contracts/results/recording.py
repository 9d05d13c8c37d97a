"""What is kept of reports: the runs that come with the package, to be read without any report."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from rnn_contracts import machine
from rnn_contracts.citing.describe_runs import is_refusal
from rnn_contracts.citing.recorded_runs import Place, RecordedRuns, Run, Seen, in_order
from rnn_contracts.results.outcome import KNOWN, Outcome
from rnn_contracts.results.report import Report, Test

ACCEPTED, DIED = "accepted the call", "killed the process"
CHANGED, REFUSED = "left something changed", "refused the call this time"
UNCLEAR = "did something that no report tells"

# A message names the wrong call, then says after a colon what came of it.
_CAME = re.compile(
    r": (?:(?P<accepted>was accepted and gave)|raised (?P<raised>\w+):"
    r"|(?P<died>killed the process|hung for)|(?P<changed>was refused with \w+, but))"
)


def release(report: Report) -> str:
    """``2.13.0`` of ``2.13.0+cpu (git ...)``."""
    found = re.match(r"[\w.]+", report.torch)
    return found[0] if found else "?"


def did_instead(outcome: Outcome) -> str:
    """What torch did instead of refusing a call, where a failure of a refusal is known.

    A test that makes several calls tells of the first that deviates. What is undefined may not have
    happened in this run; then every call was refused.
    """
    if not outcome.message:
        return REFUSED
    found = _CAME.search(outcome.message)
    if found is None:
        return UNCLEAR
    if found["raised"]:
        return f"raised {found['raised']}"
    return {"accepted": ACCEPTED, "died": DIED, "changed": CHANGED}[str(found.lastgroup)]


def record(reports: Iterable[Report]) -> RecordedRuns:
    """Fold reports into what the package keeps of them.

    Reports of one release on one machine are taken together. ``ValueError`` if a report is of layers
    that are not torch's own.
    """
    runs: dict[Run, None] = {}
    outcomes: dict[Place, dict[Test, Outcome]] = {}
    for report in reports:
        if report.subjects:
            raise ValueError(f"not of torch's own layers: {', '.join(sorted(report.subjects))}")
        run = _run(report)
        runs[run] = None
        merged = outcomes.setdefault(run.place, {})
        for test, outcome in report.results.items():
            merged[test] = outcome.merged_with(merged[test]) if test in merged else outcome
    rules = sorted({test.rule for found in outcomes.values() for test in found if test.rule})
    return RecordedRuns(tuple(runs), {rule: _folded(rule, outcomes) for rule in rules})


def _run(report: Report) -> Run:
    facts = {name: "|".join(sorted(values)) for name, values in report.machine.items()}
    devices = tuple(sorted(report.devices))
    return Run(
        release(report), report.torch, in_words(facts, devices), machine.as_line(facts), devices
    )


def in_words(facts: Mapping[str, str], devices: Iterable[str]) -> str:
    """A machine in words: the system, the vector instructions, and all that is not usual of it.

    >>> facts = {"os": "Linux", "architecture": "x86_64", "cpu_capability": "AVX2", "onednn": "false"}
    >>> in_words(facts, ["cpu", "cuda:0", "meta"])
    'Linux x86_64, AVX2, onednn=false, cuda:0'
    """
    names = " ".join(filter(None, (facts.get("os"), facts.get("architecture"))))
    unusual = [
        f"{name}={value}"
        for name, value in facts.items()
        if name.isupper() or (name in machine.PROBES and value != "true")
    ]
    others = [device for device in devices if device not in ("cpu", "meta")]
    capability = facts.get("cpu_capability", "")
    return ", ".join(filter(None, (names or "unknown machine", capability, *unusual, *others)))


def _folded(rule: str, outcomes: Mapping[Place, Mapping[Test, Outcome]]) -> tuple[Seen, ...]:
    """What was seen of the rule; places that agree are taken together."""
    groups: list[tuple[Seen, list[Place]]] = []
    for place in in_order(outcomes):
        found = [outcome for test, outcome in outcomes[place].items() if test.rule == rule]
        if not found:
            continue
        seen = _seen(rule, found)
        same = next((places for other, places in groups if other == seen), None)
        if same is None:
            groups.append((seen, [place]))
        else:
            same.append(place)
    return tuple(replace(seen, places=tuple(places)) for seen, places in groups)


def _seen(rule: str, outcomes: Iterable[Outcome]) -> Seen:
    """What was seen of the rule in one place, which is still to be named."""
    tests: Counter[str] = Counter()
    refused_by: Counter[str] = Counter()
    instead: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        tests[outcome.state] += 1
        refused_by.update({*outcome.refusals})
        if outcome.state == KNOWN and is_refusal(rule):
            reason = next(iter(outcome.known), "").removeprefix(f"{rule}: ")
            instead.setdefault(reason, Counter())[did_instead(outcome)] += 1
    return Seen((), tests, refused_by, instead)
