"""What every check is made of: statements that are noted, and comparisons that break the rule."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, NoReturn

import torch
from torch import Tensor

from rnn_contracts import devices
from rnn_contracts.checking.recorder import evaluate
from rnn_contracts.checking.run import Run
from rnn_contracts.checking.sandbox import Expected
from rnn_contracts.checking.violation import Claim, ContractViolation, violated
from rnn_contracts.drawing.drawn import Drawn
from rnn_contracts.rules import Rule


class Assertions:
    """One rule, held against what was drawn.

    Every comparison for the rule is counted in ``comparisons``. What breaks a rule raises
    ``ContractViolation``. ``refusal`` is the type of the exception by which a wrong call was refused,
    ``expects`` what is known to come of it, and ``error`` what it raised, or the warning that it gave.
    """

    def __init__(self, rule: Rule, case: Drawn, run: Run) -> None:
        self.rule, self.case, self.run = rule, case, run
        self.comparisons = 0
        self.refusal = self.error = ""
        self.expects: Expected = "refused"

    def do(self, code: str, *objects: object, name: str = "value", changes: int = 0) -> Any:
        """Evaluate code, a line of the script of this check; see ``Recorder.do``."""
        return self.run.recorder.do(code, *objects, name=name, changes=changes)

    def within(self, code: str) -> contextlib.AbstractContextManager[Any]:
        """Enter the context manager that this code makes, a line of the script of this check."""
        return self.run.recorder.within(code)

    @contextlib.contextmanager
    def must_not_raise(self, what: str) -> Iterator[None]:
        """Whatever is done within by this rule must not raise."""
        __tracebackhide__ = True
        try:
            yield
            devices.synchronize(self.case.device)
        except ContractViolation:
            raise
        except Exception as error:
            found = f"{what} raised {type(error).__name__}: {error}"
            violated(self.rule.id, self.case, found, cause=error)

    def on_cpu(self, tensor: Tensor) -> Tensor:
        """The tensor where there is float64, which some accelerators lack."""
        if not devices.is_accelerator(tensor.device.type):
            return tensor
        moved: Tensor = self.do("$0.cpu()", tensor)
        return moved

    def assert_that(self, condition: str, found: str, *objects: object) -> None:
        """Hold anything that the rule says: code, in which ``$0``, ``$1`` stand for the objects.

        ``found``, the inside of an f-string, is what is there if it is not so.
        """
        __tracebackhide__ = True
        self.comparisons += 1
        with self.run.recorder.paused():
            holds = evaluate(condition, *objects)
            if not holds:
                self.fail_at(Claim(condition, found, objects))

    def assert_close(self, name: str, found: Tensor, expected: Tensor, *, units: int = 0) -> None:
        """Hold one tensor against what it must equal, on the CPU; ``name`` is printed."""
        __tracebackhide__ = True
        found, expected = self.on_cpu(found), self.on_cpu(expected)
        self.comparisons += bool(found.numel()) or found.shape != expected.shape
        with self.run.recorder.paused():
            self._assert_close(name, found, expected, units)

    def _assert_close(self, name: str, found: Tensor, expected: Tensor, units: int) -> None:
        __tracebackhide__ = True
        both = (found, expected)
        if found.shape != expected.shape:
            said = f"{name}: shape {{tuple($0.shape)}}   expected {{tuple($1.shape)}}"
            self.fail_at(Claim("$0.shape == $1.shape", said, both))
        if not found.numel() or (not units and torch.equal(found, expected)):
            return
        one, other = found.detach().double(), expected.detach().double()
        scale = max(1.0, float(other.abs().max()))
        unit = torch.finfo(getattr(torch, self.case.dtype)).eps if units else 0.0
        allowed = units * unit * scale if units else 0.0
        differences = (one - other).abs()
        wrong = ~(torch.logical_or(one == other, differences <= allowed))
        if not bool(wrong.any()):
            return
        first = f"[{', '.join(map(str, wrong.nonzero()[0].tolist()))}]" if wrong.dim() else ""
        said = f"{name}: {{$0{first}.item():.6g}}   expected {{$1{first}.item():.6g}}"
        close = f"torch.allclose($0.double(), $1.double(), rtol=0, atol={allowed:.3g})"
        largest = float(differences[wrong].max())
        self.fail_at(
            Claim(close if units else "torch.equal($0, $1)", said, both),
            f"the first of {int(wrong.sum())} of {wrong.numel()} numbers that differ, by up to "
            f"{largest:.2g} (allowed {allowed:.2g})",
        )

    def fail(self, found: str, claim: Claim, *, call: bool = True) -> NoReturn:
        """Raise the violation of this rule; ``claim`` is what is not so."""
        __tracebackhide__ = True
        violated(self.rule.id, self.case, found, claim, call=call)

    def fail_at(self, claim: Claim, *more: str) -> NoReturn:
        """Raise the violation: the claim does not hold."""
        __tracebackhide__ = True
        text = evaluate(f"f{claim.found!r}", *claim.objects)
        self.fail("\n  ".join([text, *more]), claim)
