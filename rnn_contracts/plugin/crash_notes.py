"""What was being called when a process died, noted where it survives the process.

A worker writes a note before every call, which takes microseconds. Another process reads it if the
worker died, and makes a message of it.
"""

from __future__ import annotations

import contextlib
import os
import pickle
from io import FileIO
from pathlib import Path

from rnn_contracts.checking.run import NoNotes
from rnn_contracts.drawing.drawn import Drawn
from rnn_contracts.results.outcome import Properties

DEAD = "the process died of this call, or it hung and was ended"


class CrashNotes:
    """Writes the notes of one worker into a file."""

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self._test = ""
        self._properties: Properties = []

    @classmethod
    def at(cls, path: Path) -> CrashNotes | NoNotes:
        """Notes in that file, if the worker shares a disk with the process that would read them."""
        return cls(FileIO(path, "w")) if path.parent.is_dir() else NoNotes()

    def begin(self, test: str, properties: Properties) -> None:
        """Say to which test the calls to come belong, and what its report says of it."""
        self._test, self._properties = test, properties

    def write(self, rule_id: str, case: Drawn, found: str = DEAD) -> None:
        """Note that this call is made for a check of that rule; ``found`` is to be told if it ends."""
        # A disk that is full costs the note, which matters only if the process dies.
        with contextlib.suppress(OSError):
            self._file.seek(0)
            self._file.write(pickle.dumps((self._test, rule_id, case, found, self._properties)))

    def end(self, rule_id: str, case: Drawn, found: str) -> None:
        """Note how, and end the worker: the next one starts with a device that can compute."""
        self.write(rule_id, case, found)
        os._exit(1)

    def close(self) -> None:
        """Write no more notes."""
        self._file.close()


def read(path: Path, test: str) -> tuple[str, Drawn, str, Properties] | None:
    """Rule, call, what was found and properties of the last note, if that test made it."""
    try:
        # A worker of this run wrote the file, into a directory that this process made.
        noted, rule_id, case, found, properties = pickle.loads(path.read_bytes())  # noqa: S301
    except Exception:
        # There is none, or its process died as it wrote it, and then anything may be raised.
        return None
    return (rule_id, case, found, properties) if noted == test else None
