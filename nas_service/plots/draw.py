"""The one door to the figures: a kind, a sheet and a search's documents in, a matplotlib figure out."""

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

from nas_service.plots import curves, front, hypervolume, importance, timeline
from nas_service.plots.kinds import Kind
from nas_service.plots.material import Material
from nas_service.plots.paper import Paper


@dataclass(frozen=True, slots=True)
class Plot:
    """How a kind is drawn, and what it shows in a sentence."""

    heading: str
    draw: Callable[[Material, Paper], Figure]
    words: Callable[[Material], str]


PLOTS = {
    Kind.FRONT: Plot("The front", front.draw, front.words),
    Kind.HYPERVOLUME: Plot("Hypervolume", hypervolume.draw, hypervolume.words),
    Kind.IMPORTANCE: Plot("What goes with each objective", importance.draw, importance.words),
    Kind.CURVES: Plot("Learning curves", curves.draw, curves.words),
    Kind.TIMELINE: Plot("What workers did", timeline.draw, timeline.words),
}
