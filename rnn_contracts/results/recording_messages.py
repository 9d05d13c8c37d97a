"""What is kept of reports: the messages of wrong calls, which come with the package."""

from __future__ import annotations

from collections.abc import Iterable

from rnn_contracts.citing.recorded_messages import RecordedMessage, RecordedMessages
from rnn_contracts.citing.recorded_runs import age
from rnn_contracts.helpers import PACKING
from rnn_contracts.messages import first_line, wording
from rnn_contracts.results.recording import release
from rnn_contracts.results.report import Report, Test


def record_messages(reports: Iterable[Report]) -> RecordedMessages:
    """Fold reports into the messages that the package keeps of them.

    ``ValueError`` if a report is of layers that are not torch's own, or has no messages.
    """
    examples: dict[str, set[str]] = {}
    raised: dict[str, dict[str, dict[str, set[str]]]] = {}
    releases: set[str] = set()
    for report in reports:
        if report.subjects:
            raise ValueError(f"not of torch's own layers: {', '.join(sorted(report.subjects))}")
        if not any(outcome.errors for outcome in report.results.values()):
            raise ValueError(f"a report of torch {report.torch} has no message of a wrong call")
        releases.add(release(report))
        for test, outcome in report.results.items():
            for error in outcome.errors:
                examples.setdefault(wording(error), set()).add(first_line(error))
                classes = raised.setdefault(wording(error), {}).setdefault(test.rule, {})
                classes.setdefault(_called(test), set()).add(release(report))
    return RecordedMessages(
        tuple(sorted(releases, key=age)),
        tuple(
            RecordedMessage(
                min(examples[words], key=lambda text: (len(text), text)),
                {
                    rule: {name: tuple(sorted(on, key=age)) for name, on in classes.items()}
                    for rule, classes in rules.items()
                },
            )
            for words, rules in raised.items()
        ),
    )


def _called(test: Test) -> str:
    """The class or the helper that a test of a refusal calls."""
    kind, name, *_ = test.name.removeprefix(f"{test.rule}-").split("-")
    return name if kind == PACKING else kind
