"""The page "I got this error" has every message, and is linked from the rules that it is about."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from rnn_contracts import RULES
from rnn_contracts.citing import recorded_messages
from rnn_contracts.citing.describe_error import answered
from rnn_contracts.messages import MESSAGES, Message


def text_of(page: str) -> str:
    """What a reader sees of HTML."""
    return " ".join(unescape(re.sub(r"<[^>]*>", "", page)).split())


@pytest.fixture(scope="session")
def sections(site: Path) -> dict[str, str]:
    """The parts of the page, by anchor."""
    page = (site / "errors.html").read_text("utf-8")
    parts = re.split(r'<section id="([a-z-]+)">', page)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("message", MESSAGES, ids=[it.id for it in MESSAGES])
def test_section_of_a_message(site: Path, sections: dict[str, str], message: Message) -> None:
    """All that is known of it stands at its anchor, with links to the rules, which link back."""
    said = [message.example, message.means, *message.causes, *message.mend.splitlines()]
    seen = text_of(sections[message.id])
    assert [text for text in said if " ".join(text.split()) not in seen] == []
    for rule in message.rules:
        assert f'href="rules/{rule}.html' in sections[message.id]
    for rule in RULES:
        page = (site / "rules" / f"{rule}.html").read_text("utf-8")
        assert (f'href="../errors.html#{message.id}"' in page) == (rule in message.rules)


def test_recorded_messages_are_on_the_page(sections: dict[str, str]) -> None:
    """With the classes that raise them; where there is one alone its words are those of the heading."""
    assert "Recorded: by LSTM on torch 2.0.1 to 2.15.0" in text_of(sections["lstm-state-size"])
    for name, by_wording in answered(recorded_messages.of_package()).items():
        examples = [it.example for some in by_wording.values() for it in some]
        seen = text_of(sections[name])
        missing = [text for text in examples if " ".join(text.split()) not in seen]
        assert len(examples) == 1 or missing == []
