"""What a wheel of the project gives, in a fresh environment and an empty directory."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
GRU = ["-k", "output_shape and GRU and 1_layer and not packed"]
SUMMARY = "rnn-contracts: 1 rule checked on torch "


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel; it borrows torch, pytest and the rest from this one."""
    root = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", f"--wheel-dir={root}"]
    subprocess.run([*pip, *build, str(PROJECT)], check=True)
    (wheel,) = root.glob("*.whl")
    venv.create(root / "env", symlinks=True)
    install = ["install", "--no-deps", "--no-index", str(wheel)]
    python = root / "env" / "bin" / "python"
    subprocess.run([*pip, "--python", str(python), *install], check=True)
    (packages,) = (root / "env" / "lib").glob("python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return root / "env" / "bin"


@pytest.fixture
def run(environment: Path, tmp_path: Path) -> Run:
    return Run(environment, tmp_path)


class Run:
    """Runs a command of the environment in a directory that is empty but for what a test puts there."""

    def __init__(self, environment: Path, directory: Path) -> None:
        self.environment, self.directory = environment, directory

    def __call__(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        names = ("PYTHONPATH", "PYTEST_ADDOPTS")
        variables = {name: value for name, value in os.environ.items() if name not in names}
        return subprocess.run(
            [str(self.environment / command), *arguments],
            cwd=self.directory,
            env=variables,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_check(run: Run, workers: list[str]) -> None:
    """Pytest's own options work, and the suite is that of the package."""
    result = run("rnn-contracts", "check", *GRU, "-v", "--junitxml=r.xml", *workers)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "rnn_contracts/suite/test_shapes.py::test_output_shape[GRU-" in result.stdout
    assert SUMMARY in result.stdout
    assert "warning" not in result.stdout
    assert 'value="output-shape"' in (run.directory / "r.xml").read_text()
    compared = run("rnn-contracts", "diff", "r.xml", "r.xml")
    assert "Nothing regressed." in compared.stdout


def test_what_releases_have_saved_is_there(run: Run) -> None:
    """It is read from the package."""
    result = run("rnn-contracts", "check", "-k", "test_releases and GRUCell", "-q")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "rnn-contracts: 2 rules checked on torch " in result.stdout


def test_check_heeds_no_configuration(run: Run) -> None:
    """Neither that of the directory nor its conftest.py; one's own options count."""
    (run.directory / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (run.directory / "conftest.py").write_text("raise SystemExit\n")
    result = run("rnn-contracts", "check", *GRU, "-m", "rule(id='output-shape')", "-q")
    assert result.returncode == 0, result.stdout + result.stderr
    assert run("rnn-contracts", "check", "-k", "no_such_test").returncode == 5
    assert run("rnn-contracts", "check", "--rnn-device=tpu").returncode == 4


def test_pytest_finds_the_suite(run: Run) -> None:
    """As any suite that is installed."""
    options = ["-p", "rnn_contracts.plugin", "--pyargs", "rnn_contracts.suite"]
    result = run("python", "-m", "pytest", *options, *GRU, "--strict-markers", "-W", "error")
    assert result.returncode == 0, result.stdout + result.stderr
    assert SUMMARY in result.stdout


def test_a_layer_of_ones_own(run: Run) -> None:
    """It lies in the directory; the message is that of the contract."""
    (run.directory / "mine.py").write_text(
        "from torch import nn\n"
        "class Mine(nn.GRU):\n"
        "    def forward(self, input, hx=None):\n"
        "        output, h_n = super().forward(input, hx)\n"
        "        return output, h_n[-1:]\n"
    )
    selected = ["-k", "final_hidden_shape and 2_layers", "-x", "-q"]
    result = run("rnn-contracts", "check", "--rnn-subject=GRU=mine:Mine", *selected)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "\nfrom mine import Mine\n" in result.stdout
    assert "rnn-contracts: GRU is mine:Mine: 1 rule: 1 failed\n" in result.stdout
    assert "rnn-contracts: failed: final-hidden-shape\n" in result.stdout


def test_three_lines_in_a_module_of_ones_own(run: Run) -> None:
    """No plugin, no configuration."""
    (run.directory / "test_mine.py").write_text(
        "import rnn_contracts, torch\n"
        "@rnn_contracts.parametrize_with_rules(GRU=torch.nn.GRU)\n"
        "def test_mine(check): check()\n"
    )
    selected = ["-k", "output-shape and 1_layer and not packed", "--strict-markers", "-W", "error"]
    result = run("python", "-m", "pytest", *selected)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "8 passed" in result.stdout


def test_it_changes_nothing_in_other_runs(run: Run) -> None:
    """What pytest loads of itself has no options and imports neither torch nor the rest."""
    (run.directory / "test_other.py").write_text(
        "import hypothesis, sys\n"
        "def test_other(pytestconfig):\n"
        "    assert not {'torch', 'rnn_contracts.plugin'} & sys.modules.keys()\n"
        "    assert not any('rnn' in name for name in vars(pytestconfig.option))\n"
        "    assert hypothesis.settings().max_examples == 100\n"
    )
    result = run("python", "-m", "pytest", "-q", "--strict-markers", "--hypothesis-profile=default")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "--rnn" not in run("python", "-m", "pytest", "--help").stdout
