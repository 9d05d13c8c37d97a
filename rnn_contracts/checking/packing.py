"""The helpers of packing, called on one batch of sequences: what the rules about them are written in.

A helper is looked up in ``torch.nn.utils.rnn`` when it is called, so that what stands there is checked.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from rnn_contracts.checking import calls
from rnn_contracts.checking.assertions import Assertions
from rnn_contracts.checking.run import Run
from rnn_contracts.checking.violation import (
    EFFECT_OF_A_WRONG_CALL,
    RAISED,
    ContractViolation,
)
from rnn_contracts.drawing.sequences import Sequences
from rnn_contracts.drawing.wrong_packing import WrongPacking
from rnn_contracts.rules import Rule


class Packing(Assertions):
    """A check that has a batch of sequences; ``case`` is what was drawn.

    Whatever it makes, it makes by a line of the script that a failure prints.
    """

    case: Sequences

    def __init__(self, rule: Rule, case: Sequences, run: Run) -> None:
        super().__init__(rule, case, run)
        with run.recorder.paused():
            calls.seed(case)
        run.recorder.begin(case)

    # --- What the helpers are given ---------------------------------------------------------------

    def sequences(self) -> list[Tensor]:
        """The list of sequences, each (length, *)."""
        drawn: list[Tensor] = self.do(self.case.list_code, name="sequences")
        return drawn

    def padded(self) -> Tensor:
        """A padded batch, (T, N, *) or (N, T, *), with random numbers past the ends too."""
        drawn: Tensor = self.do(self.case.padded_code, name="padded")
        return drawn

    def lengths(self) -> Any:
        """The lengths, as a list or a tensor as the case demands."""
        return self.do(self.case.lengths_code, name="lengths")

    def lengths_in_tensor(self) -> Tensor:
        """The lengths as a tensor, which ``unpad_sequence`` asks for."""
        made: Tensor = self.do(f"torch.tensor({list(self.case.lengths)})", name="lengths")
        return made

    # --- The helpers -----------------------------------------------------------------------------

    def pack_padded(self, padded: Tensor, lengths: Any) -> Any:
        """What ``pack_padded_sequence`` gives."""
        options = self.case.first + self.case.sorting
        return self.call("pack_padded_sequence", f"$0, $1{options}", padded, lengths, name="packed")

    def pad_packed(self, packed: Any) -> Any:
        """What ``pad_packed_sequence`` gives: the padded batch, and the lengths."""
        options = self.case.first + self.case.padding + self.case.total
        return self.call("pad_packed_sequence", f"$0{options}", packed, name="result")

    def pack(self, sequences: list[Tensor]) -> Any:
        """What ``pack_sequence`` gives."""
        return self.call("pack_sequence", f"$0{self.case.sorting}", sequences, name="packed")

    def unpack(self, packed: Any) -> Any:
        """What ``unpack_sequence`` gives."""
        return self.call("unpack_sequence", "$0", packed, name="unpacked")

    def pad(self, sequences: list[Tensor], more: str = "") -> Any:
        """What ``pad_sequence`` gives; ``more`` are further arguments."""
        options = self.case.first + self.case.padding + more
        return self.call("pad_sequence", f"$0{options}", sequences, name="padded")

    def unpad(self, padded: Tensor, lengths: Tensor) -> Any:
        """What ``unpad_sequence`` gives."""
        return self.call(
            "unpad_sequence", f"$0, $1{self.case.first}", padded, lengths, name="parts"
        )

    def call(self, helper: str, arguments: str, *objects: object, name: str) -> Any:
        """What a helper gives; this rule is broken if it raises."""
        __tracebackhide__ = True
        self.run.notes.write(self.rule.id, self.case)
        with self.must_not_raise(helper):
            return self.do(f"nn.utils.rnn.{helper}({arguments})", *objects, name=name)

    def part_of(self, packed: Any, field: str) -> Any:
        """A field of a packed batch."""
        __tracebackhide__ = True
        with self.must_not_raise(f"packed.{field}"):
            return self.do(f"$0.{field}", packed, name=field)

    # --- Comparisons -----------------------------------------------------------------------------

    def steps_first(self, padded: Tensor) -> Tensor:
        """(T, N, *) of a padded batch in the layout of the case."""
        return padded.transpose(0, 1) if self.case.batch_first else padded

    def assert_shape(self, name: str, tensor: Tensor, shape: tuple[int, ...]) -> None:
        """A tensor, and not another thing, of this shape."""
        __tracebackhide__ = True
        said = f"{name} is a {{type($0).__name__}}   expected a tensor"
        self.assert_that("torch.is_tensor($0)", said, tensor)
        said = f"{name}.shape = {{tuple($0.shape)}}   expected {shape}"
        self.assert_that(f"tuple($0.shape) == {shape}", said, tensor)

    def assert_same(self, name: str, found: Any, expected: Tensor) -> None:
        """The same tensor, number by number."""
        __tracebackhide__ = True
        said = f"{name} is a {{type($0).__name__}}   expected a tensor"
        self.assert_that("torch.is_tensor($0)", said, found)
        said = (
            f"{name} is of {{$0.dtype}} on {{$0.device}}   expected {{$1.dtype}} on {{$1.device}}"
        )
        like = "($0.dtype, $0.device) == ($1.dtype, $1.device)"
        self.assert_that(like, said, found, expected)
        self.assert_close(name, found, expected)

    def assert_unchanged(self, name: str, owner: Any, before: Tensor, field: str = "") -> None:
        """A tensor, or the field of a packed batch, is as its copy from before."""
        __tracebackhide__ = True
        now = f"$0.{field}" if field else "$0"
        said = f"{name}.shape = {{tuple({now}.shape)}}   expected {{tuple($1.shape)}}, as before"
        self.assert_that(f"{now}.shape == $1.shape", said, owner, before)
        said = f"{name} has other numbers than before"
        self.assert_that(f"torch.equal({now}, $1)", said, owner, before)

    def assert_lengths(self, name: str, lengths: Any) -> None:
        """The lengths in the order of the caller, int64 on the CPU."""
        __tracebackhide__ = True
        self.assert_integers(name, lengths, list(self.case.lengths))

    def assert_integers(self, name: str, found: Any, expected: list[int]) -> None:
        """A tensor of these numbers, int64 on the CPU."""
        __tracebackhide__ = True
        said = f"{name} = {{$0}}   expected an int64 tensor on the CPU"
        where = '($0.dtype, $0.device.type) == (torch.int64, "cpu")'
        self.assert_that(f"torch.is_tensor($0) and {where}", said, found)
        said = f"{name} = {{$0.tolist()}}   expected {expected}"
        self.assert_that(f"$0.tolist() == {expected}", said, found)

    def assert_parts(self, name: str, found: Any, expected: list[Tensor]) -> None:
        """A list of these tensors, number by number."""
        __tracebackhide__ = True
        number = len(expected)
        said = f"{name} gave a {{type($0).__name__}} of {{len($0)}}   expected a list of {number}"
        self.assert_that(f"isinstance($0, list) and len($0) == {number}", said, found)
        for n, (part, sequence) in enumerate(zip(found, expected, strict=True)):
            self.assert_same(f"sequence {n} of {name}", part, sequence)

    # --- Refusals --------------------------------------------------------------------------------

    def assert_refused(self, wrong: WrongPacking) -> None:
        """The wrong call raises a refusal, and leaves its arguments as they were."""
        __tracebackhide__ = True
        attempt = wrong.attempt(self.case)
        self.comparisons += 1
        outcome = self.run.sandboxes.run(attempt, None, self.expects)
        self.error = outcome.error
        if outcome.what == "refused":
            self.refusal = outcome.how
            return
        if outcome.what == "no memory":
            raise MemoryError(outcome.how)
        code = attempt.script(outcome.what)
        if outcome.what in ("unusable", "not supported"):
            found, effect = f"the right call raised {outcome.how}", RAISED
        else:
            found = f"{wrong.name}: {outcome.how}   expected ValueError, RuntimeError or TypeError"
            effect = EFFECT_OF_A_WRONG_CALL[outcome.what]
        called = f"{attempt.wrong} after {attempt.spoil}   {self.case.describe()}"
        raise ContractViolation(
            self.rule, found, called, code=code, effect=effect, device=self.case.device
        )
