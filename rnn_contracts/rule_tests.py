"""One test of one rule: which there are, what each draws, and what its outcome is held against.

The suite's test functions are statements of the rules. Each becomes one test for every grid cell of
its rule's layers, or every wrong call, on every device.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NoReturn

import hypothesis
import pytest
import torch
from hypothesis import HealthCheck, Phase, Verbosity
from packaging.version import Version

from rnn_contracts import calls, checks, crashes, refusals, rules, subjects, surroundings
from rnn_contracts.deviations import Deviation
from rnn_contracts.layer import CELLS
from rnn_contracts.refusals import WRONG
from rnn_contracts.rules import ACCEPTING, Rule
from rnn_contracts.strategies import GRID, GridCell, cases, wrong_cases
from rnn_contracts.subjects import NotSupported, Subject

Properties = list[tuple[str, object]]

_GRID_FIELDS = {field.name for field in fields(GridCell)}
_DRAW_ARGUMENTS = {*inspect.signature(cases).parameters} - {"cell", "device", "subject"}
_DEFAULTS = {"bias": True, "nonlinearity": "tanh", "dropout": 0.0, "dtype": "float32"}
_SLOW_EXAMPLES = 8
_SOON = 16
NIGHTLY = "nightly"

try:
    hypothesis.settings.get_profile(NIGHTLY)
except hypothesis.errors.InvalidArgument:
    hypothesis.settings.register_profile(
        NIGHTLY, hypothesis.settings.get_profile("default"), max_examples=5000
    )


@functools.cache
def torch_build() -> str:
    """Release and build."""
    version = torch.version
    build = "debug" if version.debug else "release"
    for name, built_for in (("CUDA", version.cuda), ("HIP", version.hip)):
        build += f", {name} {built_for}" if built_for else ""
    return f"{torch.__version__} (git {version.git_version[:12]}, {build} build)"


def nightly() -> bool:
    """Whether what is slow is run."""
    return hypothesis.settings.get_current_profile_name() == NIGHTLY


def examples_of_a_cell() -> int:
    """Examples for one grid cell and shape rule: 4 for 100 that the Hypothesis profile asks for."""
    return max(1, hypothesis.settings().max_examples * 4 // 100)


def values_of(device: str) -> bool:
    """Whether tensors on the device have values."""
    return device != "meta"


@dataclass(eq=False, repr=False)
class RuleTest:
    """The test of one rule in one grid cell, or of one wrong call, on one device.

    ``id`` names it beside its rule: kind, variant and device. ``draws`` makes the strategy of its
    case, ``options`` fix a part of it, and ``fixed`` are further arguments of ``function``. ``needs``
    are the arguments of the constructor without which there is nothing to check.
    ``threads`` is the number of threads that torch may use: one, since on small layers more cost more
    than they give, and xdist has the cores already. ``properties`` say what came of it, as pytest's
    ``user_properties`` do.
    """

    rule: Rule
    function: Callable[..., None]
    kind: str
    variant: str
    device: str
    draws: Callable[..., hypothesis.strategies.SearchStrategy[calls.Case]]
    options: dict[str, Any]
    fixed: dict[str, object] = field(default_factory=dict)
    cell: GridCell | None = None
    slow: bool = False
    needs: tuple[str, ...] = ()
    subject: Subject | None = None
    deviations: Sequence[Deviation] = ()
    database: bool = True
    threads: int = 1
    properties: Properties = field(default_factory=list)
    examples: int = 0
    unsupported: set[str] = field(default_factory=set)
    avoided: list[Deviation] = field(default_factory=list)
    passed_over: int = 0
    expected: checks.ContractViolation | None = None
    raised: bool = False
    seed: object = None

    @property
    def id(self) -> str:
        """What pytest shows in brackets."""
        return "-".join(filter(None, [self.kind, self.variant, self.device]))

    @property
    def name(self) -> str:
        """The test's whole name."""
        return f"{self.function.__name__}[{self.id}]"

    @property
    def draws_as(self) -> str:
        """Names what it draws: the rules of shapes look at the same calls."""
        return self.id if self.rule.family == "shape" else self.name

    def __repr__(self) -> str:
        return f"<RuleTest {self.name}>"

    def expect(self, known: Sequence[Deviation]) -> None:
        """Expect those of the known deviations that are about this test."""
        name = self.subject.name if self.subject else ""
        concerned = [
            entry for entry in known if entry.concerns(self.kind, self.variant, self.device, name)
        ]
        limits = [entry for entry in concerned if entry.limit]
        self.deviations = [
            entry
            for entry in concerned
            if not entry.quote
            and (
                entry.rule == self.rule.id
                or entry.blocks(self.rule) is not None
                # The test of a refusal breaks no other rule, nor does any other break that.
                or (not entry.when and rules.rule(entry.rule).family != "refusal")
            )
            # Of calls that cannot be made nothing else is known.
            and not any(
                limit is not entry and limit.when.items() <= {**self._given, **entry.when}.items()
                for limit in limits
            )
            # What the test itself fixes to another value never happens in it.
            and all(self._given.get(name, it) == it for name, it in entry.when.items())
        ]

    @property
    def _given(self) -> dict[str, object]:
        """What is the same in every case that is drawn."""
        return {**self.options, **(vars(self.cell) if self.cell else {})}

    def describe(self, machine: str) -> None:
        """Say in the properties what the test is about, and on which machine it runs."""
        self.properties += [("rule", self.rule.id), ("kind", self.rule.family)]
        self.properties += [("torch", torch_build()), ("device", self.device), ("machine", machine)]
        self.properties += [("cell", str(self.cell))] * (self.cell is not None)
        self.properties += [("subject", str(self.subject))] * (self.subject is not None)

    def _always(self, rule_id: str) -> Deviation | None:
        """What is known to break that rule whatever is drawn."""
        entries = (entry for entry in self.deviations if entry.rule == rule_id and not entry.when)
        return next(entries, None)

    def _strict(self, entry: Deviation) -> bool:
        """Whether it must happen: what torch's own layer does wrong, a subject may do right."""
        return bool(entry.subject) or self.subject is None

    # --- Drawing ---------------------------------------------------------------------------------

    def drawing(self) -> Callable[..., None]:
        """The Hypothesis test, which makes no call that is known to deviate."""
        self.examples, self.passed_over, self.unsupported, self.avoided = 0, 0, set(), []
        self.expected, self.raised = None, False
        try:
            subjects.require(self.subject, self.needs)
        except NotSupported as error:
            self.unsupported.update(error.args)
            return _nothing
        with surroundings.usual(self.threads):
            avoided = [
                (entry, when)
                for entry in self.deviations
                if (when := self._avoided_when(entry)) is not None
                if self._strict(entry) or self._happens(entry)
            ]
        self.avoided = [it for it, when in avoided if when.items() <= self._given.items()]
        if self.avoided:
            # All that it would draw.
            return _nothing

        # Hypothesis tokenizes the source of this function for each test, to name it: it is short.
        @self._settings()
        @hypothesis.given(drawn=self.draws(**self.options))
        def draw(drawn: calls.Case, **_: object) -> None:
            __tracebackhide__ = True
            self._check(drawn, avoided)

        if self.seed is None:
            return draw
        # With the seed alone every test would draw what all others do.
        return hypothesis.seed(f"{self.seed} {self.draws_as}")(draw)

    def _check(
        self, drawn: calls.Case, avoided: Sequence[tuple[Deviation, Mapping[str, object]]]
    ) -> None:
        """Check one case, unless it is known to deviate."""
        __tracebackhide__ = True
        for entry, when in avoided:
            if drawn.fits(when):
                self.avoided.append(entry)
                # Of the few wrong calls there may be no other.
                if self.cell is None:
                    return
                hypothesis.reject()
        if self.expected:
            # It is known: once is enough.
            return
        crashes.note(self.rule.id, drawn)
        try:
            self.function(case=drawn, **self.fixed)
        except NotSupported as error:
            self.unsupported.update(error.args)
            self._pass_over()
        except checks.ContractViolation as error:
            known = self._always(error.rule_id)
            own = error.rule_id == self.rule.id
            # Hypothesis tries again what was raised, and must see the same.
            if known and own and not self.raised and (known.undefined or not error.died):
                self.expected = error
                return
            if known is None or own or error.died:
                self.raised = True
                raise
            # The rest is checked as ever.
            self.avoided.append(known)
            self.properties.append(("violation", str(error)))
            self._pass_over()
        else:
            self.examples += 1

    def _pass_over(self) -> None:
        """Draw another case in the place of one that could not be checked, if there is one soon."""
        self.passed_over += 1
        if self.cell is not None and self.passed_over < _SOON and not self.raised:
            hypothesis.reject()

    def _avoided_when(self, entry: Deviation) -> Mapping[str, object] | None:
        """What the calls are like, or layers, that are not made because of the entry."""
        if entry.rule == self.rule.id:
            return entry.when or None
        if self.options.get("build_only") and entry.rule != "constructor-accepts":
            return None
        return entry.blocks(self.rule) or None

    def _settings(self) -> hypothesis.settings:
        """Those of the Hypothesis profile, without what is of no use here."""
        current = hypothesis.settings()
        settings = hypothesis.settings(
            current,
            max_examples=self._max_examples(),
            deadline=None,
            # One bug at a time: the message of one violation is not mixed with that of another.
            report_multiple_bugs=False,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
            # Explaining a failure reruns it often, to say less than the message does.
            phases=[phase for phase in current.phases if phase is not Phase.explain],
        )
        if current.verbosity == Verbosity.normal:
            # A violation says it all, the minimal case included.
            settings = hypothesis.settings(settings, verbosity=Verbosity.quiet)
        return settings if self.database else hypothesis.settings(settings, database=None)

    def _max_examples(self) -> int:
        """Examples for one grid cell: more where it stands alone, fewer where they cost or vary less."""
        examples = examples_of_a_cell()
        if self.slow:
            # To compile a layer takes a second or more.
            examples = min(examples, _SLOW_EXAMPLES)
        if self.cell is None:
            # All of the few wrong calls that there are.
            return max(examples, 16)
        if self.kind in CELLS:
            examples *= 20 if self.rule.family == "shape" else 10
        if self.cell.num_layers > 3:
            # The deepest stacks take more time than all others together.
            examples //= 2
        if self.rule.family != "shape":
            examples //= 2
        if not values_of(self.device) or "without_numbers" in self.options:
            examples //= 4
        # What is known ends the test where it happens, and must happen.
        return max(_SOON if self._always(self.rule.id) and not self.slow else 1, examples)

    # --- The outcome -----------------------------------------------------------------------------

    def __call__(self) -> None:
        """Run the test by itself."""
        __tracebackhide__ = True
        # The next may be of a layer that does otherwise: nothing is shared.
        checks.share(None)
        with self.verdict():
            self.drawing()()

    @contextlib.contextmanager
    def verdict(self) -> Iterator[None]:
        """Fail if nothing was checked, expect what is known, and record what happened."""
        __tracebackhide__ = True
        always = self._always(self.rule.id)
        checks.checked.clear()
        refusals.types.clear()
        if always and self._strict(always):
            refusals.known = "undefined" if always.undefined else "accepted"
        try:
            with surroundings.usual(self.threads):
                yield
        except checks.ContractViolation as error:
            self.properties.append(("broken", error.rule_id))
            raise
        except hypothesis.errors.Unsatisfiable:
            if not self.avoided and not self.unsupported:
                raise
            if not self.unsupported:
                expected_to_fail(self.properties, *self.avoided)
            self._hold_against_known(always)
        else:
            self._hold_against_known(always)
        finally:
            refusals.known = ""
            self.properties += [("refusal", name) for name in sorted(refusals.types)]
            self.properties += [("unsupported", what) for what in sorted(self.unsupported)]
            self.properties.append(("examples", self.examples))

    def _hold_against_known(self, always: Deviation | None) -> None:
        """What is known must have happened."""
        if self.expected and always:
            self.properties += [("broken", self.rule.id), ("violation", str(self.expected))]
            expected_to_fail(self.properties, always)
        if not self.examples:
            if self.unsupported:
                pytest.skip(f"not supported: {', '.join(sorted(self.unsupported))}")
            blocked = [entry for entry in self.avoided if entry.rule != self.rule.id]
            if blocked:
                expected_to_fail(self.properties, *blocked)
        if always and self._strict(always):
            if not always.undefined:
                stale(self.properties, always, self.name)
            # It may happen in the next run: for who compares the two, it deviates in both.
            record(self.properties, always)
        happened = [
            entry
            for entry in self.deviations
            if entry.when and entry.rule == self.rule.id and self._strict(entry)
        ]
        for entry in happened:
            with surroundings.usual(self.threads):
                happens = self._happens(entry)
            if not happens:
                stale(self.properties, entry, self.name)
        # What a limit leaves is checked as ever: the test passes by that.
        happened = [entry for entry in happened if not entry.limit]
        if happened or (self.avoided and not self.examples):
            expected_to_fail(self.properties, *(happened or self.avoided))
        if not checks.checked[self.rule.id]:
            pytest.fail(f"{self.rule.id}: the test passed and checked nothing", pytrace=False)

    def _happens(self, entry: Deviation) -> bool:
        """Whether the simplest call that the entry is about breaks its rule."""
        if self.cell is None:
            return False
        settings = hypothesis.settings(
            max_examples=1, phases=[Phase.generate], database=None, deadline=None
        )
        pinned = {name: it for name, it in entry.when.items() if name not in _GRID_FIELDS}

        died = False

        @settings
        @hypothesis.given(drawn=self.draws(**{**self.options, **pinned, "seed": 1}))
        def call(drawn: calls.Case) -> None:
            nonlocal died
            if entry.dies:
                died = refusals.dies(drawn)
            else:
                self.function(case=drawn, **self.fixed)

        try:
            call()
        except checks.ContractViolation as error:
            self.properties.append(("violation", str(error)))
            return error.rule_id == entry.rule or (entry.limit and error.rule_id in ACCEPTING)
        except NotSupported as error:
            # What cannot be tried is believed.
            self.unsupported.update(error.args)
            return self._strict(entry)
        return died


