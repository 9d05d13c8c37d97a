"""What a person pastes into the form, and how it is read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from .conftest import opened

READ = """text => {
  const contract = JSON.parse(document.getElementById("contract").textContent);
  const { layer, shapes, message, notes, problems } = pasted.read(text, contract);
  return { layer, shapes, message, told: [...notes, ...problems.map(({ text }) => text)] };
}"""


@pytest.fixture(scope="module")
def page(browser: Browser, address: str) -> Iterator[Page]:
    """One page for all tests: reading a text changes nothing."""
    with opened(browser, address) as page:
        yield page


@pytest.mark.parametrize(
    ("code", "kind", "values"),
    [
        ("nn.LSTM(5, 8, 2, batch_first=True)", "LSTM", "5 8 num_layers=2 batch_first=True"),
        ("torch.nn.GRU(input_size=5, hidden_size=8)", "GRU", "5 8"),
        (
            'self.rnn = nn.RNN(5, 8, num_layers=10, nonlinearity="relu")  # for now',
            "RNN",
            "5 8 num_layers=10 nonlinearity=relu",
        ),
        (
            "nn.RNN(5, 8, 2, 'relu', False, True, 0.5, True)",
            "RNN",
            "5 8 num_layers=2 nonlinearity=relu bias=False batch_first=True dropout=0.5 "
            "bidirectional=True",
        ),
        ("cell = nn.LSTMCell(5, 8, bias=False)", "LSTMCell", "5 8 bias=False"),
        ("  (rnn): LSTM(5, 8, batch_first=True)", "LSTM", "5 8 batch_first=True"),
        ("x = nn.GRU(\n    5,  # words\n    8,\n    device='cpu',\n).to('cpu')", "GRU", "5 8"),
        ("EMB = 5\nself.H = 8\nnn.GRU(EMB, self.H)", "GRU", "5 8"),
        ("def make(emb: int = 5, hid=8):\n    return nn.GRU(emb, hid)", "GRU", "5 8"),
        ("N, L, H_in, H = 2, 4, 5, 8\nnn.GRU(H_in, H)", "GRU", "5 8"),
        ("nn.GRU(5, 2 * 4)", "GRU", "5 8"),
        ("nn.GRU(5, 8\nwords", "GRU", "5 8"),
        ("hidden_size = 8\nnn.GRU(5, hidden_size=hidden_size)", "GRU", "5 8"),
        ("class RNN(nn.Module):\n    lstm = nn.LSTM(1_000, 8)", "LSTM", "1000 8"),
        ("model = RNN(n, m)\nlstm = nn.LSTM(5, 8)", "LSTM", "5 8"),
    ],
)
def test_code_is_read(page: Page, code: str, kind: str, values: str) -> None:
    """The line of code in the ways in which people write it."""
    layer = page.evaluate(READ, code)["layer"]
    sizes = dict(zip(("input_size", "hidden_size"), values.split(), strict=False))
    expected = sizes | dict(word.split("=") for word in values.split()[2:])
    assert layer == {"kind": kind, "values": expected, "names": {}, "problems": []}


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        *[
            (shape, {"input": "2, 4, 5"})
            for shape in (
                "torch.Size([2, 4, 5])",
                "(2, 4, 5)",
                "[2, 4, 5]",
                "2, 4, 5",
                "2 4 5",
                "x.shape = (2,4,5,)",
                "x.size(): torch.Size([2, 4, 5])",
                ">>> x.shape\ntorch.Size([2, 4, 5])",
                "Out[3]: torch.Size([2, 4, 5])",
                "x = torch.randn(2, 4, 5, device=device)",
                "the input is of shape (2, 4, 5)",
                "x.shape = 2, 4, 5",
            )
        ],
        ("x = randn(2, 4, 5)  # (2, 4, 5)\nh (1, 2, 8)", {"input": "2, 4, 5", "h_0": "1, 2, 8"}),
        ("x (2, 4, 5)  h (1, 2, 8)", {"input": "2, 4, 5", "h_0": "1, 2, 8"}),
        ("h.shape (1, 2, 8)\nx.shape (2, 4, 5)", {"input": "2, 4, 5", "h_0": "1, 2, 8"}),
        ("(2, 4, 5) (1, 2, 8)", {"input": "2, 4, 5", "h_0": "1, 2, 8"}),
        (
            "print(x.shape, h.shape)\ntorch.Size([2, 4, 5]) torch.Size([1, 2, 8])",
            {"input": "2, 4, 5", "h_0": "1, 2, 8"},
        ),
        (
            "h0, c0 = torch.zeros(1, 2, 8), torch.zeros(1, 2, 9)",
            {"h_0": "1, 2, 8", "c_0": "1, 2, 9"},
        ),
        (
            "hidden[0].shape: [1, 2, 8]\nhidden[1].shape: [1, 2, 9]",
            {"h_0": "1, 2, 8", "c_0": "1, 2, 9"},
        ),
        ("lengths = [4, 2]", {"lengths": "4, 2"}),
        ("lens: 4 2", {"lengths": "4, 2"}),
        ("pack_padded_sequence(x, torch.tensor([4, 2]))", {"lengths": "4, 2"}),
        ("B, T = 2, 4\nx = torch.randn(B, T, 5)", {"input": "2, 4, 5"}),
        ("x.shape[0] == 2\nlr=0.1\nseq_len = 4\nrange(10), x[0], fc(8, 2)", {}),
    ],
)
def test_shapes_are_read(page: Page, text: str, shapes: dict[str, str]) -> None:
    """The shapes in the ways in which people have them, with the line of code before or behind."""
    code = "self.lstm = nn.LSTM(5, 8)"
    for written in (text, f"{code}\n{text}", f"{text}\n{code}"):
        assert page.evaluate(READ, written)["shapes"] == shapes


def test_a_traceback_is_read(page: Page) -> None:
    """The layer and the message in it are read, and its line numbers are no shapes."""
    message = "RuntimeError: Expected hidden size (2, 4, 8), got [4, 2, 8]"
    text = f"""x.shape = (4, 7, 5)
Traceback (most recent call last):
  File "train.py", line 12, in <module>
    out, h = nn.GRU(5, 8, 2)(x, torch.zeros(4, 2, 8))
  File "rnn.py", line 1393, in forward
    self.check_forward_args(input, hx, batch_sizes)
{message}
"""
    read = page.evaluate(READ, text)
    assert (read["message"], read["shapes"]) == (message, {"input": "4, 7, 5"})
    assert read["layer"]["values"] == {"input_size": "5", "hidden_size": "8", "num_layers": "2"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("hello", "Nothing in the text was read: expected code such as nn.LSTM(5, 8)"),
        ("nn.GRU(5, 8)\nnn.LSTM(5, 8)", "The text makes 2 layers. The first is read."),
        ("nn.GRU(5, 8)\noutput.shape = (2, 4, 8)", "Not read: output.shape = (2, 4, 8)."),
        ("x.shape = (2, 4, 5)\nx.shape = (3, 4, 5)", "Not read: x.shape = (3, 4, 5)."),
        ("RuntimeError: out of luck", "The message is not among those that are explained here."),
    ],
)
def test_what_is_not_read_is_told(page: Page, text: str, told: str) -> None:
    """Nothing is left out in silence."""
    assert told in "".join(page.evaluate(READ, text)["told"])
