"""Whatever is read or typed: a result, or one line that says what is wrong, and never a traceback."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_contracts import cli, deviations
from rnn_contracts.results.report import read
from rnn_contracts.variations import CONDITIONS

REPORT = b"""<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite tests="2">
<testcase classname="t" name="test_output_shape[a]"><properties>
<property name="rule" value="output-shape"/><property name="torch" value="2.13.0"/>
<property name="device" value="cpu"/><property name="machine" value="onednn=true"/>
<property name="outcome" value="known failure"/><property name="known failure" value="output-shape: x"/>
</properties><skipped/></testcase>
<testcase classname="t" name="test_x"><failure message="no"/></testcase></testsuite></testsuites>"""
WORDS = st.one_of(
    st.sampled_from(
        [
            *("list", "explain", "shapes", "cite", "diff", "--family", "--format", "--input"),
            *("json", "markdown", "text", "output-shape", "outptu-shape", "LSTM", "Gru", "5", "-1"),
            *("--num-layers", "--batch-first", "2,4,5", "2,,5", "--bidirectional", "--help", "1e9"),
            *("", "\0", "\n", "é", "--", "-", "10" * 300, "a" * 5000, "/dev/null", "/", "shape"),
        ]
    ),
    st.text(max_size=5),
)
VALUES = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-3, 3),
        st.sampled_from(
            ["GRU", "LSTM", "output-shape", "size-refused", ">=2", "2.13", "x\ny", "*", "here", ""]
        ),
    ),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from([*CONDITIONS, "onednn", "x"]), inner, max_size=2)
    ),
    max_leaves=3,
)
FIELDS = (
    *("rule", "torch", "reason", "link", "measured", "kinds", "devices", "variants", "subject"),
    *("when", "fixed", "undefined", "dies", "limit", "machine", "quote", "origin", "nonsense"),
)


def refusal(function: Callable[..., object], *arguments: object) -> str:
    """What its ``ValueError`` says, or ""."""
    try:
        function(*arguments)
    except ValueError as error:
        return str(error)
    return ""


def one_line(text: str) -> bool:
    return bool(text.strip()) and len(text.splitlines()) == 1 and text.isprintable()


@given(st.lists(WORDS, max_size=6))
def test_the_command_line(arguments: list[str]) -> None:
    """Its own commands; what follows ``check`` is pytest's."""
    if arguments[:1] in (["check"], ["report"]):
        return
    said, failed = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(failed):
        try:
            exit_code: object = cli.main(arguments)
        except SystemExit as end:
            exit_code = end.code
    assert exit_code in (0, 2)
    assert bool(said.getvalue()) == (exit_code == 0)
    assert bool(failed.getvalue()) == (exit_code == 2)
    assert "Traceback" not in failed.getvalue()


@given(
    st.lists(st.tuples(st.integers(0, len(REPORT) - 1), st.binary(max_size=4)), max_size=4),
    st.integers(1, len(REPORT)),
)
def test_a_report(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, bytes]], length: int
) -> None:
    """Bytes are replaced, put in and cut off."""
    data = REPORT
    for at, new in changes:
        data = data[:at] + new + data[at + len(new) // 2 :]
    path = tmp_path_factory.getbasetemp() / "mutated.xml"
    path.write_bytes(data[:length] if changes and length % 3 == 0 else data)
    told = refusal(read, path)
    assert not told or one_line(told)


def as_toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name} = {as_toml(it)}' for name, it in value.items())}}}"
    if isinstance(value, int):
        return str(value)
    return '"' + str(value).replace("\n", "\\n") + '"'


@given(
    st.lists(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6), min_size=1, max_size=2),
    st.text(max_size=3),
)
def test_a_file_of_deviations(tables: list[dict[str, object]], rest: str) -> None:
    """Every field with every value."""
    right = {"rule": "output-shape", "torch": ">=2", "reason": "why", "measured": "here"}
    for needed in ({}, right):
        text = "".join(
            "\n[[deviation]]\n"
            + "".join(f"{name} = {as_toml(value)}\n" for name, value in {**needed, **table}.items())
            for table in tables
        )
        for whole in (text, text + rest):
            told = refusal(deviations.parse, whole)
            assert not told or one_line(told)
