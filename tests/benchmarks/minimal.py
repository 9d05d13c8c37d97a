"""How far from minimal the calls in the messages are, and how long the scripts.

    python tests/benchmarks/minimal.py [NAME ...]

Each broken layer of the negative controls stands in the place of torch's. Of the call that its message
has, each argument is put to its simplest value: where the rule is still broken, the call was not
minimal. The grid point is not tried, since the id of the test names it, nor are the sizes of shape
rules, which are meant to differ.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "project"))

from broken_layers import BROKEN, Broken
from run_suite import run_suite

from rnn_contracts.checking.run import Run
from rnn_contracts.checking.violation import ContractViolation
from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.simpler import ARGUMENTS, SIZES, simplified
from rnn_contracts.plugin.collection import TEST
from rnn_contracts.rule_tests.rule_test import RuleTest
from rnn_contracts.rules import RULES


def main(names: list[str]) -> None:
    """Print what is not minimal, and a summary."""
    lengths, left = [], []
    for broken in BROKEN:
        if names and broken.name not in names:
            continue
        with in_torch(broken):
            quiet = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
            outcome = run_suite("-x", "-m", f"rule(id={broken.rule!r})", "-W", quiet)
            (violation,) = outcome.failed.values() or (None,)
            if not isinstance(violation, ContractViolation):
                continue
            lengths.append(len(violation.code.splitlines()))
            tests = [item.stash[TEST] for item in outcome.items if item.nodeid in outcome.failed]
            drawn = violation.drawn and not tests[0].wrong
            simpler = [*could_be_simpler(tests[0], violation)] if drawn else []
        if simpler:
            left.append(broken)
            print(f"{broken.rule}, {broken.name}: {', '.join(simpler)}")
    print(
        f"{len(lengths)} scripts: median {statistics.median(lengths)}, longest {max(lengths)} lines"
    )
    print(f"{sum(length > 25 for length in lengths)} scripts are longer than 25 lines")
    print(f"{len(left)} calls are not minimal")


@contextlib.contextmanager
def in_torch(broken: Broken) -> Iterator[None]:
    """The broken layer in the place of torch's."""
    with pytest.MonkeyPatch.context() as patch:
        broken.put_in_place(patch)
        yield


def could_be_simpler(test: RuleTest, violation: ContractViolation) -> Iterator[str]:
    """The arguments that could be simpler in this call, all else the same."""
    case, rule = violation.drawn, RULES[violation.rule_id]
    assert isinstance(case, Case)
    of_shapes = rule.family in ("shape", "parameter")
    for argument in (*ARGUMENTS, *(("distinct sizes",) if of_shapes else SIZES)):
        simpler = simplified(case, argument, test.drawn)
        if simpler != case and simpler.matches(rule.domain) and breaks(test, simpler, rule.id):
            yield argument


def breaks(test: RuleTest, case: Case, rule: str) -> bool:
    """Whether the call breaks the rule too."""
    try:
        test.check_case(case, Run())
    except ContractViolation as violation:
        return violation.rule_id == rule
    except Exception:
        return False
    return False


if __name__ == "__main__":
    main(sys.argv[1:])
