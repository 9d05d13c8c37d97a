"""On a terminal long lines are folded; in a pipe each line is whole."""

from __future__ import annotations

import contextlib
import doctest
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest

from rnn_contracts.cli import output
from rnn_contracts.messages import MESSAGES

WIDTH = 60
WHOLE = ("https://", " = ", "rnn-contracts ")
WHY = ["why", "RuntimeError: Expected hidden[0] size (2, 4, 8), got [4, 2, 8]"]


def on_terminal(program: list[str]) -> list[str]:
    """The lines that a program writes to a terminal of 60 columns."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, WIDTH, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    with subprocess.Popen(
        program, stdout=follower, env={**environment, "NO_COLOR": "1"}
    ) as process:
        os.close(follower)
        shown = b""
        # At the end Linux raises EIO, and other systems give nothing.
        with contextlib.suppress(OSError):
            while part := os.read(leader, 4096):
                shown += part
    os.close(leader)
    assert process.returncode == 0
    return shown.decode().splitlines()


@pytest.mark.parametrize(
    "arguments",
    [
        *(["list"], ["explain", "weight-ih-shape"], ["explain", "pack_sequence"]),
        *(["shapes", "GRU", "5", "8", "--input", "2,4,5"], ["changes", "2.6"], WHY),
    ],
)
def test_lines_fit_a_terminal(arguments: list[str]) -> None:
    """All but addresses, and lines to copy; the words are those of a pipe, which has long lines."""
    program = [sys.executable, "-m", "rnn_contracts", *arguments]
    piped = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    lines = on_terminal(program)
    long = [line for line in lines if len(line) > WIDTH]
    assert [line for line in long if not any(part in line for part in WHOLE)] == []
    assert max(map(len, piped.splitlines())) > WIDTH
    assert " ".join(lines).split() == piped.split()


def test_what_is_to_be_copied_stays_whole() -> None:
    """Code and commands run as they are copied, also where a sentence stands before them."""
    lines = [line.strip() for line in on_terminal([sys.executable, "-m", "rnn_contracts", *WHY])]
    (mend,) = (message.mend for message in MESSAGES if message.id == "lstm-state-size")
    assert {*mend.splitlines()} <= {line.removeprefix("mend").strip() for line in lines}
    assert "rnn-contracts explain initial-hidden-shape" in lines


def test_example() -> None:
    """It gives what the docstring says."""
    assert doctest.testmod(output) == (0, 1)
