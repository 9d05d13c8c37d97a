"""A failure as Markdown, ready for an upstream issue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rnn_contracts.citing import describe_runs
from rnn_contracts.citing.torch_words import in_plain_text
from rnn_contracts.rules import Rule


def bug_report(rule: Rule, found: str, call: str, code: str, output: str, machine: str) -> str:
    """Title, what is expected and by which words, the script, its output, versions and releases.

    ``found`` and ``call`` are those of the violation, ``code`` is its script and ``output`` what that
    printed. ``machine`` is what ``torch.utils.collect_env`` prints.
    """
    layer = call.partition("   ")[0]
    title = " ".join(found.partition("\n")[0].split())
    return "\n\n".join(
        [
            f"# `{layer}`: {title}",
            f"Expected: {rule.sentence}.",
            _words(rule.quote, rule.source),
            "This script fails:",
            _fenced(code, "python"),
            "It prints:",
            _fenced(output),
            f"Where the rule `{rule.id}` of rnn-contracts was run before:",
            _list(describe_runs.of_rule(rule)["recorded"]),
            "<details><summary>Versions</summary>",
            _fenced(machine),
            "</details>",
        ]
    )


def _words(quotes: Mapping[str, str], source: str) -> str:
    if not quotes:
        return f"The documentation does not say so in words; see {source}."
    said = "\n>\n".join(f"> {in_plain_text(quote)}\n> ({name})" for name, quote in quotes.items())
    return f"The documentation says ({source}):\n\n{said}"


def _fenced(text: str, language: str = "") -> str:
    return f"```{language}\n{text.strip()}\n```"


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
