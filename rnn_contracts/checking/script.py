"""The statements of a check, written as a script: torch alone, which fails as the check did."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rnn_contracts.checking.violation import Claim

_LONG = 72
"""An expression of more characters has a line of its own."""
_SHORT = 24
"""An expression of so many characters is written again where it is used again."""


@dataclass(eq=False)
class Value:
    """An object of a check, and the code that gives it; ``$0``, ``$1`` stand for its operands.

    ``code`` is empty if a statement gives the object its name. ``name`` is a hint. ``kept`` tells that
    the object needs a name, since it is changed later, or was taken before something else is changed.
    A ``view`` is a part of its first operand, and changes with it.
    """

    code: str
    operands: tuple[Value, ...] = ()
    name: str = "value"
    kept: bool = False
    view: bool = True


@dataclass(eq=False)
class Statement:
    """Code that does something. ``targets`` names what it gives, as ``$0, ($1, $2)``."""

    code: str
    operands: tuple[Value, ...]
    targets: str = ""
    gives: tuple[Value, ...] = ()
    changes: tuple[Value, ...] = ()
    within: tuple[str, ...] = ()


Step = Value | Statement


def written(
    steps: Sequence[Step],
    claim: Claim | None,
    objects: tuple[Value, ...],
    found: str,
) -> str:
    """The steps as a script that makes the claim, of which ``objects`` are the operands.

    Without a claim it is that the last step does not raise; ``found`` says how it did.
    """
    return _Writer(steps, claim, objects, found).write()


def fails(code: str, found: str, constructors: Mapping[str, object]) -> bool:
    """Whether the script, run in this process, raises an AssertionError that says what was found.

    ``constructors`` are what a script imports besides torch, which may have no name in its module.
    """
    lines = code.splitlines()
    if constructors:
        lines = [line for line in lines if not line.startswith(("from ", "# "))]
    try:
        # The check has just run these statements.
        exec("\n".join(lines), {"__name__": "__main__", **constructors})  # noqa: S102
    except AssertionError as error:
        # An assert of the layer's own may say nothing.
        said = " ".join(str(error).split())
        return bool(said) and said in " ".join(found.split())
    except Exception:
        return False
    return False


class _Writer:
    """Writes the steps as lines."""

    def __init__(
        self,
        steps: Sequence[Step],
        claim: Claim | None,
        objects: tuple[Value, ...],
        found: str,
    ) -> None:
        self.steps, self.claim, self.found = steps, claim, found
        self.objects = objects
        for hint, value in zip(("found", "expected"), objects, strict=False):
            if value.code and value in steps:
                value.name = hint
        self.names: dict[Value, str] = {}
        self.taken: set[str] = set()
        self.lines: list[str] = []
        self.contexts: tuple[str, ...] = ()
        self.uses: dict[Value, int] = {}
        for step in steps:
            for operand in step.operands:
                self._count(operand)
        for value in self.objects:
            self._count(value)

    def _count(self, value: Value) -> None:
        self.uses[value] = self.uses.get(value, 0) + 1
        if value not in self.steps:
            for operand in value.operands:
                self._count(operand)

    def write(self) -> str:
        for step in self.steps[:-1] if self.claim is None else self.steps:
            self._write_step(step)
        self._enter(())
        if self.claim is None:
            last = self.steps[-1]
            text = self._text(last)
            within = last.within if isinstance(last, Statement) else ()
            self._guard(text, within)
        else:
            self._assert(self.claim)
        return "\n".join(self.lines)

    def _write_step(self, step: Step) -> None:
        if isinstance(step, Statement):
            code = self._fill(step.code, step.operands)
            for value in step.gives:
                self._name(value)
            targets = self._fill(step.targets, step.gives)
            self._enter(step.within)
            self._line(f"{targets} = {code}" if targets else code)
            return
        again = self.uses.get(step, 0) > 1
        code = self._expression(step)
        if step.kept or len(code) > _LONG or (again and len(code) > _SHORT):
            self._line(f"{self._name(step)} = {_bare(code)}")

    def _enter(self, contexts: tuple[str, ...]) -> None:
        if contexts != self.contexts:
            self.contexts = contexts
            if contexts:
                names = [
                    f"{code} as caught" if "record=True" in code else code for code in contexts
                ]
                self.lines.append(f"with {', '.join(names)}:")

    def _line(self, text: str) -> None:
        self.lines.append(f"{'    ' * bool(self.contexts)}{text}")

    def _guard(self, text: str, within: tuple[str, ...]) -> None:
        what = self.found.split(" raised ")[0]
        self.lines.append("try:")
        indent = "    "
        if within:
            self.lines.append(f"    with {', '.join(within)}:")
            indent += "    "
        self.lines += [
            f"{indent}{text}",
            "except Exception as error:",
            f'    raise AssertionError(f"{what} raised {{type(error).__name__}}: {{error}}")',
        ]

    def _assert(self, claim: Claim) -> None:
        for hint, value in zip(("found", "expected"), self.objects, strict=False):
            if len(self._expression(value)) > _SHORT and value not in self.names:
                code = self._expression(value)
                value.name = hint
                self._line(f"{self._name(value)} = {_bare(code)}")
        condition = self._fill(claim.condition, self.objects)
        text = self._fill(claim.found, self.objects)
        quote = '"""' if '"' in text else '"'
        if "{" in text:
            quote, end = f"f{quote}", quote
        else:
            end = quote
        line = f"assert {condition}, {quote}{text}{end}"
        if len(line) > 100:
            line = f"assert {condition}, (\n    {quote}{text}{end}\n)"
        self._line(line)

    def _text(self, step: Step) -> str:
        return _bare(self._fill(step.code, step.operands))

    def _fill(self, code: str, operands: tuple[Value, ...]) -> str:
        def expression(match: re.Match[str]) -> str:
            before, number, after = match.groups()
            written = self._expression(operands[int(number)])
            # An argument needs no parentheses.
            return before + (_bare(written) if before and after in (",", ")") else written)

        return re.sub(r"((?<=\w)\(|, |)\$(\d+)(?=(.?))", expression, code)

    def _expression(self, value: Value) -> str:
        if value in self.names:
            return self.names[value]
        return self._fill(value.code, value.operands) if value.code else value.name

    def _name(self, value: Value) -> str:
        name, number = value.name, 1
        while name in self.taken:
            number += 1
            name = f"{value.name}_{number}"
        self.taken.add(name)
        self.names[value] = name
        return name


def _bare(code: str) -> str:
    """Without the parentheses around all of it."""
    if not code.startswith("("):
        return code
    depth = 0
    for i, letter in enumerate(code):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 1:
            # It is a tuple.
            return code
        if not depth:
            return code[1:-1] if i == len(code) - 1 else code
    return code


def closure(step: Step) -> set[Step]:
    """The step and all on which it depends."""
    # In a long recurrence there are more paths to a step than can be walked, so walk each once.
    found: set[Step] = {step}
    waiting: list[Step] = [step]
    while waiting:
        more = {*waiting.pop().operands} - found
        found |= more
        waiting += more
    return found
