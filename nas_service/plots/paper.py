"""The sheet that a figure is drawn on."""

from dataclasses import dataclass

from matplotlib.figure import Figure

from nas_service.plots.style import INK

WIDE_IN, NARROW_IN = 7.2, 3.9
"""Inches: a page of text, and a phone."""


@dataclass(frozen=True, slots=True)
class Paper:
    """How wide, and whether the figure says itself what it shows; a page with headings has said it already."""

    width_in: float = WIDE_IN
    titled: bool = True

    @property
    def is_narrow(self) -> bool:
        """Whether panels go below each other."""
        return self.width_in <= NARROW_IN

    def figure(self, title: str, height_in: float) -> Figure:
        """An empty figure."""
        figure = Figure(figsize=(self.width_in, height_in), layout="constrained")
        if self.titled:
            figure.suptitle(title, x=0.01, ha="left", fontsize=11, color=INK, fontweight="semibold")
        return figure

    def grid(self, panels: int, panel_height_in: float) -> tuple[int, int, float]:
        """Rows and columns for so many panels, and the height of all together."""
        columns = 1 if self.is_narrow else min(panels, 2)
        rows = -(-panels // columns)
        return rows, columns, rows * panel_height_in