def record(properties: Properties, entry: Deviation) -> None:
    """Say in the properties that it happened, or may."""
    properties += [("deviation", str(entry)), ("link", entry.link)]


def expected_to_fail(properties: Properties, *entries: Deviation) -> NoReturn:
    """End a test that failed as it is known to."""
    known = {str(entry): entry for entry in entries}
    for entry in known.values():
        record(properties, entry)
    reasons = "; ".join(entry.reason for entry in known.values())
    raise pytest.xfail.Exception(reasons, pytrace=False) from None


def stale(properties: Properties, entry: Deviation, test: str) -> NoReturn:
    """Fail a test that is known to fail, and did not."""
    properties.append(("stale", str(entry)))
    release = Version(torch.__version__).base_version
    mended = "" if entry.subject else f", or add mended = {release!r}"
    pytest.fail(
        f"{entry.rule}: a known deviation no longer happens on torch {torch.__version__}\n"
        f"  {entry.reason}\n"
        f"  {entry.origin}: take it out, leave out {test}{mended}",
        pytrace=False,
    )


def _nothing(**_: object) -> None:
    """Stand in for a test of which nothing is left."""


# --- Which tests there are -----------------------------------------------------------------------

Decorator = Callable[[Callable[..., None]], Callable[..., None]]


@dataclass(frozen=True)
class Statement:
    """What a test function states: a rule, and where it is checked."""

    rule: Rule
    cell: Mapping[str, object]
    options: Mapping[str, object]
    needs: tuple[str, ...]
    slow: bool


