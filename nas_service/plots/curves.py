"""Learning curves: every candidate faint, those of the front strong."""

from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from nas_service.plots.material import Material
from nas_service.plots.paper import Paper
from nas_service.plots.style import ACCENT, SOFT
from nas_service.wire.figures import CurveInfo


def draw(material: Material, paper: Paper) -> Figure:
    """Validation accuracy by epoch."""
    figure = paper.figure(material.search.name, words(material), 3.3)
    axes = figure.subplots()
    members = {member.candidate.id for member in material.front.members}
    for curve in sorted(_told(material), key=lambda c: c.candidate_id in members):
        strong = curve.candidate_id in members
        look: dict[str, Any] = (
            {"color": ACCENT, "lw": 1.5, "alpha": 0.95} if strong else {"color": SOFT, "lw": 0.9, "alpha": 0.28}
        )
        points = [(p.epoch + 1, 100 * p.validation_accuracy) for p in curve.points if p.validation_accuracy is not None]
        axes.plot(*zip(*points, strict=True), marker="o" if len(points) == 1 else "", markersize=3, **look)
    axes.set(xlabel="epoch", ylabel="validation accuracy (%)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    shown = [
        Line2D([], [], color=ACCENT, label="front"),
        Line2D([], [], color=SOFT, alpha=0.5, label="other candidates"),
    ]
    figure.legend(handles=shown, loc="outside lower left", ncols=2)
    return figure


def words(material: Material) -> str:
    """The figure in a sentence."""
    count = len(_told(material))
    return f"learning curves of {count:,} candidates" if count else "no learning curve is known yet"


def _told(material: Material) -> list[CurveInfo]:
    return [c for c in material.curves.items if any(p.validation_accuracy is not None for p in c.points)]
