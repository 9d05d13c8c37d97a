"""The check of one rule on one case: what the tests of the suite are written in."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from rnn_contracts.checking import calls, results, subjects
from rnn_contracts.checking.assertions import Assertions
from rnn_contracts.checking.calls import Observation
from rnn_contracts.checking.parameters import by_documented_name
from rnn_contracts.checking.run import Run
from rnn_contracts.checking.subjects import Subject
from rnn_contracts.checking.violation import (
    EFFECT_OF_A_WRONG_CALL,
    NAMES,
    RAISED,
    Claim,
    ContractViolation,
    violated,
)
from rnn_contracts.contracts import PARAMETER_SHAPES, parameter_shapes
from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.wrong_calls import WrongCall
from rnn_contracts.layer import ARGUMENTS
from rnn_contracts.rules import ACCEPTING, RULES, Rule, shape_rule


class Check(Assertions):
    """One rule, held against what one case gives.

    Where the layer breaks another rule first, that rule is named.
    """

    case: Case

    def __init__(self, rule: Rule, case: Case, run: Run, subject: Subject | None = None) -> None:
        super().__init__(rule, case, run)
        self.subject = subject

    # --- Building and calling --------------------------------------------------------------------

    def build(self, case: Case | None = None) -> nn.Module:
        """The layer of this case, or of another; a refusal breaks ``constructor-accepts``."""
        __tracebackhide__ = True
        case = case or self.case
        try:
            module = calls.build(case, self.subject, self.run.recorder)
        except Exception as error:
            subjects.raise_if_not_supported(self.subject, error)
            found = f"the constructor raised {type(error).__name__}: {error}"
            violated("constructor-accepts", case, found, call=False, cause=error)
        self.comparisons += self.rule.id == "constructor-accepts"
        return module

    def build_by_position(self) -> nn.Module:
        """The layer of this case, given all documented arguments in their order."""
        __tracebackhide__ = True
        layer, names = self.case.layer, ARGUMENTS[self.case.layer.kind]
        subjects.require(self.subject, names)
        options = calls.options(self.case)
        unordered = {name: options[name] for name in options.keys() - names.keys()}
        values = [getattr(layer, name) for name in names]
        return self._construct(layer.input_size, layer.hidden_size, *values, **unordered)

    def _construct(self, *arguments: object, **options: object) -> nn.Module:
        """The layer of these arguments; a refusal breaks this rule."""
        __tracebackhide__ = True
        kind = self.case.layer.kind
        constructor: Any = self.subject.constructor if self.subject else getattr(nn, kind)
        given = ", ".join(map(repr, arguments))
        named = "".join(f", {name}={value!r}" for name, value in options.items())
        self.run.recorder.building(self.case, f"{self.case.callee}({given}{named})")
        try:
            with self.run.recorder.paused():
                module: nn.Module = constructor(*arguments, **options)
                module.train(self.case.training)
            self.run.recorder.built(module)
        except Exception as error:
            found = f"{kind}({given}) raised {type(error).__name__}: {error}"
            violated(self.rule.id, self.case, found, call=False, cause=error)
        return module

    def call_layer(
        self,
        case: Case,
        module: nn.Module,
        input: Tensor,
        state: tuple[Tensor, ...],
        *,
        code: str = calls.PLAIN,
        more: Sequence[object] = (),
        lawful: bool = False,
    ) -> Observation:
        """Call the layer, as the code says.

        A call that raises breaks this rule if the rule says that the call is accepted, or if it is
        ``lawful`` by this rule alone; otherwise that of the initial state, or of the input.
        """
        __tracebackhide__ = True
        own = lawful or (
            self.rule.id in ACCEPTING and not (state and self.rule.tensors == ("input",))
        )
        if case.initial_state != bool(state):
            # A law may pass a state where none was drawn.
            case = replace(case, initial_state=bool(state))
        accepting = self.rule if own else shape_rule(case.layer, "h_0" if state else "input")
        self.run.notes.write(self.rule.id, case)
        try:
            observation = calls.call(case, module, input, state, self.run.recorder, code, more)
        except Exception as error:
            subjects.raise_if_not_supported(self.subject, error)
            found = f"the call raised {type(error).__name__}: {error}"
            if accepting.tensors in (("h_0",), ("c_0",)) and not self._accepts_without_state(case):
                accepting = shape_rule(case.layer, "input")
            violated(accepting.id, case, found, cause=error)
        self.comparisons += accepting == self.rule
        return observation

    def _accepts_without_state(self, case: Case) -> bool:
        """Whether the call raises nothing without an initial state, which is then to blame."""
        with self.run.recorder.paused():
            return calls.is_accepted(replace(case, initial_state=False), self.subject)

    def observe(self) -> Observation:
        """Build the layer and call it, or look again at the call that a neighbouring test has made."""
        __tracebackhide__ = True
        observed = self.run.observed.calls
        if self.case not in observed:
            module = self.build()
            arguments = calls.arguments(self.case, self.run.recorder)
            observed[self.case] = self.call_layer(self.case, module, *arguments)
        return observed[self.case]

    # --- Shapes ----------------------------------------------------------------------------------

    def assert_accepted(self) -> None:
        """The call is accepted."""
        __tracebackhide__ = True
        self.observe()
        self.comparisons += 1

    def assert_shapes(self) -> None:
        """Every tensor that the rule speaks of has the shape that the contract states."""
        __tracebackhide__ = True
        tensors = results.named_tensors(self.observe())
        for name in self.rule.tensors:
            if name in tensors:
                results.assert_shape(self.rule.id, self.case, name, tensors[name])
                self.comparisons += 1

    def assert_structure(self) -> None:
        """The call returned tensors in the structure of the layer's kind."""
        __tracebackhide__ = True
        results.named_tensors(self.observe())
        self.comparisons += 1

    def assert_packed_alike(self) -> None:
        """The output is packed as the input is."""
        __tracebackhide__ = True
        observation = self.observe()
        results.named_tensors(observation)
        results.assert_packed_alike(observation)
        self.comparisons += 1

    def assert_batch_sizes(self) -> None:
        """The batch sizes of a packed output count the sequences that go on at each step."""
        __tracebackhide__ = True
        observation = self.observe()
        results.named_tensors(observation)
        lengths = self.case.lengths
        expected = [sum(length > t for length in lengths) for t in range(self.case.L)]
        found = observation.result[0].batch_sizes.tolist()
        self.comparisons += 1
        if found != expected:
            sizes = "$0.batch_sizes.tolist()"
            said = f"output.batch_sizes = {{{sizes}}}   expected {expected}"
            claim = Claim(f"{sizes} == {expected}", said, observation.result[:1])
            self.fail(f"output.batch_sizes = {found}   expected {expected}", claim)

    # --- Parameters ------------------------------------------------------------------------------

    def parameters_of(self, module: nn.Module) -> dict[str, nn.Parameter]:
        """The parameters, whatever their names; a layer without any breaks ``parameter-names``."""
        __tracebackhide__ = True
        return by_documented_name(module) or self.named_parameters(module)

    def named_parameters(self, module: nn.Module) -> dict[str, nn.Parameter]:
        """The parameters; other names than those of the contract break ``parameter-names``."""
        __tracebackhide__ = True
        parameters = by_documented_name(module)
        expected = list(parameter_shapes(self.case.layer))
        missing = ", ".join(name for name in expected if name not in parameters)
        extra = ", ".join(name for name in parameters if name not in expected)
        if missing or extra:
            found = f"missing: {missing or 'none'}   unexpected: {extra or 'none'}"
            first = (missing or extra).split(", ")[0]
            condition = f"{first!r} {'in' if missing else 'not in'} dict($0.named_parameters())"
            claim = Claim(condition, found, (module,))
            violated("parameter-names", self.case, found, claim, call=False, effect=NAMES)
        self.comparisons += self.rule.id == "parameter-names"
        return parameters

    def assert_parameter_shapes(self) -> None:
        """Every parameter that the rule speaks of is there and has the shape that it states."""
        __tracebackhide__ = True
        for name, parameter in self.named_parameters(self.build()).items():
            stem, _, suffix = name.partition("_l")
            if stem in self.rule.tensors:
                first, others = PARAMETER_SHAPES[stem]
                formula = first if suffix.removesuffix("_reverse") in ("", "0") else others
                where = f"layer.{name}"
                results.compare_shape(
                    self.rule.id, self.case, where, parameter, formula, call=False
                )
                self.comparisons += 1

    def assert_true_is_one(self) -> None:
        """``input_size=True`` makes a layer with the parameters of ``input_size=1``."""
        __tracebackhide__ = True
        layer = replace(self.case.layer, input_size=1)
        one = self.build(replace(self.case, layer=layer))
        module = self._construct(True, layer.hidden_size, **calls.options(self.case))
        found, expected = (
            {name: tuple(part.shape) for name, part in made.named_parameters()}
            for made in (module, one)
        )
        self.comparisons += 1
        if found != expected:
            shapes = "{name: tuple(part.shape) for name, part in $0.named_parameters()}"
            text = "with input_size=True the parameters are {}   expected {}"
            said = text.format(f"{{ {shapes} }}", f"{{ {expected} }}")
            claim = Claim(f"{shapes} == {expected}", said, (module,))
            self.fail(text.format(found, expected), claim, call=False)

    def assert_initialised(self) -> None:
        """Every parameter lies within its bound, and one of 16 numbers or more is not constant."""
        __tracebackhide__ = True
        # A number is drawn inside the bound and then rounded to the dtype: at most half a unit in the
        # last place outside of it.
        eps = torch.finfo(getattr(torch, self.case.dtype)).eps
        bound = (1 + eps) / math.sqrt(self.case.layer.hidden_size)
        for name, parameter in self.parameters_of(self.build()).items():
            self.comparisons += 1
            values = parameter.detach().cpu().double()
            largest, first = float(values.abs().max()), values.flatten()[0]
            if not largest <= bound:
                where = f"layer.{name}.abs().max()"
                said = f"{where} = {{$0.abs().max().item()}}   expected <= {bound}"
                claim = Claim(f"$0.abs().max().item() <= {bound}", said, (parameter,))
                self.fail(f"{where} = {largest}   expected <= {bound}", claim, call=False)
            # Two equal draws are likely enough in bfloat16; sixteen are not.
            if values.numel() >= 16 and bool((values == first).all()):
                found = f"layer.{name} is {float(first)} throughout   expected random numbers"
                claim = Claim("($0 != $0.flatten()[0]).any()", found, (parameter,))
                self.fail(found, claim, call=False)

    def assert_attributes(self, **expected: object) -> None:
        """Every parameter has these attributes, such as ``requires_grad=True``."""
        __tracebackhide__ = True
        for name, parameter in self.parameters_of(self.build()).items():
            for attribute, value in expected.items():
                self.comparisons += 1
                found, where = getattr(parameter, attribute), f"layer.{name}.{attribute}"
                if found != value:
                    wanted = f"torch.{value!r}" if attribute == "device" else repr(value)
                    said = f"{where} = {{$0.{attribute}}}   expected {value}"
                    equal = "" if value is True else f" == {wanted}"
                    claim = Claim(f"$0.{attribute}{equal}", said, (parameter,))
                    self.fail(f"{where} = {found}   expected {value}", claim, call=False)

    def assert_warned(self, *, due: bool) -> None:
        """The constructor gives a UserWarning, or gives none."""
        __tracebackhide__ = True
        recorder = self.run.recorder
        with recorder.within("warnings.catch_warnings(record=True)") as caught:
            recorder.do('warnings.simplefilter("always")')
            module = self.build()
        self.comparisons += 1
        warned = [str(it.message) for it in caught if issubclass(it.category, UserWarning)]
        self.error = f"UserWarning: {warned[0]}" if warned else ""
        if bool(warned) != due:
            found = f"dropout=0.5 gave {'a' if warned else 'no'} warning"
            some = "any(issubclass(one.category, UserWarning) for one in caught)"
            self.fail(found, Claim(some if due else f"not {some}", found, (module,)), call=False)

    # --- Refusals --------------------------------------------------------------------------------

    def assert_refused(self, wrong: WrongCall) -> None:
        """The wrong call raises a refusal, and leaves layer and arguments as they were."""
        __tracebackhide__ = True
        violation = functools.partial(ContractViolation, device=self.case.device)
        if lacks := subjects.lacking(self.subject, wrong.takes):
            # A TypeError about an unknown argument is no refusal of its value.
            found = f"the constructor does not take {', '.join(lacks)}"
            code = wrong.attempt(self.case).script("not taken")
            rule, call = RULES["constructor-accepts"], self.case.describe(call=False)
            raise violation(rule, found, call, code=code, effect=RAISED)
        subjects.require(self.subject, calls.options(self.case))
        attempt = wrong.attempt(self.case)
        self.comparisons += 1
        outcome = self.run.sandboxes.run(attempt, self.subject, self.expects)
        self.error = outcome.error
        if outcome.what == "refused":
            self.refusal = outcome.how
            return
        if outcome.what == "no memory":
            raise MemoryError(outcome.how)
        if outcome.what == "not supported":
            subjects.raise_if_not_supported(self.subject, NotImplementedError(outcome.how))
        if outcome.what in ("unusable", "not supported"):
            state = self.case.initial_state and self._accepts_without_state(self.case)
            argument = shape_rule(self.case.layer, "h_0" if state else "input")
            found, code = f"the right call raised {outcome.how}", attempt.script(outcome.what)
            described = self.case.describe()
            raise violation(argument, found, described, code=code, effect=RAISED)
        found = f"{wrong.name}: {outcome.how}   expected ValueError, RuntimeError or TypeError"
        described = attempt.wrong if wrong.constructor else self.case.describe()
        code, effect = attempt.script(outcome.what), EFFECT_OF_A_WRONG_CALL[outcome.what]
        raise violation(self.rule, found, described, code=code, effect=effect)
