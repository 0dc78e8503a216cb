"""The sheet that a figure is drawn on."""

from dataclasses import dataclass
from textwrap import fill

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

    @property
    def letters(self) -> int:
        """How many fit into a line of the title."""
        return int(13 * self.width_in)

    def figure(self, name: str, words: str, height_in: float) -> Figure:
        """An empty figure, of the search of this name, that shows what the words say."""
        figure = Figure(figsize=(self.width_in, height_in), layout="constrained")
        if self.titled:
            figure.suptitle(f"{name}\n{fill(words, self.letters)}", x=0.01, ha="left", fontsize=10, color=INK)
        return figure

    def grid(self, panels: int, panel_height_in: float) -> tuple[int, int, float]:
        """Rows and columns for so many panels, and the height of all together."""
        columns = 1 if self.is_narrow else min(panels, 2)
        rows = -(-panels // columns)
        return rows, columns, rows * panel_height_in
