"""``rnn-contracts why``: every message that was recorded is answered, and the answer mends the call."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from rnn_contracts import RULES, cli, why
from rnn_contracts.citing import recorded_messages
from rnn_contracts.citing.describe_error import NOT_RECORDED, find
from rnn_contracts.messages import MESSAGES, Message, wording

Output = pytest.CaptureFixture[str]

BEGINNING = """\
import torch, warnings
from torch import nn
from torch.nn.utils.rnn import *
warnings.simplefilter("error")
x = torch.randn(2, 4, 5)
lengths = torch.tensor([4, 2])
"""
LSTM = "layer = nn.LSTM(5, 8, 2, batch_first=True); h_0 = torch.zeros(2, 2, 8); state = h_0, h_0"
GRU = "layer = nn.GRU(5, 8, 2, batch_first=True); h_0 = torch.zeros(2, 2, 8); state = h_0"
CELL = "cell = nn.GRUCell(5, 8); x = x[:, 0]; h_0 = torch.zeros(2, 8)"
PACKED = "packed = pack_padded_sequence(x, lengths, True)"

WRONG: dict[str, tuple[str, str]] = {
    "lstm-state-size": (LSTM, "layer(x, (torch.zeros(2, 4, 8), torch.zeros(2, 4, 8)))"),
    "state-size": (GRU, "layer(x, torch.zeros(2, 4, 8))"),
    "state-rank": (f"{LSTM}; x = x[0]", "layer(x, state)"),
    "state-is-a-tuple": (GRU, "layer(x, (h_0, h_0))"),
    "lstm-state-is-no-pair": (LSTM, "layer(x, (h_0,))"),
    "cell-state-missing": (LSTM, "layer(x, (h_0, None))"),
    "cell-state-batch": (CELL, "cell(x, torch.zeros(3, 8))"),
    "cell-state-width": (CELL, "cell(x, torch.zeros(2, 9))"),
    "cell-state-rank": (f"{CELL}; h_n = torch.zeros(1, 2, 8)", "cell(x, h_n)"),
    "packed-state-rows": (
        f"{GRU}; packed = pack_padded_sequence(x, [2, 4], True, False)",
        "layer(packed, torch.zeros(2, 1, 8))",
    ),
    "packed-lstm-inside": (f"{LSTM}; {PACKED}", "layer(packed, (h_0[:1], h_0))"),
    "axis-missing": (CELL, "cell(x, h_0[:, 0])"),
    "state-dtype": (f"{LSTM}; state = h_0.double(), h_0.double()", "layer(x, state)"),
    "broken-memory": (CELL, ""),
    "input-width": (f"{LSTM}; x = x.transpose(1, 2)", "layer(x)"),
    "cell-input-width": (f"{CELL}; x = torch.randn(2, 4, 5); state = h_0", "cell(x[..., 0])"),
    "input-rank": (
        "layer = nn.LSTM(6, 8, batch_first=True); x = torch.randn(2, 4, 2, 3)",
        "layer(x)",
    ),
    "cell-input-rank": (f"{CELL}; x = torch.randn(2, 4, 5); state = h_0", "cell(x)"),
    "empty-sequence": (f"{LSTM}; x = x[:, 4:]", "layer(x)"),
    "input-dtype": (f"{GRU}; x = x.double()", "layer(x)"),
    "product-dtype": (f"{GRU}; h_0 = h_0.double()", "layer(x, h_0)"),
    "product-shapes": (LSTM, "nn.Linear(9, 2)(layer(x)[0])"),
    "view-size": (f"{LSTM}; h_n = layer(x)[1][0]", "h_n.view(2, 2, 2, 8)"),
    "lengths-device": ("lengths = lengths[:, None]", "pack_padded_sequence(x, lengths, True)"),
    "lengths-not-sorted": ("lengths = [2, 4]", "pack_padded_sequence(x, lengths, True)"),
    "length-zero": ("lengths = [4, 0]", "pack_padded_sequence(x, lengths, True)"),
    "lengths-number": ("", "pack_padded_sequence(x, lengths)"),
    "lengths-type": ("", "pack_padded_sequence(x, '42', True)"),
    "total-length": (PACKED, "pad_packed_sequence(packed, total_length=3)"),
    "total-length-type": (
        f"{PACKED}; total_length = 8 / 2",
        "pad_packed_sequence(packed, total_length=total_length)",
    ),
    "no-sequences": ("sequences = []", "pad_sequence(sequences)"),
    "sequences-of-numbers": ("sequences = [[1, 2], [3]]", "pad_sequence(sequences)"),
    "sizes-differ": ("sequences = [x[0].T, x[1, :3].T]", "pad_sequence(sequences)"),
    "lengths-of-unpad": ("padded = x", "unpad_sequence(padded, lengths)"),
    "not-packed": (LSTM, "pad_packed_sequence(layer(x)[0])"),
    "size-too-small": ("", "nn.LSTM(5, 0)"),
    "size-type": ("hidden_size = 16 / 2", "nn.LSTM(5, hidden_size)"),
    "flag-type": ("", "nn.LSTM(5, 8, 2, True, 1)"),
    "nonlinearity": ("", "nn.RNN(5, 8, 1, 'gelu')"),
    "dropout-range": ("", "nn.LSTM(5, 8, 2, dropout=20)"),
    "dropout-of-one-layer": ("", "nn.LSTM(5, 8, dropout=0.5)"),
    "projection-of-lstm-alone": ("", "nn.GRU(5, 8, proj_size=3)"),
    "projection-range": ("", "nn.LSTM(5, 8, proj_size=8)"),
    "result-is-a-tuple": (f"{LSTM}; linear = nn.Linear(8, 2)", "linear(layer(x))"),
    "result-is-packed": (
        f"{LSTM}; {PACKED}; linear = nn.Linear(8, 2)",
        "linear(layer(packed)[0])",
    ),
    "results-unpacked": (LSTM, "output, h_n, c_n = layer(x)"),
    "devices-differ": (f"{GRU}; layer = layer.to('meta')", "layer(x, h_0)"),
    "second-backward": (
        f"{GRU}; output, h_n = layer(x); output.sum().backward()",
        "layer(x, h_n)[0].sum().backward()",
    ),
    "eval-backward": (LSTM, ""),
    "state-not-contiguous": (GRU, ""),
    "weights-not-contiguous": (LSTM, ""),
    "saved-sizes-differ": (
        "layer = nn.LSTM(5, 8); saved = nn.LSTM(5, 9, 2, bidirectional=True).state_dict()",
        "layer.load_state_dict(saved)",
    ),
}
"""By the id of an entry what stands before a call, and the call, which must raise its message. Where
there is none the message needs a GPU, or comes of memory that is no tensor: the mended call is made."""

# A machine whose oneDNN does not compute an LSTM says it with other words.
ALSO = {"state-dtype": {"state-dtype", "product-dtype"}}

each_message = pytest.mark.parametrize("message", MESSAGES, ids=[it.id for it in MESSAGES])


def run(code: str) -> None:
    """Run the code in names of its own."""
    exec(code, {})


def raised(code: str) -> str:
    """The traceback of what the code raises."""
    try:
        run(code)
    except Exception:
        return traceback.format_exc()
    pytest.fail("nothing was raised")


@each_message
def test_what_is_said_mends_the_call(message: Message) -> None:
    """The wrong call raises the message; with the lines that mend in its place nothing is raised."""
    before, wrong = WRONG[message.id]
    start = f"{BEGINNING}{before}\n"
    if wrong:
        found = find(raised(start + wrong))
        assert found is not None
        assert found.message.id in ALSO.get(message.id, {message.id})
    run(start + message.mend)


def test_every_entry_is_tried() -> None:
    """And no other."""
    assert [message.id for message in MESSAGES if message.id not in WRONG] == []
    assert len(WRONG) == len(MESSAGES)


@each_message
def test_entry(message: Message, capsys: Output) -> None:
    """Its own example is answered by it, with all that it says; ids and rules are whole."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", message.id)
    assert {*message.rules} <= {*RULES}
    # Python alone understands these, or JavaScript alone.
    assert not re.search(r"\(\?(?![:!])|\\[AZzGpPuQE]|[*+?}]\+|\(\?<", message.pattern)
    assert cli.main(["why", message.example]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{message.id}\n")
    said = [message.means, *message.causes, *message.mend.splitlines(), f"errors.html#{message.id}"]
    said += [f"rnn-contracts explain {rule}" for rule in message.rules]
    said += [RULES[rule].says for rule in message.rules]
    assert [text for text in said if text not in out] == []
    assert out == why(message.example) + "\n"


def test_ids_are_unique() -> None:
    """As anchors must be."""
    assert len({message.id for message in MESSAGES}) == len(MESSAGES)


# --- What was recorded ---------------------------------------------------------------------------


def test_every_recorded_message_is_answered() -> None:
    """The messages that are not are named: give them an entry of ``rnn_contracts.messages``."""
    recorded = recorded_messages.of_package().messages
    assert len(recorded) > 100
    unanswered = [it.example for it in recorded if find(it.example) is None]
    assert unanswered == []


def test_the_answer_names_who_raises_it() -> None:
    """The classes and the releases of these words alone."""
    out = why("AssertionError: GRU: Expected input to be 2-D or 3-D but received 4-D tensor")
    assert "raised  by GRU on torch 2.0.1\n" in out
    out = why("Expected hidden[1] size (2, 4, 8), got [2, 3, 8]")
    assert "raised  by LSTM on torch 2.0.1 to 2.15.0\n" in out
    assert f"raised  {NOT_RECORDED}\n" in why(
        "cudnn RNN backward can only be called in training mode"
    )


# --- What is asked -------------------------------------------------------------------------------

TOLD = "RuntimeError: Expected hidden[0] size (2, 4, 8), got [4, 2, 8]"
TRACEBACK = f"""\
Traceback (most recent call last):
  File "train.py", line 12, in <module>
    output, _ = nn.LSTM(5, 8, 2)(x, (h, c))
  File "torch/nn/modules/rnn.py", line 1123, in forward
    self.check_forward_args(input, hx, batch_sizes)
{TOLD}
"""
OTHER = "ValueError: dropout should be a number in range [0, 1] representing the probability of an"


@pytest.mark.parametrize(
    "text",
    [
        TOLD,
        TOLD.removeprefix("RuntimeError: "),
        "Expected hidden[1] size (1, 32, 256), got (1, 7, 256)",
        TRACEBACK,
        TRACEBACK.replace("\n", "\r\n"),
        f"'{TOLD}'",
        f"\033[31mRuntimeError\033[39m: {TOLD.partition(': ')[2]}\033[0m\n",
        TOLD.replace(" size ", " size\n    "),
        "\n".join(f"E       {line}" for line in TRACEBACK.splitlines()),
        f"{OTHER}\n\nDuring handling of the above exception, another exception occurred:\n\n{TRACEBACK}",
        f"{TRACEBACK}\n  0%|          | 0/10 [00:00<?, ?it/s]\n",
    ],
)
def test_texts(text: str) -> None:
    """With or without a type, of any sizes, in a traceback, with colours and broken lines."""
    found = find(text)
    assert found is not None
    assert found.message.id == "lstm-state-size"


@pytest.mark.parametrize(
    ("got", "told"),
    [
        ("[4, 2, 8]", "and is (4, 2, 8): N and D*num_layers are exchanged"),
        ("[2, 3, 8]", "and is (2, 3, 8): N is 3 and not 4"),
        ("[1, 4, 9]", "and is (1, 4, 9): D*num_layers is 1 and not 2, H is 9 and not 8"),
        ("[2, 8]", "and is (2, 8): it has 2 axes"),
    ],
)
def test_sizes_are_compared(got: str, told: str) -> None:
    """The axes that are wrong are named."""
    out = why(f"RuntimeError: Expected hidden[0] size (2, 4, 8), got {got}")
    assert f"here    (D*num_layers, N, H) must be (2, 4, 8) {told}\n" in out


def test_a_message_of_many_lines() -> None:
    """The first tells enough."""
    code = f"{BEGINNING}{LSTM}; {PACKED}\nlayer(packed, h_0)"
    text = raised(code)
    assert "expected one of:\n" in text
    found = find(text)
    assert found is not None
    assert found.message.id == "lstm-state-is-no-pair"


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_standard_input(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    """It is read where there is no message."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(TRACEBACK))
    assert cli.main(["why", *arguments]) == 0
    assert capsys.readouterr().out == why(TOLD) + "\n"


def test_standard_input_of_any_bytes() -> None:
    """What is no UTF-8 is no obstacle; words need no quotes."""
    command = [sys.executable, "-m", "rnn_contracts", "why"]
    piped = subprocess.run(command, input=b"\xff\xfe\n" + TRACEBACK.encode(), capture_output=True)
    assert piped.returncode == 0
    words = subprocess.run([*command, *TOLD.split()], capture_output=True)
    assert words.stdout == piped.stdout


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no message: expected what torch raised, such as 'RuntimeError: Expected hidden[0]"),
        (" \r\n\t", "no message: expected what torch raised"),
        (
            "KeyError: 'text'",
            "no recurrent layer is known to raise \"KeyError: 'text'\"\n",
        ),
        (
            "Traceback:\nRuntimeError: Expected hidden size (2, 4), but got 3",
            "known to raise 'RuntimeError: Expected hidden size (2, 4), but got 3'; the nearest is "
            "'RuntimeError: Expected hidden size (2, 4, 8), got [4, 2, 8]'\n",
        ),
        ("x" * 5000, "no recurrent layer is known to raise 'xxx"),
    ],
)
def test_unknown(text: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    """One line, and the exit code of wrong usage."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    assert cli.main(["why"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("rnn-contracts: ")
    assert told in err
    with pytest.raises(ValueError, match=r"^no "):
        why(text)


def test_nothing_to_read(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    """At a terminal the command does not wait for somebody to type."""
    terminal = io.StringIO(TRACEBACK)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    for stream in (terminal, None):
        monkeypatch.setattr(sys, "stdin", stream)
        assert cli.main(["why"]) == 2
        assert (
            'no message: expected one, as in rnn-contracts why "Runtime' in capsys.readouterr().err
        )


def test_a_damaged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is answered, and one line says what is wrong."""
    path = tmp_path / "recorded_messages.json"
    path.write_text('{"releases": ["2.0.1"], "messages": {"a": {"raised": 3}}}')
    monkeypatch.setattr(recorded_messages, "of_package", lambda: recorded_messages.read(path))
    out = why(TOLD)
    told = "recorded_messages.json: cannot be read: expected an object, got int; `python -m tox"
    assert f"raised  {told}" in out
    assert "drop_last=True" in out


def test_needs_no_torch() -> None:
    """A message is explained where torch is not installed, without those that check it."""
    code = f"import rnn_contracts, sys; rnn_contracts.why({TOLD!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "hypothesis", "pytest", "numpy"} & {*done.stdout.split()}


def test_wordings() -> None:
    """Messages that differ in sizes and dtypes alone are one."""
    for one, other in [
        (TOLD, "RuntimeError: Expected hidden[1] size (1, 7, 256), got [256, 7]"),
        (
            "mat1 and mat2 shapes cannot be multiplied (6x10 and 5x8)",
            "mat1 and mat2 shapes cannot be multiplied (1x2 and 128x512)",
        ),
        (
            "RNN input dtype (torch.float64) does not match weight dtype (torch.float32)",
            "RNN input dtype (torch.int64) does not match weight dtype (torch.bfloat16)",
        ),
        ("but got Double and Float", "but got Long and BFloat16"),
        ("got: double != c10::BFloat16", "got: long int != float"),
    ]:
        assert wording(one) == wording(other)
    assert wording(TOLD) != wording(TOLD.replace("hidden[0]", "hidden"))
