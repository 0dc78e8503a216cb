"""A figure as a picture file."""

from pathlib import Path

from nas_service.plots import style
from nas_service.plots.draw import PLOTS
from nas_service.plots.kinds import Kind
from nas_service.plots.material import Material
from nas_service.plots.paper import Paper


def save(material: Material, kind: Kind, to: Path) -> None:
    """Write the figure as PNG or SVG, as the name's ending says."""
    is_svg = to.suffix.lower() == ".svg"
    with style.styled():
        figure = PLOTS[kind].draw(material, Paper())
        # No date: equal searches give equal files.
        figure.savefig(to, dpi=style.DPI, metadata={"Date": None} if is_svg else None)
