"""Make the parts of the page on upgrades out of the recorded runs and the known deviations."""

from __future__ import annotations

import itertools

from markup import bullets, fenced

from rnn_contracts.citing import changes, describe_changes, known, recorded_runs
from rnn_contracts.citing.changes import Changes
from rnn_contracts.citing.describe_changes import Markup
from rnn_contracts.citing.escaping import in_markdown
from rnn_contracts.citing.recorded_runs import RecordedRuns
from rnn_contracts.citing.tables import markdown_table
from rnn_contracts.results.words import counted
from rnn_contracts.rules import RULES


def rule_link(id: str) -> str:
    """A link to the page of the rule."""
    return f"{{rnn-rule}}`{id}`"


def reason(text: str, link: str) -> str:
    """A reason, which leads to its issue if there is one."""
    return f"[{in_markdown(text)}]({link})" if link else in_markdown(text)


MARKDOWN = Markup(rule_link, reason)


def all_changes() -> str:
    """What changed between any two releases that were run, the newest first, a part for each two."""
    recorded, entries = recorded_runs.of_package(), known.entries()
    pairs = [*itertools.combinations(reversed(recorded.releases), 2)]
    return "\n\n".join(
        part(changes.between(old, new, recorded, entries), recorded) for new, old in pairs
    )


def part(found: Changes, recorded: RecordedRuns) -> str:
    """What changed between two releases. upgrades.js finds it by the id, which an address can name."""
    lines = [
        fenced("{raw} html", f'<a id="{found.old}-{found.new}"></a>'),
        fenced(f"{{rubric}} {found.old} to {found.new}", ":heading-level: 3"),
        *describe_changes.summary(found, MARKDOWN),
    ]
    for heading, told in describe_changes.sections(found, recorded, MARKDOWN).items():
        items = ["\n  - ".join([line, *details]) for line, details in told]
        lines += [f"**{heading}**", bullets(items)]
    lines += [
        f"{counted(found.compared, 'rule')} were run on both.",
        *describe_changes.limits(found, recorded),
    ]
    return "\n\n".join(["````{container} change", *lines, "````"])


def by_release() -> str:
    """Each rule that did not pass on every release, by release; the newest first."""
    recorded = recorded_runs.of_package()
    releases = recorded.releases[::-1]
    rows = [
        [rule_link(rule), *(short(rule, release, recorded) for release in releases)]
        for rule in RULES
        if not all(changes.passed(rule, release, recorded) for release in releases)
    ]
    others = f"The other {len(RULES) - len(rows)} rules passed on every release."
    return "\n\n".join([markdown_table(["rule", *releases], rows), others]) + "\n"


def short(rule: str, release: str, recorded: RecordedRuns) -> str:
    """What came of the rule on that release, in a few letters."""
    if not RULES[rule].covers(release):
        return f"from {RULES[rule].since} on"
    counts = changes.tests(rule, release, recorded)
    failed = counts.total() - counts[changes.PASSED]
    return f"✗ {failed} of {counts.total()}" if failed else "✓" if counts else "not run"
