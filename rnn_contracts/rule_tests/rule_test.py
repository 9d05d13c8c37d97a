"""One test of one rule: what it draws, and how it is run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import hypothesis
import pytest

from rnn_contracts import devices
from rnn_contracts.checking import subjects, surroundings
from rnn_contracts.checking.checks import check_of
from rnn_contracts.checking.run import Run
from rnn_contracts.checking.subjects import NotSupported, Subject
from rnn_contracts.checking.violation import DIED, RAISED, ContractViolation
from rnn_contracts.deviations import Deviation
from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.sequences import Sequences
from rnn_contracts.drawing.strategies import ANYTHING, Draw
from rnn_contracts.drawing.wrong_calls import WrongCall
from rnn_contracts.drawing.wrong_packing import WrongPacking
from rnn_contracts.messages import wording
from rnn_contracts.rule_tests import as_torch, failure, known_failures
from rnn_contracts.rule_tests.drawn import strategy_of
from rnn_contracts.rule_tests.examples import SOON, settings_of
from rnn_contracts.rule_tests.known_failures import KnownFailures
from rnn_contracts.rule_tests.statement import Statement
from rnn_contracts.rule_tests.tally import Tally
from rnn_contracts.rules import RULES, Rule
from rnn_contracts.variations import GridPoint

if TYPE_CHECKING:
    from hypothesis.vendor.pretty import RepresentationPrinter


@dataclass(eq=False, repr=False)
class RuleTest:
    """The test of one rule at one point of the grid, or of one wrong call, on one device.

    ``kind``, ``variant`` and ``device`` name it in the id of the test. ``needs`` are the arguments of
    the constructor without which there is nothing to check. ``pinned`` makes it the test of one known
    deviation, which makes only calls that the entry is about. ``first_look`` tells that it is run
    before the others. ``seen`` is what a case has raised that Hypothesis is to draw again and shrink.
    """

    rule: Rule
    statement: Statement
    kind: str
    variant: str
    device: str
    point: GridPoint | None = None
    wrong: WrongCall | WrongPacking | None = None
    drawn: Draw = ANYTHING
    slow: bool = False
    first_look: bool = False
    needs: tuple[str, ...] = ()
    subject: Subject | None = None
    pinned: Deviation | None = None
    known: KnownFailures = field(default_factory=KnownFailures)
    tally: Tally = field(default_factory=Tally)
    seen: Exception | None = None

    @property
    def id(self) -> str:
        """What pytest shows in brackets."""
        if self.pinned is None:
            return self.part_of
        when = ",".join(f"{name}={value}" for name, value in self.pinned.when.items())
        return f"{self.part_of}-known:{when}"

    @property
    def part_of(self) -> str:
        """The id of the test that draws all other calls, if this one makes those of a deviation."""
        rule = self.rule.id if self.wrong else ""
        return "-".join(filter(None, [rule, self.kind, self.variant, self.device]))

    @property
    def name(self) -> str:
        """The test's whole name."""
        return f"{self.statement.function.__name__}[{self.id}]"

    def place(self, seed: object) -> str:
        """Determines what is drawn: the same for all rules of a point of the grid on a device."""
        return f"{seed} {self.point or self.name} {self.device}"

    def __repr__(self) -> str:
        return f"<RuleTest {self.name}>"

    def _repr_pretty_(self, printer: RepresentationPrinter, cycle: bool) -> None:
        """What Hypothesis prints of it, which would print the fields of a dataclass."""
        printer.text(repr(self))

    # --- What is known of it ---------------------------------------------------------------------

    @property
    def given(self) -> dict[str, object]:
        """What is the same in every case that is drawn."""
        return {**self.drawn.given, **(vars(self.point) if self.point else {})}

    def is_meant_by(self, entry: Deviation) -> bool:
        """Whether the entry is about layers and devices as that of the test, whatever its rule."""
        name, backend = self.subject.name if self.subject else "", devices.backend(self.device)
        return entry.concerns(self.kind, self.variant, self.device, name, backend)

    def expecting(self, entries: Iterable[Deviation]) -> list[RuleTest]:
        """This test, knowing the entries by which it is meant, and a test for each condition."""
        concerned = list(entries)
        if not concerned:
            return [self]
        known = known_failures.sort(
            self.rule,
            self.given,
            concerned,
            builds_only=self.drawn.build_only,
            of_a_subject=self.subject is not None,
        )
        knowing = replace(self, known=known)
        if any(entry.rule != self.rule.id for entry in known.expected):
            # No call of the test can be checked.
            return [knowing]
        pinned = [knowing.pinned_to(entry) for entry in known.pinned]
        # Nothing is left to draw if one of the entries is about every call of this test.
        covered = any(
            self._must_happen(entry) and entry.when.items() <= self.given.items()
            for entry in known.pinned
        )
        return pinned if covered else [knowing, *pinned]

    def pinned_to(self, entry: Deviation) -> RuleTest:
        """The test of calls that the entry is about, which makes the simplest."""
        drawn = replace(self.drawn.only(entry.when), seed=1)
        others = tuple((other, when) for other, when in self.known.avoided if other is not entry)
        known = KnownFailures((entry,), self.known.elsewhere, others)
        return replace(self, drawn=drawn, pinned=entry, known=known, first_look=False)

    @property
    def mark(self) -> pytest.MarkDecorator | None:
        """The mark by which pytest judges it, if a failure of it is known."""
        of_a_subject = self.subject is not None
        return known_failures.mark(self.known, self.rule, of_a_subject=of_a_subject)

    def _must_happen(self, entry: Deviation) -> bool:
        return known_failures.must_happen(entry, of_a_subject=self.subject is not None)

    # --- Running it ------------------------------------------------------------------------------

    def drawing(self, run: Run, seed: object, *, database: bool = True) -> Callable[..., None]:
        """The Hypothesis test, which makes no call that is known to deviate."""
        self.tally = Tally()
        try:
            subjects.require(self.subject, self.needs)
        except NotSupported as error:
            self.tally.unsupported.update(error.args)
            return lambda **_: None  # nothing is left to draw
        avoided = self.avoided(run)

        # Hypothesis tokenizes the source of this function for each test, so keep it short.
        @settings_of(self, database=database)
        @hypothesis.given(drawn=strategy_of(self))
        def draw(drawn: Case | Sequences, **_: object) -> None:
            __tracebackhide__ = True
            if not self.try_case(drawn, run, avoided):
                hypothesis.reject()

        if seed is None:
            return draw
        return hypothesis.seed(self.place(seed))(draw)

    def avoided(self, run: Run) -> list[tuple[Deviation, Mapping[str, object]]]:
        """What is not drawn: of a subject only what it does as wrong as torch's own layer."""
        return [
            (entry, when)
            for entry, when in self.known.avoided
            if self._must_happen(entry) or (self.point and as_torch.happens(self, entry, run))
        ]

    def try_case(
        self,
        drawn: Case | Sequences,
        run: Run,
        avoided: Sequence[tuple[Deviation, Mapping[str, object]]],
    ) -> bool:
        """Check one case, unless it is known to deviate; False asks for another in its place."""
        __tracebackhide__ = True
        for entry, when in avoided:
            if drawn.matches(when):
                self.tally.avoided[str(entry)] = entry
                return self._passed_over_enough()
        if self.tally.lost:
            raise self.tally.lost
        if self.tally.out_of_memory or self.tally.is_shrunk(drawn):
            return True
        repeated = self.tally.repeated
        if (repeated and repeated.effect != RAISED) or (self.tally.known and self.known.expected):
            # One violation is enough, unless it is a call that raises: other calls may do otherwise.
            return True
        if self.subject and isinstance(drawn, Case) and (limits := self.subject.leaves_out(drawn)):
            self.tally.unsupported.update(limits)
            return self._passed_over_enough()
        run.notes.write(self.rule.id, drawn)
        self.tally.seeds.add(drawn.seed)
        try:
            self.check_case(drawn, run)
        except NotSupported as error:
            self.tally.unsupported.update(error.args)
            return self._passed_over_enough()
        except ContractViolation as error:
            error.drawn = drawn
            if error.__cause__ and devices.is_lost(error.__cause__):
                self.tally.lost = error
                run.lost = f"{drawn.device} was lost in {self.name}: {error.found}"
                run.notes.end(error.rule_id, drawn, error.found)
            return self._judge(error, drawn, run)
        except Exception as error:
            if not devices.is_out_of_memory(error):
                raise
            self.tally.out_of_memory = f"{type(error).__name__}: {error}".partition("\n")[0]
        else:
            self.tally.examples += 1
        return True

    def check_case(self, case: Case | Sequences, run: Run) -> None:
        """Call the test function with the check, or the trial, of the case."""
        __tracebackhide__ = True
        if self.pinned and self.pinned.dies and isinstance(case, Case):
            if run.sandboxes.dies(case, self.subject):
                found = "the process died of this call, or it hung"
                described, code = case.describe(), case.calling()
                raise ContractViolation(self.rule, found, described, code=code, effect=DIED)
            return
        takes = self.statement.takes
        check = check_of(self.rule, case, run, self.subject, trial=takes == "trial")
        for entry in self.known.expected:
            if entry.rule == self.rule.id and self._must_happen(entry):
                check.expects = "undefined" if entry.undefined else "accepted"
        arguments: dict[str, object] = {takes: check}
        if self.wrong:
            arguments["wrong"] = self.wrong
        try:
            self.statement.function(**arguments)
        finally:
            self.tally.comparisons += check.comparisons
            self.tally.refusals |= {check.refusal} - {""}
            if check.error:
                self.tally.errors.setdefault(wording(check.error), check.error)

    def _shown(self, violation: ContractViolation, run: Run) -> ContractViolation:
        """The violation as the test shows it: in the simplest call, with a script."""
        if violation is self.tally.repeated:
            violation.refer_to(run.shown_in(self.kind, violation))
            return violation
        if not (self.wrong or self.pinned):
            violation = failure.simplest(violation, self.drawn, self._check_simpler)
        failure.add_script(violation, self.check_case, self.subject)
        if violation.code:
            run.shown[self.kind, violation.difference] = self.name
        return violation

    def _check_simpler(self, case: Case | Sequences, run: Run) -> None:
        """Check the case, unless it is known to deviate or is left out."""
        known = any(case.matches(when) for _, when in self.known.avoided)
        if isinstance(case, Case) and self.subject and self.subject.leaves_out(case):
            return
        if not known:
            self.check_case(case, run)

    def _judge(self, error: ContractViolation, drawn: Case | Sequences, run: Run) -> bool:
        """Raise a violation that is not known; what is known is raised when the test ends.

        So is one that another test has shown: Hypothesis would shrink the same cause in every test.
        False asks for another case, in the place of one that is known to fail.
        """
        __tracebackhide__ = True
        entry = self.known.entry_of(error)
        if entry and as_torch.differs(self, entry, error, run):
            error.unlike_torch, entry = True, None
        # Once it raised, keep raising: Hypothesis replays the example and calls it flaky otherwise.
        if (
            entry is None
            or self.tally.raised
            or (error.died and not (entry.undefined or entry.dies))
        ):
            if not self.tally.raised and run.shown_in(self.kind, error) not in ("", self.name):
                self.tally.repeated = self.tally.repeated or error.let_go()
                return True
            self.tally.note_raised(drawn, error)
            raise error
        self.tally.known = self.tally.known or error.let_go()
        return entry in self.known.expected or self._passed_over_enough()

    def _passed_over_enough(self) -> bool:
        """Whether no case is drawn in the place of one that cannot be checked: it is not found soon."""
        self.tally.passed_over += 1
        # There are few wrong calls, and perhaps no other.
        return self.wrong is not None or self.tally.passed_over >= SOON or bool(self.tally.raised)

    # --- The end of it ---------------------------------------------------------------------------

    @contextlib.contextmanager
    def judged(self, run: Run) -> Iterator[None]:
        """Run the Hypothesis test, then fail if nothing was checked, or raise what is known."""
        __tracebackhide__ = True
        try:
            with surroundings.usual(run.threads), surroundings.kept(lambda: self.tally.seeds):
                try:
                    yield
                    if self.tally.repeated:
                        raise self.tally.repeated
                    if self.seen:
                        raise failure.made_again(self.seen, self.check_case)
                except ContractViolation as error:
                    shown = self._shown(error, run)
                    raise shown from shown.__cause__
                except hypothesis.errors.FlakyFailure as error:
                    raise failure.unrepeated(error) from None
        except hypothesis.errors.Unsatisfiable:
            if not (self.tally.avoided or self.tally.unsupported or self.tally.known):
                raise
        except ContractViolation as error:
            if self._is_a_difference(error):
                self.tally.difference = error.let_go()
                pytest.xfail(f"differs from torch, which does not document {error.rule_id}")
            raise
        self.tally.fail_if_out_of_memory(self.rule.id, self.device)
        if self.tally.known and self.known.expected:
            with surroundings.usual(run.threads):
                raise self._shown(self.tally.known, run)
        self.tally.fail_if_nothing_was_checked(self.rule.id, self.known, pinned=bool(self.pinned))

    def _is_a_difference(self, error: ContractViolation) -> bool:
        """Whether a subject does otherwise than torch, and torch does not say what is right."""
        observed = RULES[error.rule_id].basis == "observed"
        known = self.known.entry_of(error)
        return self.subject is not None and observed and known is None and not error.died
