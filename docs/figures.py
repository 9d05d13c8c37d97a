"""Pictures of the pages that are made from measurements, as SVG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

if TYPE_CHECKING:
    from matplotlib.figure import Figure

mpl.use("svg")
mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "rnn-contracts", "font.size": 9})

GREY = "#7d838b"
"""Can be read on white and on black."""


def save(figure: Figure, path: Path, alternative: str) -> None:
    """Write the figure, with a text alternative."""
    import matplotlib.pyplot as plt

    figure.savefig(path, transparent=True, metadata={"Date": None, "Creator": None})
    plt.close(figure)
    svg = path.read_text("utf-8")
    start = svg.index("<svg")
    end = svg.index(">", start)
    label = ' role="img" aria-labelledby="alternative"'
    svg = f'{svg[:end]}{label}>\n <title id="alternative">{alternative}</title>{svg[end + 1 :]}'
    path.write_text(svg.replace(" \n", "\n"), "utf-8")
