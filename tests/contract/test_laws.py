"""The values behind the shapes: each test is the statement of its law.

Within a trial every layout looks alike: input (L, N, H_in), output (L, N, D*H_out), states
(D*num_layers, N, H); see ``rnn_contracts.checking.trial``. Two ways to
the same number may be off by rounding; only the same call made again must be equal bit for bit.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from rnn_contracts.checking.gradients import differentiate, gradients
from rnn_contracts.checking.trial import ROUNDING, Trial
from rnn_contracts.drawing.case import Case
from rnn_contracts.layer import CELLS
from rnn_contracts.rule_tests.statement import rule_test


@rule_test(least_N=1)
def test_final_hidden_is_last_output(trial: Trial) -> None:
    """Forward the last step of each sequence, backward the first."""
    case = trial.case
    results = trial.call()
    D, H_out = case.axes["D"], case.axes["H_out"]
    rows = torch.arange(len(trial.lengths))
    last = results["output"][torch.tensor(trial.lengths) - 1, rows, :H_out]
    trial.assert_close("h_n", results["h_n"][-D], last, units=ROUNDING)
    if D == 2:
        first = results["output"][0, :, H_out:]
        trial.assert_close("h_n", results["h_n"][-1], first, units=ROUNDING)


@rule_test(least_N=1)
def test_directions_concatenate(trial: Trial) -> None:
    """Without backward weights and state the second half is zero, the first as it was."""
    case = trial.case
    for part in trial.state:
        part[-1] = 0
    before = trial.call()["output"]
    with torch.no_grad():
        for name, parameter in trial.parameters().items():
            if name.endswith(f"_l{case.layer.num_layers - 1}_reverse"):
                parameter.zero_()
    after = trial.call()["output"]
    H_out = case.axes["H_out"]
    trial.assert_close("output", after[..., :H_out], before[..., :H_out], units=ROUNDING)
    trial.assert_close("output", after[..., H_out:], torch.zeros_like(after[..., H_out:]))


@rule_test(least_N=1, longest=9)
def test_hidden_layout(trial: Trial) -> None:
    """The final state of layer k, direction d, run by itself, is h_n[k*D + d]."""
    results = trial.call()
    _, finals = in_parts(trial, by_direction=True)
    for name, final in finals.items():
        trial.assert_close(name, results[name], final, units=ROUNDING)


@rule_test(least_N=1)
def test_initial_state_defaults_to_zero(trial: Trial) -> None:
    """No initial state is an initial state of zeros."""
    zeros = trial.call(state=trial.full_state(0.0))
    trial.assert_all_close(trial.call(), zeros, units=ROUNDING)


@rule_test(least_N=1, longest=3)
def test_initial_state_reaches_every_layer_and_direction(trial: Trial) -> None:
    """Not-a-number in h_0[row] or c_0[row] reaches h_n[row], and not the layers below."""
    case = trial.case
    name, D = ("h_1" if case.layer.kind in CELLS else "h_n"), case.axes["D"]
    before = by_row(case, trial.call()[name])
    for part in range(len(trial.state)):
        for row in range(D * case.layer.num_layers):
            state = [tensor.clone() for tensor in trial.state]
            by_row(case, state[part])[row] = torch.nan
            after = by_row(case, trial.call(state=tuple(state), layer=trial.layer)[name])
            found = f"{name}[{row}] has numbers with NaN in {['h_0', 'c_0'][part]}[{row}]"
            trial.assert_that("$0.isnan().all()", found, after[row])
            below = row // D * D
            trial.assert_close(name, after[:below], before[:below], units=ROUNDING)


@rule_test(least_N=1)
def test_batch_first_is_a_transposition(trial: Trial) -> None:
    """The same layer made sequence first gives the same, transposed; its states are the same."""
    case = trial.case
    layout = "sequence first" if case.layout == "batch first" else case.layout
    other = replace(case, layer=replace(case.layer, batch_first=False), layout=layout)
    expected = trial.call(layer=trial.with_same_weights(other), case=other)
    trial.assert_all_close(trial.call(), expected, units=ROUNDING)


@rule_test()
def test_unbatched_is_a_batch_of_one(trial: Trial) -> None:
    """The batch axis that an unbatched input has not is one of size 1."""
    case = trial.case
    layout = "batch first" if case.layer.batch_first else "sequence first"
    batch = replace(case, layout="batched" if case.layer.kind in CELLS else layout, N=1)
    trial.assert_all_close(trial.call(), trial.call(case=batch), units=ROUNDING)


@rule_test(least_N=2)
def test_rows_are_independent(trial: Trial) -> None:
    """What is in all other sequences does not reach the first or the last."""
    before = trial.call()
    for row in (0, -1):
        input, *state = (with_other_rows(row, part) for part in (trial.input, *trial.state))
        after = trial.call(input, tuple(state), layer=trial.layer)
        for name in before:
            found, expected = after[name][..., row, :], before[name][..., row, :]
            trial.assert_close(name, found, expected, units=ROUNDING)


@rule_test(least_N=1, least_L=2)
def test_steps_are_causal(trial: Trial) -> None:
    """What is in the input from a step on does not reach the outputs before it."""
    t = len(trial.input) // 2
    input = trial.input.clone()
    input[t:] = changed(input[t:])
    before = trial.call()["output"][:t]
    after = trial.call(input, layer=trial.layer)["output"][:t]
    trial.assert_close("output", after, before, units=ROUNDING)


@rule_test(least_N=1, least_L=2)
def test_sequence_splits(trial: Trial) -> None:
    """Cut in the middle and carry the state over; what has ended before is not run again."""
    case, lengths = trial.case, trial.lengths
    t = len(trial.input) // 2
    on = [row for row, length in enumerate(lengths) if length > t]
    before = tuple(min(length, t) for length in case.lengths)
    after = tuple(lengths[row] - t for row in on) if case.lengths else ()
    first = trial.call(trial.input[:t], case=replace(case, L=t, lengths=before))
    states = [name for name in ("h_n", "c_n") if name in first]
    carried = tuple(first[name][:, on] for name in states)
    rest = replace(case, N=len(on), L=case.L - t, lengths=after)
    second = trial.call(trial.input[t:, on], carried, case=rest)
    whole = trial.call()
    joined = {"output": torch.zeros_like(whole["output"])}
    joined["output"][:t] = first["output"]
    joined["output"][t:, on] = second["output"]
    for name in states:
        joined[name] = first[name].clone()
        joined[name][:, on] = second[name]
    trial.assert_all_close(joined, whole, units=ROUNDING)


@rule_test(least_N=1, longest=9)
def test_layers_compose(trial: Trial) -> None:
    """Single layers in a chain, each fed with the output of the one below, are the stack."""
    output, finals = in_parts(trial)
    trial.assert_all_close(trial.call(), {"output": output, **finals}, units=ROUNDING)


@rule_test(least_N=1, longest=9)
def test_directions_decompose(trial: Trial) -> None:
    """Two layers of one direction, one of them reading from the end, are one of two directions."""
    output, _ = in_parts(trial, by_direction=True)
    trial.assert_close("output", trial.call()["output"], output, units=ROUNDING)


@rule_test(least_N=1)
def test_recurrence(trial: Trial) -> None:
    """The results are those of the step equations, computed in float64."""
    trial.assert_all_close(trial.call(), trial.expected_by_equations(), units=ROUNDING)


@rule_test(least_N=1, longest=9)
def test_gates_are_ordered(trial: Trial) -> None:
    """With one parameter alone at a level for each gate, the units of a layer are the same number."""
    ones, state = torch.ones_like(trial.input), trial.full_state(0.75)
    for source in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        set_gates(trial, source)
        results = trial.call(ones, state)
        for row, length in enumerate(trial.lengths):
            for name, finals in driven(trial.case, source, length).items():
                found = by_row(trial.case, results[name])[:, row]
                expected = torch.tensor(finals, dtype=torch.float64)[:, None].expand_as(found)
                trial.assert_close(name, found, expected, units=ROUNDING)


@rule_test(least_N=1, longest=9)
def test_reset_gate_follows_the_product(trial: Trial) -> None:
    """Without weight_ih each layer goes on from its state alone, and with z = 0.5 half of it is n."""
    H, case = trial.case.layer.hidden_size, trial.case
    with torch.no_grad():
        for name, parameter in trial.parameters().items():
            # Rows are r, z, n.
            parameter[slice(None) if "weight_ih" in name else slice(H, 2 * H)] = 0
    name = "h_1" if case.layer.kind in CELLS else "h_n"
    found = by_row(case, trial.call()[name])
    state = by_row(case, trial.state[0]) if trial.state else torch.zeros_like(found)
    weights = {
        name: trial.on_cpu(value.detach()).double() for name, value in trial.parameters().items()
    }
    for part, suffix in enumerate(suffixes(case)):
        W, none = weights[f"weight_hh{suffix}"], torch.zeros(3 * H, dtype=torch.float64)
        b_i, b_h = (weights.get(f"bias_{kind}{suffix}", none) for kind in ("ih", "hh"))
        for row, length in enumerate(trial.lengths):
            h = trial.on_cpu(state[part, row]).double()
            for _ in range(length):
                hidden = W @ h + b_h
                r = torch.sigmoid(b_i[:H] + hidden[:H])
                h = (torch.tanh(b_i[2 * H :] + r * hidden[2 * H :]) + h) / 2
            trial.assert_close(name, found[part, row], h, units=ROUNDING)


@rule_test(least_N=1)
def test_call_arguments(trial: Trial) -> None:
    """The same by name and by position."""
    code = "$0(input=$1, hx=$2)" if trial.state else "$0(input=$1)"
    trial.assert_all_close(trial.call(code=code), trial.call(), units=ROUNDING)


@rule_test(least_N=1)
def test_state_list_accepted(trial: Trial) -> None:
    """The same for a list as for the tuple."""
    trial.assert_all_close(trial.call(code="$0($1, list($2))"), trial.call(), units=ROUNDING)


@rule_test(longest=9)
def test_packed_is_per_sequence(trial: Trial) -> None:
    """Each row is what its sequence gives alone, states in the order of the caller."""
    case = trial.case
    results = trial.call()
    for row, length in enumerate(case.lengths):
        alone = replace(case, layout="sequence first", N=1, L=length, lengths=())
        if case.layer.batch_first:
            alone = replace(alone, layout="batch first")
        state = tuple(part[:, [row]] for part in trial.state)
        expected = trial.call(trial.input[:length, [row]], state, case=alone)
        for name, tensor in expected.items():
            found = results[name][:, [row]]
            found = found[:length] if name == "output" else found
            trial.assert_close(name, found, tensor, units=ROUNDING)


@rule_test(least_N=1, longest=9)
def test_dropout_between_layers_in_training_only(trial: Trial) -> None:
    """In training certain dropout leaves zeros between layers; in eval there is none."""
    case = trial.case
    output, finals = in_parts(trial, dropped=case.training and case.layer.num_layers > 1)
    trial.assert_all_close(trial.call(), {"output": output, **finals}, units=ROUNDING)


@rule_test(longest=5)
def test_gradients_agree(trial: Trial) -> None:
    """Input, initial state and every parameter get the gradients of the step equations."""
    names = differentiate(trial)
    found = gradients(trial, trial.call())
    expected = gradients(trial, trial.expected_by_equations())
    for name, one, other in zip(names, found, expected, strict=True):
        trial.assert_close(name, one, other, units=2 * ROUNDING)


@rule_test(longest=5)
def test_second_derivatives_exist(trial: Trial) -> None:
    """The gradient of the gradients is there, in float64 that of the step equations."""
    case = trial.case
    names = differentiate(trial)
    found, expected = (
        gradients(
            trial, dict(zip(names, gradients(trial, results, create_graph=True), strict=True))
        )
        for results in (trial.call(), trial.expected_by_equations())
    )
    for name, one, other in zip(names, found, expected, strict=True):
        if case.dtype == "float64":
            trial.assert_close(name, one, other, units=8 * ROUNDING)
        said = f"{name}: shape {{tuple($0.shape)}}   expected {{tuple($1.shape)}}"
        trial.assert_that("$0.shape == $1.shape", said, one, other)


@rule_test(least_N=1)
def test_arguments_are_read_only(trial: Trial) -> None:
    """Input and initial state are the same numbers after the call."""
    before = [tensor.clone() for tensor in (trial.input, *trial.state)]
    trial.call()
    for name, old, new in zip(
        ("input", "h_0", "c_0"), before, (trial.input, *trial.state), strict=False
    ):
        trial.assert_close(name, new, old)


@rule_test(least_N=1)
def test_calls_are_independent(trial: Trial) -> None:
    """The same call gives the same results, whatever was called before."""
    first = trial.call()
    trial.call(trial.input + 1, tuple(part + 1 for part in trial.state))
    trial.assert_all_close(trial.call(), first)


@rule_test()
def test_parameters_unchanged_by_a_call(trial: Trial) -> None:
    """The state_dict is the same after the call, dropout or not."""
    trial.parameters_of(trial.layer)
    before = trial.do("copy.deepcopy($0.state_dict())", trial.layer, name="before")
    trial.call()
    after = trial.do("$0.state_dict()", trial.layer, name="after")
    trial.assert_that("[*$0] == [*$1]", "the layer has {[*$0]}   expected {[*$1]}", after, before)
    for name in before:
        found, expected = (trial.do(f"$0[{name!r}]", state) for state in (after, before))
        trial.assert_close(f"layer.{name}", found, expected)


@rule_test(least_N=1)
def test_memory_layout_is_irrelevant(trial: Trial) -> None:
    """Input and state that lie in every second place of memory are read right."""
    strided = [torch.stack([part, part + 1], -1)[..., 0] for part in (trial.input, *trial.state)]
    dense = [part.contiguous() for part in (trial.input, *trial.state)]
    (input, *state), (dense_input, *dense_state) = strided, dense
    expected = trial.call(dense_input, tuple(dense_state))
    # The dense call was accepted: a refusal of this one is about the strides alone.
    found = trial.call(input, tuple(state), layer=trial.layer)
    trial.assert_all_close(found, expected, units=ROUNDING)


# --- The parts of a stack, rows and gradients ----------------------------------------------------


def in_parts(
    trial: Trial, *, by_direction: bool = False, dropped: bool = False
) -> tuple[Tensor, dict[str, Tensor]]:
    """Output and final states, computed layer by layer, or direction by direction.

    ``dropped`` puts zeros in the place of what a layer passes to the next.
    """
    D, input = trial.case.axes["D"], trial.input
    finals: dict[str, list[Tensor]] = {"h_n": [], "c_n": []}
    for k in range(trial.case.layer.num_layers):
        if dropped and k > 0:
            input = torch.zeros_like(input)
        outputs = []
        for direction in range(D) if by_direction else [None]:
            layer, case = trial.single_layer(k, direction)
            rows = slice(k * D, (k + 1) * D) if direction is None else [k * D + direction]
            state = tuple(part[rows] for part in trial.state)
            taken = flip(input, trial.lengths) if direction == 1 else input
            results = trial.call(taken, state, layer=layer, case=case)
            output = results.pop("output")
            outputs.append(flip(output, trial.lengths) if direction == 1 else output)
            for name, final in results.items():
                finals[name].append(final)
        input = torch.cat(outputs, -1) if len(outputs) > 1 else outputs[0]
    return input, {
        name: torch.cat(parts) if len(parts) > 1 else parts[0]
        for name, parts in finals.items()
        if parts
    }


LEVELS = (0.5, -1.0, 1.5, -0.25)
"""What drives each gate, in the documented order."""


def set_gates(trial: Trial, source: str) -> None:
    """Put every parameter at zero, but ``source`` at a level in the rows of each gate.

    A projection becomes a mean, which leaves equal numbers as they are.
    """
    H = trial.case.layer.hidden_size
    with torch.no_grad():
        for name, parameter in trial.parameters().items():
            parameter.fill_(1 / H if "weight_hr" in name else 0)
            if name.startswith(source):
                width = parameter.shape[1] if parameter.dim() > 1 else 1
                for gate in range(len(parameter) // H):
                    parameter[gate * H : (gate + 1) * H] = LEVELS[gate] / width


def driven(case: Case, source: str, length: int) -> dict[str, list[float]]:
    """The final states of a sequence of ones, by row of h_n: of each layer and direction one number."""
    finals: dict[str, list[float]] = {"h": [], "c": []}
    inputs = [1.0] * length
    for _ in range(case.layer.num_layers):
        outputs = []
        for direction in range(case.axes["D"]):
            h = c = 0.75
            ran = []
            for x in reversed(inputs) if direction else inputs:
                drive = {"weight_ih": x, "weight_hh": h}.get(source, float(case.layer.bias))
                h, c = stepped(case, h, c, drive, of_hidden=source.endswith("hh"))
                ran.append(h)
            outputs.append(ran[::-1] if direction else ran)
            finals["h"].append(h)
            finals["c"].append(c)
        inputs = [sum(step) / len(step) for step in zip(*outputs, strict=True)]
    moment = "_1" if case.layer.kind in CELLS else "_n"
    states = ("h", "c") if "LSTM" in case.layer.kind else ("h",)
    return {state + moment: finals[state] for state in states}


def stepped(
    case: Case, h: float, c: float, drive: float, *, of_hidden: bool
) -> tuple[float, float]:
    """The next states of a unit whose gates are driven by one parameter alone."""
    if "GRU" in case.layer.kind:
        r, z, n = (level * drive for level in LEVELS[:3])
        z, n = sigmoid(z), math.tanh(n * sigmoid(r) if of_hidden else n)
        return (1 - z) * n + z * h, c
    i, f, g, o = (level * drive for level in LEVELS)
    c = sigmoid(f) * c + sigmoid(i) * math.tanh(g)
    return sigmoid(o) * math.tanh(c), c


def suffixes(case: Case) -> list[str]:
    """Of the names of parameters, in the order of the rows of h_n."""
    if case.layer.kind in CELLS:
        return [""]
    directions = ("", "_reverse")[: case.axes["D"]]
    return [f"_l{k}{way}" for k in range(case.layer.num_layers) for way in directions]


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def flip(sequences: Tensor, lengths: tuple[int, ...]) -> Tensor:
    """Each sequence from its end to its start, what lies past its length where it was."""
    if {*lengths} == {len(sequences)}:
        return sequences.flip(0)
    flipped = sequences.clone()
    for row, length in enumerate(lengths):
        flipped[:length, row] = sequences[:length, row].flip(0)
    return flipped


def by_row(case: Case, state: Tensor) -> Tensor:
    """(D*num_layers, N, H), for the state of a cell as well."""
    return state[None] if case.layer.kind in CELLS else state


def changed(tensor: Tensor) -> Tensor:
    """Not-a-number, which shows however little of it is read.

    Kernels of 16 bits multiply numbers in pairs: at an odd width they read the neighbour of a row and
    multiply it by zero, which only NaN survives. There it is other numbers.
    """
    if tensor.dtype in (torch.float32, torch.float64):
        return torch.full_like(tensor, torch.nan)
    return 2 - 3 * tensor


def with_other_rows(row: int, tensor: Tensor) -> Tensor:
    """The tensor with other numbers in every other sequence; (..., N, H)."""
    other = changed(tensor)
    other[..., row, :] = tensor[..., row, :]
    return other
