"""A pytest plugin that switches oneDNN off: ``PYTHONPATH=tests/levels pytest -p without_onednn``."""

from typing import Any

import torch

# Torch's backends have no annotations.
mkldnn: Any = torch.backends.mkldnn
mkldnn.set_flags(False)
