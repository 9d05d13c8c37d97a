"""The command ``rnn-contracts report RULE``."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from rnn_contracts.citing.bug_report import bug_report
from rnn_contracts.cli import check_torch
from rnn_contracts.cli.output import fail, written
from rnn_contracts.results.words import counted
from rnn_contracts.rules import Rule, rule

SECONDS = 300
USAGE = """\
usage: rnn-contracts report RULE [options of rnn-contracts check, except -n]
Exit code: 0 if a report was printed, 1 if nothing failed, 2 for wrong usage."""


def add_parser(commands: Any) -> None:
    """Add the command to the parser, for the help of ``rnn-contracts`` alone."""
    commands.add_parser(
        "report",
        help="check one rule, and write its first failure as Markdown for an upstream issue",
    )


def run(arguments: Sequence[str]) -> int:
    """Check the rule, and print a report of its first failure, known or not.

    The arguments are the id of the rule and options of ``rnn-contracts check``. The exit code is 0 if
    a report was printed, 1 if nothing failed, and 2 for wrong usage.
    """
    if not arguments or {"-h", "--help"} & {*arguments}:
        print(USAGE, file=sys.stderr)
        return 0 if arguments else 2
    if workers := [it for it in arguments if re.match(r"-n\d*|--numprocesses", it)]:
        return fail(f"report takes no {workers[0]}: workers hand on the text of a violation alone")
    try:
        asked = rule(arguments[0])
    except ValueError as error:
        return fail(str(error))
    first = FirstFailure()
    options = ["-m", f"rule(id={asked.id!r})", "-x", "--runxfail"]
    with contextlib.redirect_stdout(io.StringIO()):
        code = check_torch.run([*options, *arguments[1:]], plugins=[first])
    violation = first.violation
    if violation is None:
        return _nothing_found(first, asked, code)
    if not violation.code:
        return fail(f"{violation.rule_id}: no script was seen to fail as the check did")
    failed, output = _of_python("-", code=violation.code)
    if not failed:
        return fail(
            f"{violation.rule_id}: the script of the failure does not fail in a fresh Python"
        )
    _, machine = _of_python("-m", "torch.utils.collect_env")
    broken = rule(violation.rule_id)
    return written(
        bug_report(broken, violation.found, violation.call, violation.code, output, machine)
    )


def _nothing_found(first: FirstFailure, asked: Rule, code: int) -> int:
    """Say why there is no violation, and return the exit code."""
    if first.other:
        return fail(f"{first.other} failed, and not by the rule {asked.id}")
    if code not in (0, 5):
        return fail(f"the check of {asked.id} ended with exit code {code} and no violation")
    if not first.passed:
        return fail(f"no test of {asked.id} was run")
    tests = counted(first.passed, "test")
    print(f"rnn-contracts: {asked.id}: nothing failed, in {tests}", file=sys.stderr)
    return 1


class FirstFailure:
    """A plugin of pytest that keeps the first violation, and the test that failed otherwise."""

    def __init__(self) -> None:
        self.violation: Any = None
        self.other = ""
        self.passed = 0

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Count the tests that passed."""
        self.passed += report.when == "call" and report.passed

    def pytest_exception_interact(self, node: Any, call: Any) -> None:
        """Keep what a test raised."""
        from rnn_contracts.checking.violation import ContractViolation

        if isinstance(call.excinfo.value, ContractViolation):
            self.violation = self.violation or call.excinfo.value
        else:
            self.other = self.other or node.nodeid


def _of_python(*arguments: str, code: str = "") -> tuple[bool, str]:
    """Whether a fresh Python fails, what it prints, and how it ended if it did not end by itself."""
    # The layer may be in this directory.
    path = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH", "")]))
    try:
        # What is run is this Python, and a script that the check has just run.
        done = subprocess.run(  # noqa: S603
            [sys.executable, *arguments],
            input=code,
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True, f"(it did not end in {SECONDS} s)"
    ended = f"(ended by signal {-done.returncode})" if done.returncode < 0 else ""
    return done.returncode != 0, f"{done.stdout}{ended}"
