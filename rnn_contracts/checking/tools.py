"""What a rule may need besides torch, whether it is here, and how it is used."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import warnings
from collections.abc import Iterator

from rnn_contracts.checking.subjects import NotSupported


def require_packages(*names: str, extra: str) -> None:
    """Raise ``NotSupported`` if one of the packages is not installed; ``extra`` brings them."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise NotSupported(f"{', '.join(missing)}, of rnn-contracts[{extra}], is not installed")


def require_cpp_compiler() -> None:
    """Raise ``NotSupported`` if there is no C++ compiler, which inductor needs on the CPU."""
    compilers = [os.environ[name] for name in ("CXX",) if os.environ.get(name)]
    if not any(map(shutil.which, compilers or ("g++", "c++", "clang++", "cl"))):
        raise NotSupported("no C++ compiler, which inductor needs")


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Ignore what compilers and exporters warn of, since it is not about the layer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
