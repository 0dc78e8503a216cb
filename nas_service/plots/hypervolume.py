"""The hypervolume against completed candidates and against time."""

from datetime import datetime

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nas_service.plots.clock import clock
from nas_service.plots.material import Material
from nas_service.plots.paper import Paper
from nas_service.plots.style import ACCENT, SOFT


def draw(material: Material, paper: Paper) -> Figure:
    """Two panels over one vertical axis."""
    rows, columns, height_in = paper.grid(2, 2.5)
    figure = paper.figure(material.search.name, words(material), height_in + 0.3)
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    steps = material.growth.steps
    shares = [100 * step.hypervolume_ratio for step in steps]
    _panel(panels[0], [0.0, *(float(step.completed) for step in steps)], [0.0, *shares])
    panels[0].set(xlabel="candidates completed", ylabel="hypervolume (% of the box)")
    unit, elapsed = clock(_start(material), [step.at for step in steps])
    _panel(panels[1], [0.0, *elapsed], [0.0, *shares])
    panels[1].set(xlabel=f"time since the start ({unit}), pauses included")
    if paper.is_narrow:
        panels[1].set(ylabel="hypervolume (% of the box)")
    return figure


def words(material: Material) -> str:
    """The figure in a sentence."""
    steps = material.growth.steps
    if not steps:
        return "no candidate is completed yet"
    return f"the front dominates {100 * steps[-1].hypervolume_ratio:.1f} % of the box after {steps[-1].completed:,}"


def _start(material: Material) -> datetime:
    return material.search.started_at or material.search.created_at


def _panel(axes: Axes, x: list[float], shares: list[float]) -> None:
    axes.step(x, shares, where="post", color=ACCENT, lw=1.6)
    axes.fill_between(x, shares, step="post", color=ACCENT, alpha=0.1, lw=0)
    axes.set(ylim=(0, 100), xlim=(0, max(x) or 1))
    if shares[-1]:
        axes.annotate(f"{shares[-1]:.1f} %", (x[-1], shares[-1]), (-2, 4), textcoords="offset points", ha="right",
                      fontsize=8, color=SOFT)  # fmt: skip
