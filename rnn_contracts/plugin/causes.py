"""The failures of a run by their causes: one block for each, the gravest first."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import asdict, dataclass

import pytest

from rnn_contracts.checking.violation import EFFECTS, ContractViolation
from rnn_contracts.results.words import counted


@dataclass(frozen=True)
class Failure:
    """What a failed test found, as its report carries it from a worker.

    ``size`` tells how large the call is, and ``shown`` whether the message has a script.
    """

    test: str
    rule: str
    cause: str
    effect: str
    message: str
    size: tuple[int, ...]
    shown: bool


def note(report: pytest.TestReport, violation: ContractViolation) -> None:
    """Put the failure into the report, as plain data, which xdist can send."""
    case = violation.drawn
    size = (*case.size, len(violation.call)) if case else ()
    failure = Failure(
        report.nodeid,
        violation.rule_id,
        violation.cause,
        violation.effect,
        str(violation),
        size,
        bool(violation.code),
    )
    setattr(report, "rnn_failure", asdict(failure))  # noqa: B010


def failure_of(report: object) -> Failure | None:
    """The failure that was noted in the report."""
    noted = getattr(report, "rnn_failure", None)
    return Failure(**noted) if noted else None


def by_cause(failures: Iterable[Failure]) -> list[list[Failure]]:
    """The failures of each cause, the simplest first; the causes, the gravest first."""
    blocks: dict[str, list[Failure]] = {}
    for failure in failures:
        blocks.setdefault(failure.cause, []).append(failure)
    for block in blocks.values():
        block.sort(key=lambda failure: (not failure.shown, failure.size, failure.test))
    return sorted(
        blocks.values(),
        key=lambda block: (min(EFFECTS.index(one.effect) for one in block), -len(block)),
    )


class Blocks:
    """Prints a block for each cause in the place of a traceback for each test."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, None, None]:
        """Keep the failures of rules from pytest, print the blocks, and give the failures back."""
        stats = terminalreporter.stats
        failed = stats.get("failed", [])
        plain = self.config.getoption("tbstyle", "auto") == "auto"
        ours = [report for report in failed if failure_of(report)] if plain else []
        if not ours:
            yield
            return
        stats["failed"] = [report for report in failed if not failure_of(report)]
        self._write(terminalreporter, [one for one in map(failure_of, ours) if one])
        # Pytest's short summary lists every test, for which its reader has to ask.
        asked = self.config.getoption("verbose") > 0 or self.config.getoption("reportchars") != "fE"
        if asked:
            terminalreporter.section("tests that failed", sep="=")
            for report in ours:
                terminalreporter.write_line(f"FAILED {report.nodeid}", red=True)
        yield
        stats["failed"] = failed

    def _write(self, terminal: pytest.TerminalReporter, failures: Sequence[Failure]) -> None:
        blocks = by_cause(failures)
        causes, tests = counted(len(blocks), "cause"), counted(len(failures), "failed test")
        terminal.section(f"{causes} of {tests}", sep="=")
        for number, block in enumerate(blocks, 1):
            first = block[0]
            title = f"{number}. {first.effect}: {counted(len(block), 'test')}"
            terminal.section(title, sep="_", red=True, bold=True)
            others = sorted({failure.rule for failure in block} - {first.rule})
            if others:
                terminal.write_line(f"The same breaks {', '.join(others)}.")
            terminal.write_line(first.message, red=True)
            terminal.write_line(f"  in {first.test}")
