"""The pytest plugin: which torch, which devices, which cases, and what was checked in the end.

A test marked ``@pytest.mark.rule(id=...)`` that takes ``case`` runs once for every grid cell of
the rule's layers and every device; Hypothesis draws the case. Further arguments of the marker
narrow the grid (a field of ``GridCell``) or the draw (an argument of ``strategies.cases``).
"""

from __future__ import annotations

import collections
import functools
from collections.abc import Callable, Generator, Iterable
from typing import Any

import hypothesis
import pytest
import torch
from hypothesis import HealthCheck, Phase

from rnn_contracts import calls, checks, contracts
from rnn_contracts.contracts import CELLS, RULES
from rnn_contracts.strategies import GRID, GridCell, cases

_DEVICES = pytest.StashKey[tuple[str, ...]]()
_EXAMPLES = pytest.StashKey[int]()
_GRID_FIELDS = tuple(GridCell.__dataclass_fields__)


# --- Set-up --------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--rnn-device``."""
    parser.getgroup("rnn-contracts").addoption(
        "--rnn-device",
        action="append",
        metavar="NAME",
        help="check on this device only (repeatable): cpu, meta, cuda, cuda:0, mps, xpu, ...; "
        "default: every device that torch reports",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register marks and profiles, and find the devices."""
    config.addinivalue_line("markers", "rule(id, ...): the test checks this rule of the contract")
    config.addinivalue_line("markers", "quote(id): the test holds torch's docstring to this rule")
    # Torch says this once a process, wherever a projection first meets oneDNN.
    config.addinivalue_line(
        "filterwarnings", "ignore:LSTM with projections is not supported with oneDNN:UserWarning"
    )
    _register_profiles()
    # On small layers threads cost more than they give, and xdist has the cores already.
    torch.set_num_threads(1)
    config.stash[_DEVICES] = _devices(config.getoption("--rnn-device"))
    config.pluginmanager.register(_Count(), "rnn-contracts-count")


def _register_profiles() -> None:
    """Hypothesis's own profiles, without deadline; an example is drawn for every grid cell."""
    settings = hypothesis.settings
    common = {
        "deadline": None,
        # One bug at a time: the message of one violation is not mixed with that of another.
        "report_multiple_bugs": False,
        "suppress_health_check": [HealthCheck.too_slow],
        # Explaining a failure reruns it often, to say less than the message does.
        "phases": [phase for phase in Phase if phase is not Phase.explain],
    }
    for name, max_examples in (("default", 10), ("ci", 10)):
        parent = settings.get_profile(name)
        settings.register_profile(name, parent, max_examples=max_examples, **common)
    settings.register_profile(
        "nightly", settings.get_profile("default"), max_examples=200, print_blob=True
    )
    settings.load_profile(settings.get_current_profile_name())


def _devices(asked: list[str] | None) -> tuple[str, ...]:
    present = calls.available_devices()
    if not asked:
        return present
    for name in asked:
        if name not in {*present, *(device.partition(":")[0] for device in present)}:
            raise pytest.UsageError(
                f"--rnn-device: no device {name!r} here; present: {', '.join(present)}"
            )
    return tuple(d for d in present if d in asked or d.partition(":")[0] in asked)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what is checked, and how the cases are drawn."""
    version = torch.version
    built_for = [f"CUDA {version.cuda}"] * bool(version.cuda) + [f"HIP {version.hip}"] * bool(version.hip)
    settings = hypothesis.settings()
    seed = config.getoption("--hypothesis-seed", None)
    if seed is not None:
        policy = f"seed {seed}"
    else:
        policy = "seed derived from the node id" if settings.derandomize else "random seed"
    return [
        f"torch: {torch.__version__}, git {version.git_version[:12]}, "
        f"{'debug' if version.debug else 'release'} build for {' and '.join(built_for) or 'CPU only'}, "
        f"{torch.get_num_threads()} thread a process",
        f"rnn-contracts: devices {', '.join(config.stash[_DEVICES])}; Hypothesis profile "
        f"{settings.get_current_profile_name()}, {settings.max_examples} examples a grid cell, {policy}",
    ]


# --- Cases ---------------------------------------------------------------------------------------


def _rule_marks(node: pytest.Item | pytest.FunctionDefinition) -> Iterable[pytest.Mark]:
    for mark in node.iter_markers("rule"):
        try:
            contracts.rule(mark.kwargs.get("id", mark.args))
        except (ValueError, TypeError) as error:
            raise pytest.UsageError(f"{node.nodeid}: {error}") from None
        yield mark


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise ``case`` over the grid of the rule and the devices."""
    mark = next(iter(_rule_marks(metafunc.definition)), None)
    if mark is None or "case" not in metafunc.fixturenames:
        return
    rule = RULES[mark.kwargs["id"]]
    wanted = {name: value for name, value in mark.kwargs.items() if name in _GRID_FIELDS}
    drawn = {name: value for name, value in mark.kwargs.items() if name not in ("id", *wanted)}
    devices = metafunc.config.stash[_DEVICES]
    metafunc.parametrize(
        "case",
        [
            pytest.param(functools.partial(cases, cell, device, **drawn), id=f"{cell}-{device}")
            for device in devices
            if not (rule.values and device == "meta")
            for cell in GRID
            if cell.kind in rule.layers
            if all(getattr(cell, name) == value for name, value in wanted.items())
        ],
    )


def pytest_itemcollected(item: pytest.Item) -> None:
    """Turn a test of a rule into a Hypothesis test that draws its case."""
    marks = list(_rule_marks(item))
    item.user_properties += [("rule", mark.kwargs["id"]) for mark in marks]
    case = getattr(item, "callspec", None) and item.callspec.params.get("case")
    if marks and isinstance(case, functools.partial):
        cell, device = case.args
        item.user_properties += [("cell", str(cell)), ("device", device)]
        item.obj = _drawing(item, item.obj, case, _max_examples(cell, device))
        # Hypothesis gives every item its own seed and database key where it sees this mark.
        item.add_marker(pytest.mark.parametrize("case", ()))


def _max_examples(cell: GridCell, device: str) -> int:
    """Examples for one grid cell: many where there are few cells, few where calls are slow."""
    examples = hypothesis.settings().max_examples * (10 if cell.kind in CELLS else 1)
    return max(2, examples // 5) if device == "meta" else examples


def _drawing(
    item: pytest.Item, test: Callable[..., None], case: functools.partial[Any], max_examples: int
) -> Callable[..., None]:
    @hypothesis.settings(max_examples=max_examples)
    @hypothesis.given(drawn=case())
    def draw(case: object, drawn: calls.Case) -> None:
        __tracebackhide__ = True
        item.stash[_EXAMPLES] = item.stash.get(_EXAMPLES, 0) + 1
        test(case=drawn)

    return draw


# --- What was checked ----------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test that passed without checking its rule; record what it checked."""
    checks.checked.clear()
    try:
        yield
        for mark in _rule_marks(item):
            if not checks.checked[mark.kwargs["id"]]:
                pytest.fail(f"{mark.kwargs['id']}: the test passed and checked nothing", pytrace=False)
    finally:
        if any(_rule_marks(item)):
            item.user_properties.append(("examples", item.stash.get(_EXAMPLES, 0)))


class _Count:
    """Adds up the reports, with xdist those of all workers, and says so in one line."""

    def __init__(self) -> None:
        self.selected: set[str] = set()
        self.checked: set[str] = set()
        self.broken: set[str] = set()
        self.cells: set[tuple[str, str]] = set()
        self.examples = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        rules = {str(value) for name, value in report.user_properties if name == "rule"}
        self.selected |= rules
        if report.failed:
            self.broken |= rules
        if report.when == "call" and not report.skipped:
            properties = dict(report.user_properties)
            self.checked |= rules
            self.examples += int(str(properties.get("examples", 0)))
            if "cell" in properties:
                self.cells.add((str(properties["cell"]), str(properties["device"])))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.selected > self.checked and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.selected:
            return
        devices = sorted({device for _, device in self.cells})
        terminalreporter.write_line(
            f"rnn-contracts: {len(self.checked)} rules checked on torch {torch.__version__}, "
            f"{len({cell for cell, _ in self.cells})} grid cells, "
            f"{len(devices)} devices ({', '.join(devices)}), {self.examples} examples"
        )
        for what, rules in (("broken", self.broken), ("NOT CHECKED", self.selected - self.checked)):
            if rules:
                terminalreporter.write_line(f"rnn-contracts: {what}: {', '.join(sorted(rules))}", red=True)
