"""The pytest plugin: which torch, which devices, which cases, and what was checked in the end.

A test marked ``@pytest.mark.rule(id=...)`` that takes ``case`` runs once for every grid cell of
the rule's layers and every device; Hypothesis draws the case. Further arguments of the marker
narrow the grid (a field of ``GridCell``) or the draw (an argument of ``strategies.cases``).
"""

from __future__ import annotations

import functools
import gc
import inspect
from collections.abc import Callable, Generator
from dataclasses import fields
from pathlib import Path
from typing import Any, NoReturn

import hypothesis
import pytest
import torch
from hypothesis import HealthCheck, Phase, Verbosity
from packaging.version import Version

from rnn_contracts import calls, checks, contracts, crashes, deviations, refusals
from rnn_contracts.contracts import CELLS, RULES, Rule
from rnn_contracts.deviations import Deviation
from rnn_contracts.refusals import WRONG
from rnn_contracts.reports import Reports
from rnn_contracts.strategies import GRID, GridCell, cases, wrong_cases

_DEVICES = pytest.StashKey[tuple[str, ...]]()
_EXAMPLES = pytest.StashKey[int]()
_KNOWN = pytest.StashKey[list[Deviation]]()
_DEVIATIONS = pytest.StashKey[list[Deviation]]()
_TEST = pytest.StashKey[tuple[Callable[..., None], functools.partial[Any]]]()
_TIMEOUT = pytest.StashKey["pytest.MarkDecorator | None"]()
_ONCE = "ignore:LSTM with projections is not supported with oneDNN:UserWarning"
_GRID_FIELDS = {field.name for field in fields(GridCell)}
_SECONDS = 900  # after which a test counts as one that hangs
_FEW = 8  # examples for a cell and shape, in the default profile
_DRAW_ARGUMENTS = {*inspect.signature(cases).parameters} - {"cell", "device"}


