"""The search in a real browser: a message of torch is explained, whatever sizes are in it."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

from rnn_contracts.citing import recorded_messages
from rnn_contracts.citing.describe_error import find
from rnn_contracts.messages import MESSAGES

# The entries that fit each text.
FIND = """([patterns, texts]) => texts.map(text => patterns.filter(
  ([, pattern]) => new RegExp(pattern).test(text)).map(([id]) => id))"""


def test_patterns_mean_in_javascript_what_they_mean_in_python(browser: Browser) -> None:
    """Each pattern finds the same messages."""
    texts = [message.example for message in MESSAGES]
    texts += [message.example for message in recorded_messages.of_package().messages]
    page = browser.new_page()
    found = page.evaluate(FIND, [[[it.id, it.pattern] for it in MESSAGES], texts])
    page.close()
    assert found == [[it.id for it in MESSAGES if re.search(it.pattern, text)] for text in texts]


@pytest.mark.parametrize(
    "text",
    [
        "Expected hidden[0] size (2, 4, 8), got [4, 2, 8]",
        "RuntimeError: Expected hidden size (1, 64, 256), got [1, 17, 256]",
        "input.size(-1) must be equal to input_size. Expected 128, got 100",
        "mat1 and mat2 shapes cannot be multiplied (32x10 and 128x8)",
        "  LSTM: Expected input to be 2D or 3D,  got 5D instead",
        "h_n",
    ],
)
def test_search(browser: Browser, site: Path, text: str) -> None:
    """The link to the explanation comes first; there is none for other words."""
    page = browser.new_page()
    page.goto(f"{(site / 'search.html').as_uri()}?q={quote(text)}")
    links = page.locator("#explained a").evaluate_all("all => all.map(it => it.href)")
    page.close()
    found = find(text)
    expected = [f"{(site / 'errors.html').as_uri()}#{found.message.id}"] if found else []
    assert links == expected
