"""Where a rule is said to hold: its test draws all of that, and outside of it the law fails."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from run_suite import SUITE, needs

from rnn_contracts.checking.run import Run
from rnn_contracts.checking.trial import Trial
from rnn_contracts.checking.violation import ContractViolation
from rnn_contracts.devices import dtypes
from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.strategies import Draw, cases
from rnn_contracts.layer import LAYERS, Layer
from rnn_contracts.rule_tests import listing
from rnn_contracts.rule_tests.listing import lies_in
from rnn_contracts.rule_tests.statement import Statement, statement_of
from rnn_contracts.rules import RULES, Rule
from rnn_contracts.rules.domain import CONDITIONS_OF_DOMAINS, in_words, values_of
from rnn_contracts.rules.releases import OF_RELEASES
from rnn_contracts.variations import (
    CONDITIONS,
    DROPOUTS,
    FLAGS,
    GRAD_MODES,
    GRID,
    GRID_OF_HELPERS,
    NONLINEARITIES,
    GridPoint,
)


def _statements() -> Iterator[Statement]:
    for path in sorted(SUITE.glob("test_*.py")):
        spec = importlib.util.spec_from_file_location(f"suite.{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for function in vars(module).values():
            statement = statement_of(function)
            if statement is not None and statement.rule is not None:
                yield statement


STATEMENTS = {statement.rule.id: statement for statement in _statements() if statement.rule}
LAWS = [rule for rule in RULES.values() if rule.family == "law"]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_domains_have_known_conditions(rule: Rule) -> None:
    """Each value is one that the condition may have, and the words name every condition."""
    for condition in rule.domain:
        for value in values_of(rule.domain, condition):
            known = CONDITIONS_OF_DOMAINS[condition]
            assert any(type(value) is type(other) and value == other for other in known)
    assert len(in_words(rule.domain).split("; ")) == max(1, len(rule.domain))


# --- A test draws all that its rule speaks of ----------------------------------------------------


def possible(point: GridPoint, drawn: Draw) -> dict[str, set[Any]]:
    """The values of every condition that the domain leaves open at a point of the grid."""
    of_layers = point.kind in LAYERS
    stack = point.num_layers > 1
    values: dict[str, set[Any]] = {
        "dtype": {*dtypes("cpu")},
        "bias": {*FLAGS},
        "training": {*FLAGS},
        "dropout": {*DROPOUTS} if stack else {0.0},
        "nonlinearity": {*NONLINEARITIES} if "RNN" in point.kind[:3] else {"tanh"},
    }
    if not drawn.build_only:
        values |= {
            "layout": {"batched", "unbatched", *(["packed"] if of_layers else [])},
            "initial_state": {*FLAGS},
            "grad_mode": {*GRAD_MODES},
            "contiguous": {*FLAGS},
            "N": {0, 1, 2, 3},
            "L": {1, 2, 3} if of_layers else {1},
            "enforce_sorted": {*FLAGS} if of_layers else {True},
            "equal_lengths": {*FLAGS} if of_layers else {True},
        }
    domain = drawn.domain
    for condition in values:
        if allowed := values_of(domain, condition):
            values[condition] = {*allowed}
    least_N = max((drawn.least_N, *values_of(domain, "least_N")))
    for size, least in (("N", least_N), ("L", drawn.least_L)):
        if size in values and size not in domain:
            # The longest sequence of a test that has no numbers is of one step or two.
            most = 2 if drawn.without_numbers else 3
            values[size] = {n for n in values[size] if least <= n <= (most if size == "L" else 3)}
    if "packed" not in values.get("layout", {"packed"}) or "N" in domain:
        values |= {"enforce_sorted": {True}, "equal_lengths": {True}}
    if "N" in domain:
        values["layout"] = {"batched"}
    if values.get("layout") == {"unbatched"}:
        del values["N"]
    elif values.get("layout") == {"packed"}:
        # Nothing can be packed of no sequences.
        values["N"] -= {0}
    return values


def missing(drawn: Draw, said: Draw, points: Sequence[GridPoint]) -> dict[str, set[Any]]:
    """What ``said`` speaks of and ``drawn`` does not draw at any of the points."""
    wanted: dict[str, set[Any]] = {}
    found: dict[str, set[Any]] = {}
    for point in points:
        at_point = possible(point, said)
        for condition, values in at_point.items():
            wanted.setdefault(condition, set()).update(values)
        for case in some_cases(point, drawn, count=600 // len(points)):
            assert case.matches(said.domain)
            for condition in at_point:
                found.setdefault(condition, set()).add(case.condition(condition))
    missed = {condition: values - found[condition] for condition, values in wanted.items()}
    return {condition: values for condition, values in missed.items() if values}


def some_cases(point: GridPoint, drawn: Draw, *, count: int) -> list[Case]:
    """Cases that are drawn, the same in each run."""
    found: list[Case] = []

    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases(point, "cpu", drawn))
    def draw(case: Case) -> None:
        found.append(case)

    draw()
    return found


POINTS = (
    GridPoint("RNN", num_layers=2),
    GridPoint("RNN", num_layers=2, batch_first=True, bidirectional=True),
    GridPoint("LSTM", projection=True, bidirectional=True),
    GridPoint("GRU", batch_first=True),
    GridPoint("RNNCell"),
    GridPoint("LSTMCell"),
)


def points_of(rule: Rule) -> list[GridPoint]:
    """Those points of which the rule speaks."""
    return [point for point in POINTS if point.kind in rule.layers and lies_in(point, rule.domain)]


def _sorts_of_draws() -> dict[str, tuple[Draw, list[GridPoint]]]:
    """Each sort of draw that is in the suite, once, by the first rule that has it."""
    sorts: dict[str, tuple[Draw, list[GridPoint]]] = {}
    for rule_id, statement in STATEMENTS.items():
        if RULES[rule_id].functions:
            # What is drawn for these has tests of its own, in test_packing.py.
            continue
        sort = (statement.drawn, points_of(RULES[rule_id]))
        if sort not in sorts.values():
            sorts[rule_id] = sort
    return sorts


SORTS = _sorts_of_draws()


@pytest.mark.parametrize("rule_id", SORTS)
def test_all_of_the_domain_is_drawn(rule_id: str) -> None:
    """Every value that the domain leaves open is drawn, and none outside of it."""
    drawn, points = SORTS[rule_id]
    assert missing(drawn, drawn, points) == {}


@pytest.mark.parametrize("condition", ["dtype", "layout", "training", "initial_state", "grad_mode"])
def test_a_draw_of_less_than_the_domain_is_found(condition: str) -> None:
    """A test that leaves out one value is told from one that draws them all."""
    point = GridPoint("GRU", batch_first=True, num_layers=2)
    value = max(possible(point, Draw())[condition])
    narrow = Draw({condition: tuple(possible(point, Draw())[condition] - {value})})
    assert missing(narrow, Draw(), [point])[condition] == {value}


@pytest.mark.parametrize("rule_id", STATEMENTS)
def test_every_point_of_the_grid_in_the_domain_has_a_test(rule_id: str) -> None:
    """No class, depth, direction or layout of which the rule speaks is left out."""
    rule, statement = RULES[rule_id], STATEMENTS[rule_id]
    listed = listing.tests_of(statement, ["cpu"], {})
    wanted = [point for point in GRID + GRID_OF_HELPERS if point.kind in rule.kinds]
    for condition in {*rule.domain} & {*vars(GRID[0])}:
        allowed = values_of(rule.domain, condition)
        wanted = [point for point in wanted if getattr(point, condition) in allowed]
    assert [test.point for test in listed] == wanted


# --- Outside of its domain a law fails -----------------------------------------------------------

NO_SUBJECT = {
    "initial_state": "the rule speaks of the state that is given, or of the one that is missing",
    "device": "no other device is here",
}
"""Conditions without which a law says nothing."""

NO_SUBJECT_IN = {
    ("batch-first-is-a-transposition", "batch_first"): "nothing is to be transposed",
    ("unbatched-is-a-batch-of-one", "layout"): "the input has a batch axis",
    (
        "packed-is-per-sequence",
        "layout",
    ): "rows-are-independent speaks of a batch that is not packed",
    ("directions-concatenate", "bidirectional"): "there is no second direction",
    ("directions-decompose", "bidirectional"): "there is no second direction",
    **{
        (rule, condition): "nothing is left out"
        for rule in ("dropout-scales-what-it-keeps", "dropout-drops-its-share")
        for condition in ("dropout", "num_layers")
    },
    ("dropout-follows-the-seed", "num_layers"): "nothing is left out",
    ("dropout-of-one-layer-does-nothing", "dropout"): "there is none",
    **{
        (rule.id, condition): "no such layer was saved, or no such call was kept"
        for rule in OF_RELEASES
        for condition in rule.domain
        if condition not in NO_SUBJECT
    },
}
OUTSIDE: dict[str, Any] = {
    "dropout_acts": {"dropout": 0.5, "training": True},
    "bidirectional": {},
    "autocast": {},
    "smooth": {"nonlinearity": "relu", "dtype": "float16"},
    "dropout": {"dropout": 0.5, "training": True},
    "dtype": {"dtype": ("float64", "bfloat16", "float16")},
    "least_N": {"layout": "batched", "N": 1},
}
"""What the calls are like that lie outside of a condition."""

RARE = {
    (rule, "grad_mode"): Case(
        Layer("LSTM", 5, 3, bidirectional=True), layout="sequence first", N=4, L=1
    )
    for rule in ("compile-agrees", "inductor-agrees")
}
"""A call outside of a condition, where one that fails is too rarely drawn."""

COUNTERS = [
    (rule, condition)
    for rule in LAWS
    for condition in rule.domain
    if condition not in NO_SUBJECT and (rule.id, condition) not in NO_SUBJECT_IN
]


@pytest.mark.parametrize(
    ("rule", "condition"), [pytest.param(r, c, id=f"{r.id}-{c}") for r, c in COUNTERS]
)
def test_outside_of_its_domain_a_law_fails(rule: Rule, condition: str) -> None:
    """Every condition of a domain is needed: without it a layer of torch breaks the law."""
    needs(rule)
    inside = {name: value for name, value in rule.domain.items() if name != condition}
    if condition == "autocast":
        inside["autocast"] = not rule.domain["autocast"]
    outside = OUTSIDE.get(condition, {})
    if condition == "dropout" and 0.5 in values_of(rule.domain, condition):
        outside = {"dropout": 0.0}
    if condition == "layout":
        outside = {"layout": tuple({*CONDITIONS["layout"]} - {*values_of(rule.domain, condition)})}
    if condition == "grad_mode":
        outside = {"grad_mode": tuple({*GRAD_MODES} - {*values_of(rule.domain, condition)})}
    drawn = replace(STATEMENTS[rule.id].drawn, domain={**inside, **outside})
    if rare := RARE.get((rule.id, condition)):
        assert not rare.matches(rule.domain)
        assert fails(rule, rare)
        return
    points = [
        GridPoint(kind, num_layers=3, bidirectional=condition == "bidirectional")
        for kind in rule.layers
        if kind in LAYERS
    ]
    # Compiling takes a second, and a kink is rarely met.
    count = 3 if rule.slow else 500 if condition == "smooth" else 120
    for point in points:
        if any(fails(rule, case) for case in some_cases(point, drawn, count=count)):
            return
    pytest.fail(f"{rule.id} holds without {condition}: its domain is too narrow", pytrace=False)


def fails(rule: Rule, case: Case) -> bool:
    """Whether torch's own layer breaks the law in this case, or has nothing to which it applies."""
    try:
        STATEMENTS[rule.id].function(Trial(rule, case, Run()))
    except (ContractViolation, RuntimeError):
        return True
    return False


def test_what_needs_no_counter_test_is_in_use() -> None:
    """No reason is left of a rule or a condition that is no longer there."""
    conditions = {(rule.id, condition) for rule in LAWS for condition in rule.domain}
    assert {*NO_SUBJECT_IN} <= conditions
    assert {*NO_SUBJECT} <= {condition for _, condition in conditions}
