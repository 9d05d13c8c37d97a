"""The commands that need no torch: list, explain, shapes and cite."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from rnn_contracts import RULES, Layer, __version__, cite, cli, deviations, explain, shapes
from rnn_contracts.citing import describe_rule
from rnn_contracts.citing.citations import CITATIONS, SITE, address_of_version
from rnn_contracts.citing.lists import LISTS
from rnn_contracts.citing.torch_words import in_plain_text
from rnn_contracts.helpers import HELPERS
from rnn_contracts.layer import CELLS, LAYERS
from rnn_contracts.paths import SUITE

Output = pytest.CaptureFixture[str]
SLOW = (
    *("compile-agrees", "export-agrees", "compile-packed-agrees", "compile-drops"),
    *("export-uses-its-parameters", "exported-layer-moves", "vmap-agrees"),
    *("vmap-of-grad-agrees", "reentrant-checkpoint-agrees"),
)
TOOLS = {"inductor-agrees": "inductor", "onnx-agrees": "onnx"}
FAMILIES = ("shape", "parameter", "law", "packing", "refusal")


def asked_by(id: str) -> str:
    """What ``-m`` has to name besides the rule."""
    marker = TOOLS.get(id, "slow" * (id in SLOW))
    return f"{marker} and " if marker else ""


def printed(capsys: Output, *arguments: str) -> str:
    """What a command prints that goes well, and prints no complaint."""
    assert cli.main(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def refused(capsys: Output, *arguments: str) -> str:
    """What a command says that is used wrongly, which prints nothing else."""
    try:
        code: object = cli.main(arguments)
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    return err.rstrip().rpartition("\n")[2]


def test_list(capsys: Output) -> None:
    """A line for each rule, in the order of the contract."""
    lines = printed(capsys, "list").splitlines()
    assert [line.split(maxsplit=2) for line in lines] == [
        [rule.id, rule.family, rule.says] for rule in RULES.values()
    ]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("format", LISTS)
def test_list_of_a_family(capsys: Output, family: str, format: str) -> None:
    """The rules of that family and no others, in every format."""
    out = printed(capsys, "list", "--family", family, "--format", format)
    # As a whole word: one id may contain another.
    words = {word.strip('[]`,"') for word in out.replace("](", " ").split()}
    for rule in RULES.values():
        assert (rule.id in words) == (rule.family == family)


def test_list_in_json(capsys: Output) -> None:
    """Every field of every rule, and the address of its page."""
    listed = json.loads(printed(capsys, "list", "--format", "json"))
    assert [rule["id"] for rule in listed] == list(RULES)
    rule = listed[list(RULES).index("final-hidden-shape")]
    assert rule["shapes"]["batch first"] == "D*num_layers N H_out"
    assert rule["url"] == f"{SITE}rules/final-hidden-shape.html"
    assert rule["layers"] == ["RNN", "GRU", "LSTM"]


@pytest.mark.parametrize("id", RULES)
def test_explain(capsys: Output, id: str) -> None:
    """All that is known of a rule is there, and there is a test that checks it."""
    out, rule = printed(capsys, "explain", id), RULES[id]
    assert f"{explain(id)}\n" == out
    known = [it for it in deviations.known() if it.rule == id]
    said = [id, rule.says, rule.condition, rule.source, f"torch {rule.since}"]
    said += map(in_plain_text, rule.quote.values())
    assert [markup for markup in (":math:", "``", "\\", "_{") if markup in out] == []
    said += [describe_rule.as_tuple(shape) for shape in rule.shapes.values()]
    said += [issue.removeprefix("#") for issue in rule.pitfalls]
    said += [part for it in known for part in (it.reason, it.torch, it.fixed, it.link)]
    said += [
        f"rnn-contracts check -m \"{asked_by(id)}rule(id='{id}')\"",
        f"{SITE}rules/{id}.html",
    ]
    assert [part for part in said if part not in out] == []
    assert ("none known" in out) == (not known)
    assert rule.test in out.partition("checked by")[2]


@pytest.mark.parametrize("helper", HELPERS)
def test_explain_of_a_helper_of_packing(capsys: Output, helper: str) -> None:
    """A name of ``torch.nn.utils.rnn`` is what people ask for: all rules about it are there."""
    out = printed(capsys, "explain", helper)
    about = [rule for rule in RULES.values() if helper in rule.functions]
    assert len(about) > 3
    assert [line.split()[0] for line in out.splitlines()[3:]] == [rule.id for rule in about]
    assert printed(capsys, "explain", f"torch.nn.utils.rnn.{helper}") == out


def test_explain_names_the_tests() -> None:
    """The test that is named for a rule exists."""
    for rule in RULES.values():
        file, _, function = rule.test.partition("::")
        assert f"def {function}(" in (SUITE / file).read_text("utf-8")


def test_explain_of_no_rule() -> None:
    """In Python too the nearest ids are named."""
    with pytest.raises(ValueError, match="no rule 'final-hiden-shape'; did you mean"):
        explain("final-hiden-shape")


def test_shapes(capsys: Output) -> None:
    """Every tensor of a call, in axes and in numbers, and the rule that says so."""
    out = printed(
        capsys,
        *[
            "shapes",
            "LSTM",
            "5",
            "8",
            "--num-layers",
            "10",
            "--bidirectional",
            "--batch-first",
            "--input",
            "2,4,5",
        ],
    )
    assert out == (
        "nn.LSTM(5, 8, num_layers=10, batch_first=True, bidirectional=True), batch first\n"
        "\n"
        "input   (N, L, H_in)               (2, 4, 5)   input-shape\n"
        "h_0     (D*num_layers, N, H_out)   (20, 2, 8)  initial-hidden-shape\n"
        "c_0     (D*num_layers, N, H_cell)  (20, 2, 8)  initial-cell-shape\n"
        "output  (N, L, D*H_out)            (2, 4, 16)  output-shape\n"
        "h_n     (D*num_layers, N, H_out)   (20, 2, 8)  final-hidden-shape\n"
        "c_n     (D*num_layers, N, H_cell)  (20, 2, 8)  final-cell-shape\n"
        "\n"
        "N = 2, L = 4, H_in = 5, D = 2, num_layers = 10, H_out = 8, H_cell = 8\n"
        "output, (h_n, c_n) = nn.LSTM(5, 8, num_layers=10, batch_first=True, bidirectional=True)"
        "(torch.randn(2, 4, 5))\n"
    )


def test_shapes_of_packed_input(capsys: Output) -> None:
    """With lengths the input is the data of a PackedSequence."""
    out = printed(
        capsys,
        *["shapes", "LSTM", "5", "8", "--proj-size", "3", "--input", "6,5", "--lengths", "4,2"],
    )
    assert out == f"{shapes(Layer('LSTM', 5, 8, proj_size=3), (6, 5), (4, 2))}\n"


@pytest.mark.parametrize("kind", LAYERS + CELLS)
def test_shapes_of_every_kind(capsys: Output, kind: str) -> None:
    """The one-dimensional input of a cell has its comma in Python alone."""
    out = printed(capsys, "shapes", kind, "5", "8", "--input", "5" if kind in CELLS else "4,5")
    assert f"nn.{kind}(5, 8), unbatched" in out


def test_cite(capsys: Output) -> None:
    """Each format has the sentence and the address; tests/docs reads them as what they are."""
    for format in CITATIONS:
        out = printed(capsys, "cite", "final-hidden-shape", "--format", format)
        assert address_of_version(RULES["final-hidden-shape"]) in out
        assert out == f"{cite('final-hidden-shape', format)}\n"
    assert printed(capsys, "cite", "steps-are-causal") == (
        "Without bidirectional, the output at a step does not depend on the input after it "
        "(bidirectional = False; dropout = 0 or eval mode) ([rnn-contracts 0.2.0.dev0, "
        f"steps-are-causal]({SITE}rules/steps-are-causal.html))\n"
    )


def test_cite_in_python() -> None:
    """What is accepted is named."""
    assert cite("final-hidden-shape") == cite("final-hidden-shape", "markdown")
    with pytest.raises(
        ValueError, match=r"^no rule 'final-hiden-shape'; did you mean final-hidden"
    ):
        cite("final-hiden-shape")
    with pytest.raises(
        ValueError,
        match=r"^format: expected one of markdown, rst, html, latex, bibtex, got 'word'$",
    ):
        cite("final-hidden-shape", "word")


def test_mathematics_in_bibtex() -> None:
    """The title is typeset, and the key is one that every program takes."""
    lines = cite("final-hidden-shape", "bibtex").splitlines()
    assert lines[0] == "@misc{rnn-contracts-final-hidden-shape,"
    assert lines[2] == (
        r"  title = {{$h_n$ is $(D\cdot\mathtt{num\_layers}, N, H_\mathrm{out})$, regardless of "
        r"\texttt{batch\_first}}},"
    )
    assert lines[3] == f"  version = {{{__version__}}},"


def test_a_rule_in_a_notebook() -> None:
    """What explains it is shown as a table with links, and as text where there is no HTML."""
    shown = explain("final-hidden-shape")
    page = shown._repr_html_()
    assert repr(shown) == str(shown)
    assert f"<a href='{SITE}rules/final-hidden-shape.html'>" in page
    assert page.count("<code>(D*num_layers, N, H_out)</code>") == 3
    assert "h_n: tensor of shape (D * num_layers, H_out)" in page
    for id in RULES:
        html = explain(id)._repr_html_()
        assert [
            tag
            for tag in ("td", "tr", "table", "p", "a", "code", "blockquote", "pre")
            if html.count(f"<{tag}>") + html.count(f"<{tag} ") != html.count(f"</{tag}>")
        ] == []
    helper = explain("pad_sequence")
    assert f"<a href='{SITE}rules/pad-sequence-shape.html'>" in helper._repr_html_()


def test_a_rule_is_one_line() -> None:
    """Its id and its sentence."""
    says = "h_n is (D*num_layers, N, H_out), regardless of batch_first"
    assert repr(RULES["final-hidden-shape"]) == f"<Rule final-hidden-shape: {says}>"


@pytest.mark.parametrize("command", ["explain", "cite"])
def test_unknown_rule(capsys: Output, command: str) -> None:
    """One line with the nearest ids."""
    said = refused(capsys, command, "final-hiden-shape")
    assert said.startswith(
        "rnn-contracts: no rule 'final-hiden-shape'; did you mean final-hidden-shape"
    )
    assert "did you mean final-hidden-shape" in refused(capsys, command, "FINAL-HIDDEN-SHAPE")
    assert refused(capsys, command, "").endswith(
        f"no rule ''; `rnn-contracts list` names all {len(RULES)}"
    )


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("LSTM 5 8 --input 2,x", "argument --input: expected ints such as 2,4,5, got '2,x'"),
        ("LSTM 5 8 --input 2,4,6", "input_shape: expected a last axis of input_size = 5"),
        (
            "LSTM 5 8 --input 2",
            "input_shape: expected 2 axes (unbatched) or 3 axes (sequence first)",
        ),
        ("LSTM 5 8 --input 6,5 --lengths 4,3", "lengths: expected a sum of 6"),
        ("GRU 5 8 --proj-size 3 --input 2,5", "proj_size: expected nothing, nn.GRU has no such"),
        ("GRU 5 8 --num-layers 0 --input 2,5", "num_layers: expected an int of at least 1, got 0"),
        ("GRUCell 5 8 --num-layers 2 --input 5", "num_layers: expected nothing, nn.GRUCell has no"),
        (
            "GRUCell 5 8 --input 2,5 --lengths 2",
            "lengths: expected None, since nn.GRUCell takes no",
        ),
        (
            "Transformer 5 8 --input 2,5",
            "argument KIND: invalid choice: 'Transformer' (choose from",
        ),
        ("LSTM 5 8 --input -1,4,5", "input_shape: expected L of at least 1, got (-1, 4, 5)"),
        ("LSTM 5 8 --input 2,5 --lengths -1,3", "lengths: expected an int of at least 1 for each"),
        ("GRU 5 --input 2,5", "the following arguments are required: HIDDEN_SIZE"),
        ("GRU 5 8", "the following arguments are required: --input"),
    ],
)
def test_shapes_of_no_call(capsys: Output, arguments: str, named: str) -> None:
    """One line that names the argument and what is accepted."""
    assert named in refused(capsys, "shapes", *arguments.split())


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("", "the following arguments are required: COMMAND"),
        ("lst", "invalid choice: 'lst' (choose from"),
        ("list --family x", "argument --family: invalid choice: 'x' (choose from"),
        ("cite input-shape --format x", "argument --format: invalid choice: 'x' (choose from"),
        ("explain", "the following arguments are required: RULE"),
        ("shapes rn 5 8 --input 2,4,5", "argument KIND: invalid choice: 'rn' (choose from"),
        (
            "shapes RNN 5 8 --input 2 4 5",
            "unrecognized arguments: 4 5; sizes are written with commas",
        ),
        ("shapes RNN 5 8 --input 2;4", "expected ints such as 2,4,5, got '2;4'"),
    ],
)
def test_usage(capsys: Output, arguments: str, named: str) -> None:
    """One line that names what was wrong and what is accepted."""
    assert named in refused(capsys, *arguments.split())


@pytest.mark.parametrize("written", ["2,4,5", "(2, 4, 5)", "[2, 4, 5]", "torch.Size([2, 4, 5])"])
def test_shapes_as_python_prints_them(capsys: Output, written: str) -> None:
    """What is copied from a notebook is read, and so is the name of a layer in small letters."""
    expected = str(shapes(Layer("LSTM", 5, 8), (2, 4, 5)))
    assert printed(capsys, "shapes", "lstm", "5", "8", "--input", written) == f"{expected}\n"


def test_colour_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe gets plain text, and so does a terminal that wants no colour."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def on(stream: io.StringIO, **environment: str) -> str:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stream)
            patch.setenv("COLUMNS", "1000")
            for name in ("NO_COLOR", "TERM"):
                patch.delenv(name, raising=False)
            for name, value in environment.items():
                patch.setenv(name, value)
            for command in (["list"], ["explain", "input-shape"], ["list", "--format", "markdown"]):
                cli.main(command)
        return stream.getvalue()

    plain = on(io.StringIO())
    assert "\033" not in plain
    assert on(Terminal(), NO_COLOR="1") == on(Terminal(), TERM="dumb") == plain
    coloured = on(Terminal())
    for first in ("input-shape", "checked by", "to check"):
        assert f"\033[1m{first}\033[0m  " in coloured
    assert coloured.replace("\033[1m", "").replace("\033[0m", "") == plain


@pytest.mark.parametrize(
    "arguments",
    [
        *("list", "explain input-shape", "shapes GRU 5 8 --input 2,5", "cite input-shape"),
        "changes 2.6 2.15",
    ],
)
def test_needs_no_torch(arguments: str) -> None:
    """The commands that are for reading import nothing that checks."""
    code = (
        "import sys; from rnn_contracts.cli import main; "
        f"main({arguments.split()}); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = {*done.stderr.split()}
    assert "rnn_contracts.cli" in imported
    assert not {"torch", "hypothesis", "pytest", "numpy"} & imported


LIST = [sys.executable, "-m", "rnn_contracts", "list"]


def test_who_closes_the_pipe_has_read_enough() -> None:
    """As with ``| head -1``: no complaint, and no other exit code."""
    with subprocess.Popen(
        [*LIST, "--format", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 0)


def test_file_that_cannot_be_written(tmp_path: Path) -> None:
    """As where the disk is full: one line."""
    limited = ["sh", "-c", 'ulimit -f 0; exec "$@" > out', "sh", *LIST]
    done = subprocess.run(limited, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "rnn-contracts: cannot write: File too large\n")


def test_no_standard_output() -> None:
    """As with ``>&-``: what was asked for cannot be said."""
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *LIST], capture_output=True, check=False
    )
    line = b"rnn-contracts: cannot write: the output is closed\n"
    assert (done.returncode, done.stderr) == (2, line)


def test_deviations_without_a_reader_of_toml(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Python 3.10 without any package the line says what is missing."""
    for name in ("tomllib", "tomli"):
        monkeypatch.setitem(sys.modules, name, None)
    out = printed(capsys, "explain", "autocast-dtype")
    assert "deviations  known deviations need tomli: pip install tomli\n" in out


def test_version(capsys: Output) -> None:
    """The version is the package's."""
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    import rnn_contracts

    assert capsys.readouterr().out == f"rnn-contracts {rnn_contracts.__version__}\n"
