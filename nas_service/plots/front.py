"""The front: accuracy against every other objective, what is dominated faint, intervals, and what is forbidden."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nas_service.domain.spec import Metric
from nas_service.domain.states import CandidateStatus
from nas_service.plots.axis import Axis, axis_of, numbers_of
from nas_service.plots.material import Material
from nas_service.plots.paper import Paper
from nas_service.plots.style import ACCENT, BAD, BAD_SOFT, GROUND, INK, SCATTER_LIMIT, SOFT, STRONG

MOST_BARS = 300
"""Intervals of more candidates cannot be told apart: then only members have theirs."""
MOST_NUMBERED = 20
MARGIN = 0.06
DOMINATED, UNFINISHED = "dominated", "others, as the search saw them"
"""Beside a front of final numbers there are only the latter: they have no final numbers."""
LEGEND = ("front", "95 % interval", DOMINATED, UNFINISHED, "infeasible", "forbidden by a constraint")
REACH = 0.4
"""A limit this share of the range beyond the values is still shown."""

Mask = NDArray[np.bool_]


def draw(material: Material, paper: Paper) -> Figure:
    """A panel for each objective but the first accuracy, which is the vertical axis of all."""
    y, others = axes_of(material)
    rows, columns, height_in = paper.grid(len(others), 3.6 if paper.is_narrow else 3.9)
    figure = paper.figure(material.search.name, words(material), height_in + 0.5)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, x in zip(panels, others, strict=False):
        _panel(axes, x, y, material)
    for axes in panels[len(others) :]:
        axes.set_axis_off()
    handles = dict(zip(*panels[0].get_legend_handles_labels()[::-1], strict=True))
    shown = [name for name in LEGEND if name in handles]
    columns = 2 if paper.is_narrow else 5
    figure.legend([handles[name] for name in shown], shown, loc="outside lower left", ncols=columns, handletextpad=0.4)
    return figure


def words(material: Material) -> str:
    """The figure in a sentence."""
    members, tried = len(material.front.members), sum(material.search.candidates.values())
    noun = "candidate" if members == 1 else "candidates"
    return f"{members} non-dominated {noun} of {tried:,} tried"


def axes_of(material: Material) -> tuple[Axis, list[Axis]]:
    """The vertical axis, and the horizontal one of each panel."""
    keys = [axis.key for axis in material.front.axes]
    vertical = Metric.ACCURACY.value if Metric.ACCURACY.value in keys else keys[0]
    others = [axis_of(material, key) for key in keys if key != vertical]
    return axis_of(material, vertical), others or [numbers_of(material)]


def _panel(axes: Axes, x: Axis, y: Axis, material: Material) -> None:
    known = np.isfinite(x.values) & np.isfinite(y.values)
    status = np.asarray(material.points.statuses)
    member = np.zeros(len(known), dtype=np.bool_)
    member[list(material.member_rows)] = True
    forbidden = known & (status == CandidateStatus.INFEASIBLE)
    dominated = known & ~forbidden & ~member
    many = len(known) > SCATTER_LIMIT
    axes.set(xlabel=x.label, ylabel=y.label, xlim=_span(x, known), ylim=_span(y, known))
    _regions(axes, x, y)
    shared: dict[str, Any] = {"linewidths": 0, "rasterized": many}
    others = UNFINISHED if any(material.points.final) else DOMINATED
    axes.scatter(
        x.values[dominated], y.values[dominated], s=9 if many else 16, c=SOFT, alpha=0.35, label=others, **shared
    )
    if forbidden.any():
        crosses: dict[str, Any] = {"marker": "x", "linewidths": 0.8, "alpha": 0.45, "rasterized": many}
        axes.scatter(x.values[forbidden], y.values[forbidden], s=14, c=BAD, label="infeasible", **crosses)
    _stairs(axes, x, y, known & member, two_objectives=len(material.front.axes) == 2)
    shown = known & (member if known.sum() > MOST_BARS else ~forbidden)
    _intervals(axes, x, y, shown)
    front: dict[str, Any] = {
        "marker": "D",
        "c": ACCENT,
        "edgecolors": GROUND,
        "linewidths": 0.8,
        "zorder": 5,
        "label": "front",
    }
    axes.scatter(x.values[known & member], y.values[known & member], s=34, **front)
    _ranks(axes, x, y, {row: rank for row, rank in material.member_rows.items() if known[row]})


def _span(axis: Axis, known: Mask) -> tuple[float, float]:
    """All values, and limits that lie near."""
    values = axis.values[known]
    if not values.size:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    room = (high - low) or abs(high) or 1.0
    near = [v for pair in axis.limits for v in pair if v is not None and low - REACH * room < v < high + REACH * room]
    low, high = min([low, *near]) - MARGIN * room, max([high, *near]) + MARGIN * room
    return low, min(high, 100.2) if axis.key == Metric.ACCURACY else high


def _regions(axes: Axes, x: Axis, y: Axis) -> None:
    """What constraints forbid."""
    for axis, span, (start, end) in ((x, axes.axvspan, axes.get_xlim()), (y, axes.axhspan, axes.get_ylim())):
        for least, largest in axis.limits:
            for low, high in ((start, least), (largest, end)):
                if low is not None and high is not None and low < high:
                    span(
                        max(low, start),
                        min(high, end),
                        color=BAD_SOFT,
                        zorder=0,
                        lw=0,
                        label="forbidden by a constraint",
                    )


def _stairs(axes: Axes, x: Axis, y: Axis, member: Mask, *, two_objectives: bool) -> None:
    """What the front dominates ends here; with more objectives than two no line in a plane is that border."""
    if not two_objectives or x.key == "number":
        return
    order = np.argsort(x.values[member])
    style = "steps-pre" if x.maximize else "steps-post"
    axes.plot(x.values[member][order], y.values[member][order], color=ACCENT, lw=1.2, alpha=0.8, drawstyle=style)


def _intervals(axes: Axes, x: Axis, y: Axis, shown: Mask) -> None:
    bars: dict[str, Any] = {"color": STRONG, "lw": 1.1, "zorder": 4, "label": "95 % interval"}
    across = shown & np.isfinite(x.low) & np.isfinite(x.high)
    if across.any():
        axes.hlines(y.values[across], x.low[across], x.high[across], **bars)
    along = shown & np.isfinite(y.low) & np.isfinite(y.high)
    if along.any():
        axes.vlines(
            x.values[along], y.low[along], y.high[along], **(bars | {"label": None if across.any() else bars["label"]})
        )


def _ranks(axes: Axes, x: Axis, y: Axis, ranks: dict[int, int]) -> None:
    if len(ranks) > MOST_NUMBERED:
        return
    for row, rank in ranks.items():
        place = (x.values[row], y.values[row])
        axes.annotate(str(rank), place, (-4, 4), textcoords="offset points", ha="right", fontsize=7, color=INK)