# --- Set-up --------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--rnn-device`` and ``--rnn-deviations``."""
    group = parser.getgroup("rnn-contracts")
    group.addoption(
        "--rnn-deviations",
        action="append",
        default=[],
        metavar="FILE",
        help="expect the known deviations in this file too (repeatable); rnn_contracts/deviations.py "
        "says what it looks like",
    )
    group.addoption(
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
    config.addinivalue_line(
        "markers", "slow: left out but in the nightly profile, or if -m asks for it"
    )
    config.addinivalue_line("markers", "quote(id): the test checks that torch still says this rule")
    _register_profiles()
    # On small layers threads cost more than they give, and xdist has the cores already.
    torch.set_num_threads(1)
    config.stash[_DEVICES] = _select(config.getoption("--rnn-device"), calls.available_devices())
    config.stash[_KNOWN] = _known_deviations(config.getoption("--rnn-deviations"))
    config.pluginmanager.register(Reports(config), "rnn-contracts-reports")
    if config.getoption("maxworkerrestart", "") is None:
        # Each that dies is a finding; xdist would stop the run at four for each worker.
        config.option.maxworkerrestart = "1000"
    if hasattr(config, "workerinput"):
        crashes.keep_notes_in(Path(config.workerinput["rnn_crash_note"]))
    config.stash[_TIMEOUT] = _timeout(config)


def _known_deviations(files: list[str]) -> list[Deviation]:
    """The entries of this torch, those of the files first."""
    entries: list[Deviation] = []
    for file in files:
        try:
            entries += deviations.parse(Path(file).read_text("utf-8"), file)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise pytest.UsageError(f"--rnn-deviations: {file}: {why}") from None
    entries += deviations.known()
    return [entry for entry in entries if entry.happens_on(torch.__version__)]


def _timeout(config: pytest.Config) -> pytest.MarkDecorator | None:
    """What ends a test that hangs, unless pytest-timeout was told otherwise, or is not there."""
    if not config.pluginmanager.hasplugin("timeout"):
        return None
    if config.getoption("timeout") is not None or config.getini("timeout"):
        return None
    # It ends the process, as nothing less is sure to; that of a worker is reported as a death.
    return pytest.mark.timeout(_SECONDS, method="thread")


def pytest_collection_finish() -> None:
    """Keep the thousands of items from being looked at in every garbage collection."""
    gc.freeze()


def pytest_unconfigure() -> None:
    """End the process in which wrong calls were tried, and let go of what was kept."""
    refusals.close()
    crashes.close()
    gc.unfreeze()


def _register_profiles() -> None:
    """Hypothesis's own profiles, without deadline, and with examples counted by the grid cell."""
    settings = hypothesis.settings
    common: dict[str, Any] = {
        "deadline": None,
        # One bug at a time: the message of one violation is not mixed with that of another.
        "report_multiple_bugs": False,
        "suppress_health_check": [HealthCheck.too_slow],
        # A violation says it all, the minimal case included.
        "verbosity": Verbosity.quiet,
        # Explaining a failure reruns it often, to say less than the message does.
        "phases": [phase for phase in Phase if phase is not Phase.explain],
    }
    for name in ("default", "ci"):
        settings.register_profile(name, settings.get_profile(name), max_examples=_FEW, **common)
    settings.register_profile("nightly", settings.get_profile("default"), max_examples=200)
    settings.load_profile(settings.get_current_profile_name())


def _select(asked: list[str] | None, present: tuple[str, ...]) -> tuple[str, ...]:
    """The devices asked for; ``cuda`` asks for every ``cuda:0``, ``cuda:1``, ..."""
    if not asked:
        return present
    for name in asked:
        if not any(_is_called(device, name) for device in present):
            raise pytest.UsageError(
                f"--rnn-device: no device {name!r} here; present: {', '.join(present)}"
            )
    return tuple(device for device in present if any(_is_called(device, name) for name in asked))


def _is_called(device: str, name: str) -> bool:
    return name in (device, device.partition(":")[0])


def _devices(config: pytest.Config, rule: Rule) -> list[str]:
    """The selected devices on which the rule can be checked."""
    return [device for device in config.stash[_DEVICES] if not (rule.values and device == "meta")]


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what is checked, and how the cases are drawn."""
    settings = hypothesis.settings()
    seed = config.getoption("--hypothesis-seed", None)
    policy = "random seed"
    if settings.derandomize:
        # Hypothesis heeds no other seed then.
        policy = "seed derived from the node id"
    elif seed is not None:
        policy = f"seed {seed}"
    devices = config.stash[_DEVICES]
    lines = [
        f"torch: {_torch()}, {torch.get_num_threads()} thread in each process",
        f"rnn-contracts: devices {', '.join(devices)}; Hypothesis profile "
        f"{settings.get_current_profile_name()}, {settings.max_examples} examples a cell and shape, "
        f"{policy}",
    ]
    without = [rule.id for rule in RULES.values() if not _devices(config, rule)]
    if without:
        lines.append(f"rnn-contracts: left out, meta has no values: {', '.join(without)}")
    early = [
        f"{rule.id} ({rule.since})"
        for rule in RULES.values()
        if not rule.promised(torch.__version__)
    ]
    if early:
        lines.append(f"rnn-contracts: left out, promised of later releases: {', '.join(early)}")
    return lines


@functools.cache
def _torch() -> str:
    """Release and build."""
    version = torch.version
    build = "debug" if version.debug else "release"
    for name, built_for in (("CUDA", version.cuda), ("HIP", version.hip)):
        build += f", {name} {built_for}" if built_for else ""
    return f"{torch.__version__} (git {version.git_version[:12]}, {build} build)"


# --- Cases ---------------------------------------------------------------------------------------


def _rules(node: pytest.Item) -> list[Rule]:
    """The rules that the test cites."""
    try:
        return [contracts.rule(mark.kwargs["id"]) for mark in node.iter_markers("rule")]
    except KeyError:
        raise pytest.Collector.CollectError("write @pytest.mark.rule(id=...)") from None
    except ValueError as error:
        raise pytest.Collector.CollectError(str(error)) from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise ``case`` over the grid of the rule and the devices."""
    rules = _rules(metafunc.definition)
    if not rules or "case" not in metafunc.fixturenames:
        return
    options = {**next(metafunc.definition.iter_markers("rule")).kwargs}
    devices = _devices(metafunc.config, rules[0])
    if "wrong" in metafunc.fixturenames:
        metafunc.parametrize(
            ("case", "wrong"),
            [
                pytest.param(
                    functools.partial(wrong_cases, kind, device, wrong),
                    wrong,
                    id=f"{kind}-{wrong.name}-{device}",
                    # Calls are refused there as on the CPU, but for dtypes, and take ten times as long.
                    marks=[pytest.mark.slow] * (device == "meta" and not wrong.constructor),
                )
                # A construction knows no device.
                for device in devices
                for wrong in WRONG
                if wrong.rule == rules[0].id and not (wrong.constructor and device != devices[0])
                for kind in wrong.kinds
            ],
        )
        return
    wanted = {name: options.pop(name) for name in _GRID_FIELDS & {*options}}
    del options["id"]
    known = _GRID_FIELDS | _DRAW_ARGUMENTS
    for name in options:
        if name not in known:
            raise pytest.Collector.CollectError(
                f"no such field or argument: {name}; known: {', '.join(sorted(known))}"
            )
    metafunc.parametrize(
        "case",
        [
            pytest.param(functools.partial(cases, cell, device, **options), id=f"{cell}-{device}")
            for device in devices
            for cell in GRID
            if cell.kind in rules[0].layers
            if all(getattr(cell, name) == value for name, value in wanted.items())
        ],
    )


def pytest_itemcollected(item: pytest.Item) -> None:
    """Note what the test of a rule is about."""
    rules = _rules(item)
    item.user_properties += [("rule", rule.id) for rule in rules]
    if rules:
        item.user_properties += [("kind", rules[0].kind), ("torch", _torch())]
        if timeout := item.config.stash[_TIMEOUT]:
            item.add_marker(timeout)
        # What torch warns of is shown; it breaks no rule. The last is said once a process.
        item.add_marker(pytest.mark.filterwarnings("default"))
        item.add_marker(pytest.mark.filterwarnings(_ONCE))
    if not (isinstance(item, pytest.Function) and hasattr(item, "callspec")):
        return
    for mark in item.iter_markers("quote"):
        item.user_properties.append(("quote", mark.args[0]))
        kind = str(item.callspec.params["kind"])
        item.stash[_DEVIATIONS] = [
            entry
            for entry in item.config.stash[_KNOWN]
            if entry.quote and entry.rule == mark.args[0] and entry.concerns(kind, "", "")
        ]
    case = item.callspec.params.get("case")
    if isinstance(case, functools.partial):
        cell, device = case.args[:2]
        item.user_properties.append(("device", device))
        if isinstance(cell, GridCell):
            item.user_properties.append(("cell", str(cell)))
        kind, _, variant = item.callspec.id.removesuffix(f"-{device}").partition("-")
        item.stash[_DEVIATIONS] = [
            entry
            for entry in item.config.stash[_KNOWN]
            if not entry.quote
            and (entry.rule == rules[0].id or entry.dies)
            and entry.concerns(kind, variant, device)
            # What the test itself fixes to another value never happens in it.
            and all(case.keywords.get(name, it) == it for name, it in entry.when.items())
        ]
        item.add_marker("hypothesis")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what is slow, or not promised, or of values where no selected device has any."""
    nightly = hypothesis.settings.get_current_profile_name() == "nightly"
    slow = not nightly and "slow" not in config.getoption("markexpr", "")
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        asked = all(
            _devices(config, rule) and rule.promised(torch.__version__) for rule in _rules(item)
        )
        (kept if asked and not (slow and item.get_closest_marker("slow")) else left_out).append(
            item
        )
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Turn the test of a rule into a Hypothesis test that draws its case.

    Not when it is collected: most of what a worker collects is run by another, or by none.
    """
    case = item.callspec.params.get("case") if hasattr(item, "callspec") else None
    if not (isinstance(item, pytest.Function) and isinstance(case, functools.partial)):
        return
    crashes.begin(item.nodeid, item.user_properties)
    item.stash[_TEST] = item.obj, case
    if any(
        entry.when and entry.when.items() <= case.keywords.items()
        for entry in item.stash[_DEVIATIONS]
    ):
        # All that it would draw is known.
        item.obj = _nothing
        return
    settings = hypothesis.settings(max_examples=_max_examples(item, case))
    if any(not entry.when for entry in item.stash[_DEVIATIONS]):
        # What is known need not be made small.
        phases = [phase for phase in settings.phases if phase is not Phase.shrink]
        settings = hypothesis.settings(settings, phases=phases)
    item.obj = _drawing(item, settings)
    # Hypothesis gives every item its own seed and database key where it sees this mark.
    item.add_marker(pytest.mark.parametrize("case", []))


def _max_examples(item: pytest.Item, case: functools.partial[Any]) -> int:
    """Examples for one grid cell: more where it stands alone, fewer where they cost or vary less."""
    cell, device = case.args[:2]
    examples = hypothesis.settings().max_examples
    if item.get_closest_marker("slow"):
        # To compile a layer takes a second or more.
        examples = min(examples, _FEW)
    if not isinstance(cell, GridCell):
        # All of the few wrong calls that there are.
        return max(examples, 16)
    if cell.kind in CELLS:
        examples *= 10
    if _rules(item)[0].kind != "shape":
        examples = examples * 3 // 8
    if device == "meta" or "without_numbers" in case.keywords:
        examples //= 4
    return max(2, examples)


def _nothing(**_: object) -> None:
    """Stand in for a test of which nothing is left."""


def _drawing(item: pytest.Item, settings: hypothesis.settings) -> Callable[..., None]:
    rule_id, (test, case) = _rules(item)[0].id, item.stash[_TEST]
    known = [entry.when for entry in item.stash[_DEVIATIONS] if entry.when]

    @settings
    @hypothesis.given(drawn=case())
    def draw(case: object, drawn: calls.Case, **fixed: object) -> None:
        __tracebackhide__ = True
        if any(drawn.fits(when) for when in known):
            hypothesis.reject()
        crashes.note(rule_id, drawn)
        item.stash[_EXAMPLES] = item.stash.get(_EXAMPLES, 0) + 1
        test(case=drawn, **fixed)

    return draw


# --- What was checked ----------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test that checked nothing, expect known deviations, record what happened."""
    rules = _rules(item)
    known = item.stash.get(_DEVIATIONS, [])
    always = next((entry for entry in known if not entry.when), None)
    checks.checked.clear()
    refusals.types.clear()
    try:
        yield
        for rule in rules:
            if not checks.checked[rule.id] and getattr(item, "obj", None) is not _nothing:
                pytest.fail(f"{rule.id}: the test passed and checked nothing", pytrace=False)
    except (checks.ContractViolation, hypothesis.errors.Flaky, pytest.fail.Exception) as error:
        if isinstance(error, checks.ContractViolation):
            broken = error.rule_id
            item.user_properties.append(("broken", broken))
            if error.died and always and not always.undefined:
                raise
        else:
            # What is undefined may turn out otherwise when Hypothesis tries it again.
            flaky = isinstance(error, hypothesis.errors.Flaky)
            broken = always.rule if always and (always.undefined if flaky else always.quote) else ""
        if always and always.rule == broken:
            _expected_to_fail(item, always)
        raise
    else:
        if always and not always.undefined:
            _stale(item, always)
        if always:
            # It may happen in the next run: for who compares the two, it deviates in both.
            _record(item, always)
        happened = [entry for entry in known if entry.when and entry.rule == rules[0].id]
        for entry in happened:
            if not _happens(item, entry):
                _stale(item, entry)
        if happened or getattr(item, "obj", None) is _nothing:
            _expected_to_fail(item, *(happened or known))
    finally:
        if always and always.undefined:
            # Though it was refused, it may have left its mark.
            refusals.discard(item.stash[_TEST][1].args[1])
        item.user_properties += [("refusal", name) for name in sorted(refusals.types)]
        if rules:
            item.user_properties.append(("examples", item.stash.get(_EXAMPLES, 0)))


def _happens(item: pytest.Item, entry: Deviation) -> bool:
    """Whether the simplest call that the entry is about breaks its rule."""
    test, case = item.stash[_TEST]
    pinned = functools.partial(case.func, *case.args, **{**case.keywords, **entry.when})
    settings = hypothesis.settings(max_examples=1, phases=[Phase.generate], database=None)

    @settings
    @hypothesis.given(drawn=pinned())
    def call(drawn: calls.Case) -> None:
        test(case=drawn)

    if entry.dies:
        return crashes.dies(call)
    try:
        call()
    except checks.ContractViolation as error:
        return error.rule_id == entry.rule
    return False


def _record(item: pytest.Item, entry: Deviation) -> None:
    item.user_properties += [("deviation", str(entry)), ("link", entry.link)]


def _expected_to_fail(item: pytest.Item, *entries: Deviation) -> NoReturn:
    for entry in entries:
        _record(item, entry)
    reasons = "; ".join(entry.reason for entry in entries)
    raise pytest.xfail.Exception(reasons, pytrace=False) from None


def _stale(item: pytest.Item, entry: Deviation) -> NoReturn:
    item.user_properties.append(("stale", str(entry)))
    release = Version(torch.__version__).base_version
    pytest.fail(
        f"{entry.rule}: a known deviation no longer happens on torch {torch.__version__}\n"
        f"  {entry.reason}\n"
        f"  {entry.origin}: take it out, leave out {item.name}, or add mended = {release!r}",
        pytrace=False,
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Print the message of a violation alone, unless ``--tb`` asks for more."""
    report = yield
    violated = call.excinfo is not None and call.excinfo.errisinstance(checks.ContractViolation)
    if call.excinfo and violated and item.config.getoption("tbstyle", "auto") == "auto":
        report.longrepr = call.excinfo.getrepr(style="value", chain=False)
    return report
