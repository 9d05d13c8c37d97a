"""``parametrize_with_rules`` beside the pytest plugins that a project is likely to have."""

from __future__ import annotations

import pytest

MODULE = """
import rnn_contracts
from torch import nn

class Mine(nn.GRU):
    def forward(self, input, hx=None):
        output, h_n = super().forward(input, hx)
        return output, h_n[-1:]

@rnn_contracts.parametrize_with_rules(GRU=Mine, devices=["cpu"])
def test_mine(check):
    check()
"""
OPTIONS = {
    "none": ("-pno:randomly", "-pno:xdist", "-pno:pytest_cov", "-pno:timeout"),
    "pytest-randomly": (),
    "pytest-xdist": ("-n2",),
    "pytest-cov": ("--cov",),
    "pytest-timeout": ("--timeout=300",),
    "pytest-rerunfailures": ("--reruns=1",),
    "all of them": ("-n2", "--cov", "--timeout=300", "--reruns=1"),
}


@pytest.mark.parametrize("plugins", OPTIONS)
def test_the_cause_is_one_block_with_a_script(pytester: pytest.Pytester, plugins: str) -> None:
    """No configuration and no plugin of this project is asked for."""
    pytester.makepyfile(MODULE)
    selected = "final-hidden-shape and (1_layer or 2_layers)"
    options = OPTIONS[plugins]
    result = pytester.runpytest_subprocess("-pno:cacheprovider", "-k", selected, *options)
    result.assert_outcomes(failed=6, passed=2)
    result.stdout.re_match_lines(
        [
            "=+ 1 cause of 6 failed tests =+",
            "_+ 1. a wrong result: 6 tests _+",
            "final-hidden-shape",
            r"layer = Mine\(.*",
            r"  in test_the_cause.*::test_mine\[final-hidden-shape-GRU-.*",
        ]
    )