def checks_rule(
    rule_id: str, *, needs: tuple[str, ...] = (), slow: bool = False, **options: object
) -> Decorator:
    """Make a function that takes ``case`` the test of a rule.

    ``options`` narrow the grid (a field of ``GridCell``) or the draw (an argument of
    ``strategies.cases``). ``needs`` names arguments of the constructor without which the rule says
    nothing. What is ``slow`` is left out but in the nightly profile. A function that takes ``wrong``
    too gets every wrong call of the rule. ``ValueError`` if there is no such rule or option.
    """
    for name in options:
        if name not in _GRID_FIELDS | _DRAW_ARGUMENTS:
            known = ", ".join(sorted(_GRID_FIELDS | _DRAW_ARGUMENTS))
            raise ValueError(f"no such field or argument: {name}; known: {known}")
    cell = {name: options.pop(name) for name in _GRID_FIELDS & {*options}}
    statement = Statement(rules.rule(rule_id), cell, options, needs, slow)

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        function.statement = statement  # type: ignore[attr-defined]
        return function

    return decorate


def tests_of(
    function: Callable[..., None],
    devices: Sequence[str],
    subjects: Mapping[str, Subject],
) -> list[RuleTest]:
    """The tests of a function that ``checks_rule``: of torch, or of the subjects alone."""
    statement: Statement = function.statement  # type: ignore[attr-defined]
    rule, slow = statement.rule, statement.slow
    devices = [it for it in devices if values_of(it) or not rule.values]
    kinds = [kind for kind in rule.layers if kind in subjects or not subjects]
    if "wrong" in inspect.signature(function).parameters:
        return [
            RuleTest(
                rule,
                function,
                kind,
                wrong.name,
                device,
                functools.partial(wrong_cases, kind, device, wrong),
                {"subject": subjects[kind].key} if kind in subjects else {},
                {"wrong": wrong},
                # Calls are refused there as on the CPU, but for dtypes, and take ten times as long.
                slow=slow or (device == "meta" and not wrong.constructor),
                needs=wrong.takes if wrong.constructor else _needs(None, device),
                subject=subjects.get(kind),
            )
            # A construction knows no device.
            for device in devices
            for wrong in WRONG
            if wrong.rule == rule.id and not (wrong.constructor and device != devices[0])
            for kind in wrong.kinds
            if kind in kinds
        ]
    return [
        RuleTest(
            rule,
            function,
            cell.kind,
            str(cell).partition("-")[2],
            device,
            functools.partial(cases, cell, device),
            _about(subjects.get(cell.kind), statement.options),
            cell=cell,
            slow=slow,
            needs=(*statement.needs, *_needs(cell, device)),
            subject=subjects.get(cell.kind),
        )
        for device in devices
        for cell in GRID
        if cell.kind in kinds
        if all(getattr(cell, name) == value for name, value in statement.cell.items())
    ]


def _needs(cell: GridCell | None, device: str) -> tuple[str, ...]:
    """The arguments that every layer of the cell on the device is made with."""
    needed = {"device": device != "cpu"}
    if cell:
        needed |= {"batch_first": cell.batch_first, "num_layers": cell.num_layers > 1}
        needed |= {"bidirectional": cell.bidirectional, "proj_size": cell.projection}
    return tuple(name for name, is_needed in needed.items() if is_needed)


def _about(subject: Subject | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """What the draw is told: of a subject its name, and not to draw what it does not take."""
    if subject is None:
        return {**options}
    lacks = () if subject.require_all else subject.lacks
    fixed = {name: value for name, value in _DEFAULTS.items() if name in lacks}
    return {**fixed, **options, "subject": subject.key}
