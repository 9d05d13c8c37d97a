"""Describe the recorded runs to a reader: where a rule held, and how torch refuses a wrong call."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from rnn_contracts.citing import recorded_runs
from rnn_contracts.citing.recorded_messages import RecordedMessages
from rnn_contracts.citing.recorded_runs import Place, RecordedRuns, Seen, by_machine
from rnn_contracts.rules import Rule

DUE = ("ValueError", "RuntimeError", "TypeError")
"""The types of exceptions by which a wrong call is refused; those derived from them count too."""

REFUSED_MEANS = (
    f"the call raises {', '.join(DUE[:-1])} or {DUE[-1]}; another type of exception is a deviation, "
    "though the call was not accepted"
)
DOCUMENTED = "documented: torch says so, in the words that are quoted"
OBSERVED = "observed: torch does not document this"

Lines = dict[str, list[str]]


def is_refusal(rule_id: str) -> bool:
    """Whether the rule says that wrong calls are refused."""
    return rule_id.endswith("-refused")


def of_rule(rule: Rule) -> Lines:
    """What the runs that come with the package say of the rule, or why they cannot be read."""
    try:
        return of_runs(rule, recorded_runs.of_package())
    except ValueError as error:
        return of_runs(rule, RecordedRuns()) | {"recorded": [str(error)]}


def of_runs(rule: Rule, recorded: RecordedRuns) -> Lines:
    """What recorded runs say of the rule, in lines under a heading each.

    basis           whether torch documents the rule, and if it does not, in which runs it was observed
    refused means   of a refusal: the types of exceptions that are due
    refused by      of a refusal: the types that torch raises of them, and on which releases
    instead         of a refusal: what torch does where it deviates, which may be another exception
    recorded        the releases and machines on which every test passed, and those on which not
    """
    seen = recorded.seen(rule.id)
    where = grouped(place for it in seen for place in it.places)
    observed = f"{OBSERVED}; {f'recorded on {where}' if seen else 'recorded in no run'}"
    return {
        "basis": [DOCUMENTED if rule.basis == "documented" else observed],
        "refused means": [REFUSED_MEANS] if is_refusal(rule.id) else [],
        "refused by": refused_by(seen, recorded),
        "instead": instead(seen, recorded),
        "recorded": results(seen) or ["in no run"],
    }


def as_data(rule: Rule) -> dict[str, object]:
    """What JSON has of it; ``ValueError`` if the runs cannot be read."""
    return {
        "refused_means": DUE if is_refusal(rule.id) else (),
        "recorded": [
            recorded_runs.as_data(seen) for seen in recorded_runs.of_package().seen(rule.id)
        ],
    }


def refused_by(seen: Collection[Seen], recorded: RecordedRuns) -> list[str]:
    """A line for each type of exception: on which releases it refused wrong calls, and how often."""
    return _how_often([(it, it.refused_by) for it in seen], recorded)


def instead(seen: Collection[Seen], recorded: RecordedRuns) -> list[str]:
    """A line for each thing that torch did instead of refusing: on which releases, how often."""
    return _how_often([(it, it.did_instead) for it in seen], recorded)


def _how_often(
    counts: Collection[tuple[Seen, Mapping[str, int]]], recorded: RecordedRuns
) -> list[str]:
    lines = []
    for name in _names(count for _, count in counts):
        having = [(seen, count[name]) for seen, count in counts if name in count]
        often = _span(number for _, number in having)
        tests = _span(sum(seen.tests.values()) for seen, _ in having)
        on = _releases([seen for seen, _ in having], [seen for seen, _ in counts], recorded)
        lines.append(f"{name} on {on}, in {often} of {tests} tests")
    return lines


def done_instead(reason: str, rule: Rule) -> list[str]:
    """What torch did in the package's runs where the known deviation of that reason happened."""
    try:
        seen = recorded_runs.of_package().seen(rule.id)
    except ValueError:
        return []
    return _names(it.instead.get(reason, {}) for it in seen)


def results(seen: Iterable[Seen]) -> list[str]:
    """A line for what passed whole, then one for each other result."""
    places: dict[str, list[Place]] = {"passed": []}
    for it in seen:
        total = sum(it.tests.values())
        others = [
            f"{state} in {count} of {total} tests"
            for state, count in sorted(it.tests.items())
            if state != "passed"
        ]
        places.setdefault(", ".join(others) or "passed", []).extend(it.places)
    return [f"{result} on {grouped(on)}" for result, on in places.items() if on]


# --- Places --------------------------------------------------------------------------------------


def grouped(places: Iterable[Place]) -> str:
    """All releases, by machine.

    >>> grouped([Place("2.0.1", "Linux x86_64, AVX2"), Place("2.3.1", "Linux x86_64, AVX512")])
    'torch 2.0.1 (Linux x86_64, AVX2) and torch 2.3.1 (Linux x86_64, AVX512)'
    """
    machines: dict[tuple[str, ...], list[str]] = {}
    for machine, releases in by_machine(places).items():
        machines.setdefault(tuple(releases), []).append(machine)
    return " and ".join(
        f"torch {', '.join(releases)} ({'; '.join(names)})" for releases, names in machines.items()
    )


def spans(releases: Iterable[str], recorded: RecordedRuns | RecordedMessages) -> str:
    """Releases as ranges over those of all runs: ``2.0.1 to 2.13.0`` is each recorded one between."""
    every, wanted = recorded.releases, {*releases}
    runs: list[list[str]] = [[]]
    for release in every:
        if release in wanted:
            runs[-1].append(release)
        elif runs[-1]:
            runs.append([])
    return ", ".join(
        f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs if run
    )


def _releases(having: Iterable[Seen], seen: Iterable[Seen], recorded: RecordedRuns) -> str:
    """The releases of what was seen, and the machines if the same release did otherwise on another."""
    places = {place for it in having for place in it.places}
    others = {place for it in seen for place in it.places} - places
    releases = {place.torch for place in places}
    if releases & {place.torch for place in others}:
        return grouped(places)
    return f"torch {spans(releases, recorded)}"


def _names(counts: Iterable[Mapping[str, int]]) -> list[str]:
    """All names, each once; the order is the same in every run."""
    return sorted({name for it in counts for name in it})


def _span(numbers: Iterable[int]) -> str:
    """``2``, or ``2 to 5``."""
    found = sorted({*numbers})
    return str(found[0]) if len(found) == 1 else f"{found[0]} to {found[-1]}"
