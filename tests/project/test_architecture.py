"""The package is built of rooms whose imports go one way, and no module keeps state."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "rnn_contracts"
MODULES = sorted(PACKAGE.rglob("*.py"))
# Each room imports from those before it alone.
ROOMS = (
    *(
        "paths",
        "layer",
        "helpers",
        "machine",
        "contracts",
        "sources",
        "variations",
        "rules",
        "messages",
        "devices",
    ),
    *("deviations", "drawing", "checking", "rule_tests", "citing", "results", "parametrize"),
    *("plugin", "autoload", "cli", "sphinx", "__main__"),
)


def room_of(name: str) -> str:
    """``checking`` of ``rnn_contracts.checking.trial``."""
    return name.split(".")[1] if "." in name else ""


def imported(path: Path) -> Iterator[str]:
    """The modules of the package that a module imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rnn_contracts"):
            module = str(node.module)
            # The version and the names of the package itself are above all rooms.
            names = [f"{module}.{alias.name}" for alias in node.names]
            yield from names if module == "rnn_contracts" else [module]
        elif isinstance(node, ast.Import):
            yield from (it.name for it in node.names if it.name.startswith("rnn_contracts"))


def identified(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


each_module = pytest.mark.parametrize("path", MODULES, ids=identified)


def test_every_room_has_a_place() -> None:
    """No module or package stands outside of the order."""
    found = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES}
    assert found - {"__init__"} == {*ROOMS}


@each_module
def test_imports_go_one_way(path: Path) -> None:
    """A module imports from its own room and from those before it."""
    parts = path.relative_to(PACKAGE).parts
    if parts == ("__init__.py",):
        return
    own = ROOMS.index(parts[0].removesuffix(".py"))
    rooms = {room_of(name) for name in imported(path)} & {*ROOMS}
    assert [room for room in rooms if ROOMS.index(room) > own] == []


def test_the_contract_is_small() -> None:
    """It is read in five minutes, and needs the standard library and the layer alone."""
    path = PACKAGE / "contracts.py"
    assert len(path.read_text("utf-8").splitlines()) <= 200
    assert {*imported(path)} == {"rnn_contracts.layer"}


@each_module
def test_modules_and_functions_are_short(path: Path) -> None:
    """No module is over 350 lines, and no function over 50."""
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 350
    long = [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
        if (node.end_lineno or 0) - node.lineno >= 50
    ]
    assert long == []


MUTATING = {
    *("append", "extend", "insert", "remove", "pop", "popitem", "clear", "update", "setdefault"),
    *("add", "discard"),
}


def mutated(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """The names that a function changes in place, or binds in its module."""
    for node in ast.walk(function):
        if isinstance(node, ast.Global):
            yield from node.names
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            targets = [node.target]
        elif isinstance(node, ast.Delete):
            targets = node.targets
        for target in targets:
            if isinstance(target, (ast.Subscript, ast.Attribute)) and isinstance(
                target.value, ast.Name
            ):
                yield target.value.id
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if isinstance(owner, ast.Name) and node.func.attr in MUTATING:
                yield owner.id


def bound_in(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """The names that are local to a function."""
    names = {argument.arg for argument in ast.walk(function) if isinstance(argument, ast.arg)}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names - {
        name for node in ast.walk(function) if isinstance(node, ast.Global) for name in node.names
    }


@each_module
def test_no_module_keeps_state(path: Path) -> None:
    """Nothing at the level of a module is changed by a function; caches of pure functions are."""
    tree = ast.parse(path.read_text("utf-8"))
    assigned = [node for node in tree.body if isinstance(node, (ast.Assign, ast.AnnAssign))]
    names = {
        target.id
        for node in assigned
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    changed = [
        (function.name, name)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for name in mutated(function)
        if name in names - bound_in(function)
    ]
    assert changed == []


def test_a_module_that_keeps_state_is_found(tmp_path: Path) -> None:
    """Each way to change something of a module is one that the test above sees."""
    for line in (
        "state['a'] = 1",
        "state.update(a=1)",
        "global state; state = {}",
        "del state['a']",
    ):
        path = tmp_path / "keeps.py"
        path.write_text(f"state = {{}}\n\ndef change():\n    {line}\n")
        with pytest.raises(AssertionError):
            test_no_module_keeps_state(path)
    path.write_text("state = {}\n\ndef change(state):\n    state['a'] = 1\n")
    test_no_module_keeps_state(path)
