"""How every figure looks: one palette, which people with any colour vision tell apart, on a light ground.

Each colour stands for a role and occurs in no other, so that a page can give an SVG the colours of its own theme
(`nas_service.plots.inline`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl

INK, SOFT, LINE, STRONG, GROUND = "#1c2124", "#5a6266", "#dfe1de", "#8b918f", "#ffffff"
BAD, BAD_SOFT = "#a92a22", "#fbe9e7"
ACCENT, ORANGE, GREEN, PURPLE, YELLOW, BLUE = "#17627c", "#b3541e", "#23744a", "#8a4a86", "#8a6d00", "#4a5ab0"
SERIES = (ACCENT, ORANGE, GREEN, PURPLE, YELLOW, BLUE)
"""After Okabe and Ito; of different lightness too."""

DPI = 200
SCATTER_LIMIT = 2000
"""More marks than these are drawn as a picture inside of the SVG: as shapes they would be megabytes."""

_STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": STRONG,
    "axes.linewidth": 0.8,
    "axes.labelcolor": SOFT,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "xtick.color": STRONG,
    "ytick.color": STRONG,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "figure.facecolor": GROUND,
    "axes.facecolor": GROUND,
    "savefig.facecolor": GROUND,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "legend.labelcolor": SOFT,
    "hatch.color": GROUND,
    "hatch.linewidth": 0.8,
    # Equal figures give equal files.
    "svg.hashsalt": "nas",
}


@contextmanager
def styled(*, text_as_text: bool = False) -> Iterator[None]:
    """Everything drawn and saved in here looks alike. `text_as_text`: an SVG's letters stay letters, not outlines."""
    with mpl.rc_context(_STYLE | {"svg.fonttype": "none" if text_as_text else "path"}):
        yield
