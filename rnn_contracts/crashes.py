"""What was being called when a process died, noted where it survives the process.

A note is written before every call: a plain ``repr``, some microseconds. Only if there is need to,
another process reads it and makes a message of it.
"""

from __future__ import annotations

import ast
import faulthandler
import math
import os
import sys
import time
from io import FileIO
from pathlib import Path

from rnn_contracts.calls import Case
from rnn_contracts.layer import Layer

Properties = list[tuple[str, object]]


class Watchdog:
    """Ends this process, as nothing less is sure to, if one test takes longer than that.

    To set it for each of thousands of tests costs seconds, so that one may serve several: it is set
    anew where a sixteenth of the time has gone, and a test has that much less at worst.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds, self.since = seconds, -math.inf
        # What is printed in a test is captured.
        self.stderr = os.dup(sys.__stderr__.fileno()) if sys.__stderr__ else None

    def watch(self) -> None:
        """A test begins."""
        now = time.monotonic()
        if now - self.since > self.seconds / 16 and self.stderr is not None:
            faulthandler.dump_traceback_later(self.seconds, exit=True, file=self.stderr)
            self.since = now

    def rest(self) -> None:
        """What comes may take its time."""
        if self.since > -math.inf:
            faulthandler.cancel_dump_traceback_later()
            self.since = -math.inf

    def close(self) -> None:
        """Watch no more."""
        self.rest()
        if self.stderr is not None:
            os.close(self.stderr)


_file: FileIO | None = None
_test: dict[str, object] = {}


def keep_notes_in(path: Path) -> None:
    """Write the notes of this process there, if it shares a disk with who will read them."""
    global _file
    if path.parent.is_dir():
        _file = FileIO(path, "w")


def close() -> None:
    """Write no more notes."""
    global _file
    if _file is not None:
        _file.close()
        _file = None


def begin(test: str, properties: Properties) -> None:
    """Say which test the calls to come belong to, and what its report says of it."""
    _test.update(test=test, properties=properties)


def note(rule_id: str, case: Case) -> None:
    """Note that this call is about to be made for a check of that rule."""
    if _file is not None:
        call = vars(case) | {"layer": vars(case.layer)}
        _file.seek(0)
        _file.write(repr({**_test, "rule": rule_id, "case": call}).encode() + b"\0")


def read(path: Path, test: str) -> tuple[str, Case, Properties] | None:
    """Rule, call and properties of the last note, if it was made by that test."""
    text = path.read_bytes().partition(b"\0")[0].decode() if path.exists() else ""
    note = ast.literal_eval(text or "{}")
    if note.get("test") != test:
        return None
    call = note["case"]
    return note["rule"], Case(**call | {"layer": Layer(**call["layer"])}), note["properties"]
