"""Known deviations: where a torch release is known to break a rule, and why that is no news.

They are data, a TOML file of ``[[deviation]]`` tables with

rule       id of the rule
kinds      classes of ``torch.nn``; all if left out, and where the rule is about the helpers of packing
variants   patterns (``fnmatch``) of what the test's id says between kind and device; all if left out
devices    patterns of the devices on which it was seen, or of their backends (``devices.backend``), such
           as ``cudnn``; all if left out
subject    pattern of the layers that have it, ``package.module:Name``; torch's own if left out
torch      the releases in which it was seen, a PEP 440 specifier
fixed      the first release that is known not to have it; left out where there is none. Between it and
           the last of ``RELEASES`` before it nobody looked: there the entry is undefined
when       what a call must be like, such as ``{dtype = "bfloat16"}``; ``CONDITIONS`` has what it may say
machine    what the machine must be like, such as ``{onednn_bfloat16 = false}``; ``machine.PROBES`` has
           what it may say
reason     one line
link       the upstream issue or pull request
measured   how it was seen, if there is no link
dies       true where the call kills the process
undefined  true where it may happen or not, as where torch reads memory that is not its own
unmeasured true where it is read in torch's sources or issues, which ``link`` names, and no run of the
           suite has seen it: it excuses what happens, and a run says what it confirms and refutes
limit      true where the layer cannot make the calls of ``when`` at all: no test draws them, the header
           of a run says so, no other entry speaks of them, and the tests of ``rule`` fail if such a
           call is accepted
quote      true where it is torch's documentation that deviates, and says it in other words

They are strict both ways. A violation that is not listed fails; a death is listed only by ``dies`` or
``undefined``. A test that an entry lists fails if nothing happens, unless what happens is undefined.
The calls of ``when`` have a test of their own, which must fail, and the test of the rule draws all
others. No other rule is checked on a call that ``dies`` or is refused though a rule accepts it, and no
law where a shape is wrong. Entries of torch's own layers excuse a subject that does the same, and do
not require it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from importlib.resources import files

from packaging.version import Version

from rnn_contracts.deviations.deviation import Deviation
from rnn_contracts.deviations.reading import parse

__all__ = ["RELEASES", "Deviation", "as_on", "known", "known_on", "parse"]

RELEASES = ("2.0.1", "2.3.1", "2.6.0", "2.9.1", "2.13.0", "2.14.1", "2.15.0")
"""The releases of torch on which the whole suite is run."""


def known() -> tuple[Deviation, ...]:
    """The deviations that come with the package."""
    return parse((files("rnn_contracts") / "deviations.toml").read_text("utf-8"))


def known_on(release: str) -> tuple[Deviation, ...]:
    """Those of the package, as they are on that release."""
    return as_on(release, known())


def as_on(release: str, entries: Iterable[Deviation]) -> tuple[Deviation, ...]:
    """The entries, undefined if it was not seen whether that release still has them."""
    version = Version(Version(release).base_version)
    return tuple(
        replace(entry, undefined=True) if entry.fixed and _is_between(version, entry) else entry
        for entry in entries
    )


def _is_between(version: Version, entry: Deviation) -> bool:
    """Whether the release lies between the last that was seen with the deviation and the fixed one."""
    before = [Version(it) for it in RELEASES if Version(it) < Version(entry.fixed)]
    return bool(before) and before[-1] < version < Version(entry.fixed)
