"""The machine of a run: the facts on which its results can depend.

A fact is a name and a value without spaces. The header of a run, its JUnit report and the text of a
violation have all of them in one line, ``architecture=x86_64 os=Linux ...``.

architecture        what ``platform.machine()`` says
os                  what ``platform.system()`` says
python              version
cpu_capability      the vector instructions that torch's own kernels use
onednn              whether torch has oneDNN and it is switched on
onednn_bfloat16     whether oneDNN computes in bfloat16 on this CPU
onednn_float16      whether oneDNN computes in float16 on this CPU
ATEN_CPU_CAPABILITY, ONEDNN_MAX_CPU_ISA, DNNL_MAX_CPU_ISA
                    environment variables that lower what is used of a CPU, where they are set
accelerator         what its driver calls the accelerator that is checked, where there is one
capability          the compute capability of a CUDA device
driver              the release of CUDA that the driver supports
cudnn, miopen       the version of the library that computes recurrent layers there
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from typing import Any

PROBES = ("onednn", "onednn_bfloat16")
"""The facts on which a known deviation may depend; each is ``true`` or ``false``."""

_VARIABLES = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")


def facts(device: str = "cpu") -> dict[str, str]:
    """The facts of this process, as they are now, and of an accelerator; this imports torch."""
    # Reports are compared, and deviations read, without torch.
    import torch

    # Torch's backends have no annotations.
    mkldnn: Any = torch.backends.mkldnn
    found = {
        "architecture": platform.machine(),
        "os": platform.system(),
        "python": platform.python_version(),
        "cpu_capability": _cpu_capability(),
        "onednn": _truth(bool(mkldnn.is_available() and mkldnn.enabled)),
        "onednn_bfloat16": _truth(_onednn_computes_in("bfloat16")),
        "onednn_float16": _truth(_onednn_computes_in("float16")),
        **{name: os.environ[name] for name in _VARIABLES if os.environ.get(name)},
        **(_facts_of(device) if device not in ("cpu", "meta") else {}),
    }
    return {name: re.sub(r"[^\w.+-]+", "_", value) or "unknown" for name, value in found.items()}


def as_line(found: Mapping[str, str]) -> str:
    """The facts as text; ``from_line`` reads it."""
    return " ".join(f"{name}={value}" for name, value in found.items())


def from_line(line: str) -> dict[str, str]:
    """The facts of a line; what is no ``name=value`` is left out."""
    pairs = (word.partition("=") for word in line.split())
    return {name: value for name, equals, value in pairs if name and equals}


def _cpu_capability() -> str:
    import torch

    if hasattr(torch.backends, "cpu"):
        return torch.backends.cpu.get_cpu_capability()
    # Before torch 2.1 only this text has it.
    found = re.search(r"CPU capability usage: (.*)", torch.__config__.show())
    return found[1] if found else ""


def _onednn_computes_in(dtype: str) -> bool:
    import torch

    mkldnn: Any = torch.backends.mkldnn
    if not mkldnn.is_available():
        return False
    answer = f"_is_mkldnn_{'bf16' if dtype == 'bfloat16' else 'fp16'}_supported"
    if hasattr(torch.ops.mkldnn, answer):
        return bool(getattr(torch.ops.mkldnn, answer)())
    # Torch 2.0 does not answer, so that oneDNN has to try.
    try:
        torch.relu(torch.ones(2, 2, dtype=getattr(torch, dtype), device="cpu").to_mkldnn())
    except RuntimeError:
        return False
    return True


def _facts_of(accelerator: str) -> dict[str, str]:
    import torch

    module: Any = getattr(torch, accelerator.partition(":")[0], None)
    named = hasattr(module, "get_device_name")
    found = {"accelerator": str(module.get_device_name(accelerator)) if named else accelerator}
    if accelerator.startswith("cuda"):
        found["capability"] = ".".join(map(str, torch.cuda.get_device_capability(accelerator)))
        if hasattr(torch._C, "_cuda_getDriverVersion"):
            found["driver"] = str(torch._C._cuda_getDriverVersion())
        library: Any = torch.backends.cudnn
        if library.is_available():
            found["miopen" if torch.version.hip else "cudnn"] = str(library.version())
    return found


def _truth(value: bool) -> str:
    return "true" if value else "false"
