"""The gate cannot be fooled: exit 0 means that what passed on the old torch passes on the new."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_contracts.results.diff import compare
from rnn_contracts.results.report import read

Element = ElementTree.Element

TORCH = {"torch": "2.13.0", "device": "cpu", "machine": "onednn=true"}
CASES: list[tuple[str, str, dict[str, str], str]] = [
    # Class, name, properties and how it ended.
    *(
        ("test_shapes", f"test_output_shape[{point}]", {"rule": "output-shape", **TORCH}, "passed")
        for point in ("a", "b", "c")
    ),
    ("test_refusals", "test_refused[size-refused-x]", {"rule": "size-refused", **TORCH}, "known"),
    ("test_refusals", "test_refused[size-refused-y]", {"rule": "size-refused", **TORCH}, "passed"),
    (
        "test_refusals",
        "test_refused[size-refused-y-known:N=0]",
        {"rule": "size-refused", "part of": "size-refused-y", **TORCH},
        "known",
    ),
    ("test_documentation", "test_quote[output-shape-RNN]", {"quote": "output-shape"}, "passed"),
    ("test_helpers", "test_helper", {}, "passed"),
    ("test_helpers", "test_other", {}, "skipped"),
    *(
        (
            "test_mine",
            f"test_{name}[output-shape-LSTM-a]",
            {
                "rule": "output-shape",
                "subject": f"LSTM is mine:{name}",
                "function": f"test_mine.py::test_{name}",
                **TORCH,
            },
            "passed",
        )
        for name in ("A", "B")
    ),
]


def case(class_name: str, name: str, properties: dict[str, str], ended: str) -> Element:
    """A test case as pytest writes it."""
    made = Element("testcase", classname=class_name, name=name)
    told = dict(properties)
    if "rule" in told or "quote" in told:
        told["outcome"] = {"passed": "passed", "known": "known failure"}[ended]
    if ended == "known":
        told["known failure"] = f"{told['rule']}: so it is"
    if told:
        parent = ElementTree.SubElement(made, "properties")
        for key, value in told.items():
            ElementTree.SubElement(parent, "property", name=key, value=value)
    if ended in ("known", "skipped"):
        ElementTree.SubElement(made, "skipped")
    return made


def written(path: Path, cases: list[Element]) -> Path:
    suite = Element("testsuite")
    suite.extend(cases)
    ElementTree.ElementTree(suite).write(path)
    return path


def delete(cases: list[Element], at: int, _: Any) -> None:
    del cases[at]


def duplicate(cases: list[Element], at: int, to: int) -> None:
    cases.insert(to % (len(cases) + 1), copy.deepcopy(cases[at]))


def rename(cases: list[Element], at: int, to: int) -> None:
    name = cases[at].get("name", "")
    cases[at].set("name", (name.replace("[", "[z"), name + "2", "test_output_shape[a]")[to % 3])


def fail(cases: list[Element], at: int, to: int) -> None:
    ElementTree.SubElement(cases[at], ("failure", "error", "skipped", "rerunFailure")[to % 4])


def change_a_property(cases: list[Element], at: int, to: int) -> None:
    properties = [*cases[at].iter("property")]
    if properties:
        values = ("failed", "not checked", "fixed", "", "passed", "LSTM is mine:A", "nonsense")
        properties[to % len(properties)].set("value", values[to % len(values)])


def drop_the_properties(cases: list[Element], at: int, to: int) -> None:
    for parent in cases[at].findall("properties"):
        properties = [*parent]
        if properties:
            parent.remove(properties[to % len(properties)])


def add_a_failure(cases: list[Element], at: int, to: int) -> None:
    new = Element("testcase", classname="", name=("tests/test_shapes.py", "internal")[to % 2])
    ElementTree.SubElement(new, ("error", "failure")[to % 2], message="collection failure")
    cases.insert(at, new)


CHANGES = (
    delete,
    duplicate,
    rename,
    fail,
    change_a_property,
    drop_the_properties,
    add_a_failure,
)


def clean(cases: list[Element]) -> dict[tuple[str, ...], bool]:
    """Whether every case of a test passed, by all that tells a test from another."""
    found: dict[tuple[str, ...], bool] = {}
    for one in cases:
        told = {it.get("name", ""): it.get("value", "") for it in one.iter("property")}
        key = (
            one.get("classname", ""),
            one.get("name", ""),
            *(told.get(name, "") for name in ("rule", "quote", "subject", "function", "part of")),
        )
        passed = (
            not any(it.tag in ("failure", "error", "skipped", "rerunFailure") for it in one.iter())
            and told.get("outcome", "passed") == "passed"
        )
        found[key] = passed and found.get(key, True)
    return found


@given(
    st.lists(
        st.tuples(st.sampled_from(CHANGES), st.integers(0, 99), st.integers(0, 99)),
        min_size=1,
        max_size=4,
    )
)
def test_an_old_pass_that_is_no_clean_pass_is_never_green(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[Any, int, int]]
) -> None:
    """Whatever is deleted, duplicated, renamed, failed or changed in the new report."""
    directory = tmp_path_factory.getbasetemp()
    before = [case(*one) for one in CASES]
    after = copy.deepcopy(before)
    for change, at, to in changes:
        if after:
            change(after, at % len(after), to)
    old = read(written(directory / "old.xml", before))
    try:
        new = read(written(directory / "new.xml", after))
    except ValueError:
        return
    if compare(old, new).exit_code == 0:
        now = clean(after)
        lost = [key for key, passed in clean(before).items() if passed and not now.get(key)]
        assert lost == []
        assert not any(it.tag in ("failure", "error") for one in after for it in one.iter())


def test_the_same_report_is_green(tmp_path: Path) -> None:
    """Else the property would hold of a gate that is always shut."""
    path = written(tmp_path / "r.xml", [case(*one) for one in CASES])
    difference = compare(read(path), read(path))
    assert (difference.obstacles, difference.exit_code) == ([], 0)
