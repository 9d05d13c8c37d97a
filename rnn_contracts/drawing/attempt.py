"""A right call, and how it is spoiled: Python that is run in a child process and printed to paste."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from rnn_contracts.devices import is_accelerator
from rnn_contracts.drawing.case import Case
from rnn_contracts.drawing.sequences import Sequences


@dataclass(frozen=True)
class Attempt:
    """Python, run in this order: ``setup``, ``right`` call, ``spoil``, ``wrong`` call, ``right``.

    ``given`` are the names of what the wrong call must leave as it is.
    """

    case: Case | Sequences
    setup: str
    right: str
    spoil: str
    wrong: str
    given: tuple[str, ...] = ()

    def script(self, what: str) -> str:
        """Python that fails as the attempt did; ``what`` is the kind of its outcome."""
        if what in ("unusable", "not supported"):
            return self._raising(
                self.right, "the right call raised {type(error).__name__}: {error}"
            )
        if what == "not taken":
            return self._raising(
                self.wrong, "the constructor raised {type(error).__name__}: {error}"
            )
        refusal = "ValueError, RuntimeError or TypeError"
        attempt = ["try:", f"    {self.wrong}"]
        if is_accelerator(self.case.device) and hasattr(torch, "AcceleratorError"):
            # It is a RuntimeError, is raised late, and refuses nothing.
            attempt += ["    torch.accelerator.synchronize()"]
            attempt += ["except torch.AcceleratorError:", "    raise"]
        attempt += ["except (ValueError, RuntimeError, TypeError):", "    pass"]
        lines = [self.setup, self.spoil, *attempt]
        if what == "broken":
            given = ", ".join(self.given)
            same = "torch.testing.assert_close({}, {}, rtol=0, atol=0)".format
            lines[1:1] = [f"before = {self.right}", f"right = [{given}]"]
            lines.insert(-len(attempt), f"copies = copy.deepcopy([{given}])")
            lines += [same(f"[{given}]", "copies"), f"[{given}] = right"]
            lines.append(same(self.right, "before"))
        else:
            lines += [
                "except Exception as error:",
                '    how = f"raised {type(error).__name__}: {error}"',
                f'    raise AssertionError(f"{{how}}   expected {refusal}")',
                "else:",
                f'    raise AssertionError("was accepted   expected {refusal}")',
            ]
        copying = ["import copy"] if what == "broken" else []
        return "\n".join([*copying, *self.case.imports, *filter(None, lines)])

    def _raising(self, call: str, found: str) -> str:
        lines = ["try:", f"    {call}", "except Exception as error:"]
        lines.append(f'    raise AssertionError(f"{found}")')
        return "\n".join([*self.case.imports, *filter(None, [self.setup]), *lines])
