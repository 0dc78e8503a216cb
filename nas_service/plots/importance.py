"""How much of each objective's variance goes with each choice, with the best option beside its bar."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nas_service.domain.metrics import objective_key
from nas_service.plots.material import Material
from nas_service.plots.paper import Paper
from nas_service.plots.style import ACCENT, INK, SOFT
from nas_service.units import heading
from nas_service.wire.figures import EffectInfo

MOST_BARS = 10
BAR_IN = 0.23


def draw(material: Material, paper: Paper) -> Figure:
    """A panel for each objective."""
    objectives = material.importance.objectives
    most = max((min(MOST_BARS, len(effects)) for effects in objectives.values()), default=1)
    rows, columns, height_in = paper.grid(len(objectives), 0.9 + BAR_IN * max(3, most))
    figure = paper.figure(material.search.name, words(material), height_in + 0.3)
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    targets = len(material.search.spec.targets)
    up = {objective_key(o): o.maximize for o in material.search.spec.objectives}
    for axes, (key, effects) in zip(panels, objectives.items(), strict=False):
        _panel(axes, effects[:MOST_BARS], maximize=up[key])
        axes.set_title(heading(key, targets), color=INK)
    for axes in panels[len(objectives) :]:
        axes.set_axis_off()
    largest = max((effect.share for effects in objectives.values() for effect in effects), default=0.0)
    panels[0].set_xlim(0, max(10.0, 140 * largest))
    figure.supxlabel("share of the objective's variance (%, epsilon-squared)", fontsize=9, color=SOFT)
    return figure


def words(material: Material) -> str:
    """The figure in a sentence."""
    first = [
        f"{heading(key)} with {_plain(effects[0].choice)}"
        for key, effects in material.importance.objectives.items()
        if effects
    ]
    return f"most of {', '.join(first)}" if first else "too few candidates are completed to tell"


def _panel(axes: Axes, effects: tuple[EffectInfo, ...], *, maximize: bool) -> None:
    if not effects:
        axes.text(0.5, 0.5, "fewer than 8 candidates are completed", ha="center", color=SOFT, transform=axes.transAxes)
        return
    names = [_plain(effect.choice) for effect in effects]
    shares = [100 * effect.share for effect in effects]
    bars = axes.barh(names, shares, color=ACCENT, height=0.62)
    axes.bar_label(bars, [f"best: {_best(effect, maximize)}" for effect in effects], padding=3, fontsize=7, color=SOFT)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0, labelcolor=INK)


def _best(effect: EffectInfo, maximize: bool) -> str:
    choose = max if maximize else min
    option = choose(effect.options, key=lambda o: o.mean).option
    return "absent" if option is None else str(option)


def _plain(choice: str) -> str:
    return choice.replace("_", " ")
