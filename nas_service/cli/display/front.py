"""The front as a table and as a plot."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from nas_service.domain.spec import Metric
from nas_service.units import half_width_text, heading, metric_text
from nas_service.wire.candidates import CandidateSummary, FrontInfo, FrontMember
from search_spaces.deployment import PRECISION

KEY_LETTERS = 8
"""Of an architecture's key: enough to tell the members of one front apart."""

ALWAYS_SHOWN = (Metric.SIZE_BYTES, Metric.MACS)


def short_key(architecture_key: str) -> str:
    """The start of a key, as shown in tables and folder names."""
    return architecture_key[:KEY_LETTERS]


def columns(front: FrontInfo) -> list[str]:
    """Metric keys worth a column: the axes first, then size and MACs."""
    axes = [axis.key for axis in front.axes]
    return axes + [metric.value for metric in ALWAYS_SHOWN if metric.value not in axes]


def front_table(front: FrontInfo, *, limit: int | None = None) -> Table:
    """One row a member, best first by the first axis; with `limit`, the rest is counted."""
    table = _empty_table(front)
    shown = front.members if limit is None or len(front.members) <= limit else front.members[: limit - 1]
    for rank, member in enumerate(shown, start=1):
        values = [metric_text(key, member.metrics.get(key)) for key in columns(front)]
        table.add_row(str(rank), *_named(front, member), *values)
    if len(shown) < len(front.members):
        table.add_row("", f"... {len(front.members) - len(shown)} more")
    return table


def doubts_table(front: FrontInfo) -> Table:
    """Every member with its 95 % intervals and its probability of being one; below, who may be one too (`~`), and who
    was finalized and is none (`x`)."""
    table = _empty_table(front)
    table.add_column("on the front", justify="right")
    for rank, member in enumerate(front.members, start=1):
        table.add_row(str(rank), *_cells(front, member))
    for mark, others in (("~", front.near), ("x", front.dominated)):
        for member in others:
            table.add_row(mark, *_cells(front, member), style="dim")
    return table


def doubts_notes(front: FrontInfo) -> list[str]:
    """What the marks of the table mean, as far as they occur."""
    notes = []
    if front.near:
        more = f"; the likeliest {len(front.near)} of {front.near_count}" if front.near_count > len(front.near) else ""
        notes.append(f"~ dominated, but within noise{more}")
    if front.dominated:
        notes.append("x finalized, and dominated by the final numbers; its bundle is kept")
    if front.figures == "final":
        notes.append("numbers of the finished files: validation accuracy of the exported one, latency measured again")
    return notes


def _empty_table(front: FrontInfo) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("#", justify="right")
    table.add_column("architecture")
    if _mixes_precisions(front):
        table.add_column("precision")
    target_count = len({axis.target for axis in front.axes if axis.target is not None})
    for key in columns(front):
        table.add_column(heading(key, target_count), justify="right")
    return table


def _cells(front: FrontInfo, member: FrontMember) -> list[str]:
    intervals = {axis.key: interval for axis, interval in zip(front.axes, member.intervals, strict=True)}
    values = [
        metric_text(key, member.metrics.get(key)) + half_width_text(key, intervals.get(key)) for key in columns(front)
    ]
    chance = "certain" if member.certain else f"{100 * member.probability:.0f} %"
    return [*_named(front, member), *values, chance]


def _named(front: FrontInfo, member: FrontMember) -> list[str]:
    """Its key, and at which precision it is executed where the space chose that."""
    candidate = member.candidate
    precision = [candidate.precision or str(PRECISION.default)] if _mixes_precisions(front) else []
    return [short_key(candidate.architecture_key), *precision]


def _mixes_precisions(front: FrontInfo) -> bool:
    """Whether the space chose the precision of anybody shown; an architecture names every one but the default."""
    shown = (*front.members, *front.near, *front.dominated)
    return any(PRECISION.name in member.candidate.architecture for member in shown)


def front_plot(front: FrontInfo, cloud: Sequence[CandidateSummary], width: int, height: int) -> Text | None:
    """The first axis over the second: `o` the front, `.` other candidates. None below two axes or without members."""
    if len(front.axes) < 2 or not front.members:
        return None
    y, x = front.axes[0].key, front.axes[1].key
    import plotext  # a tenth of a second that only plots need

    figure = plotext.figure
    figure.clear.all()
    figure.theme("simple")
    figure.plot_size(width, height)
    for found, marker in (([c.metrics for c in cloud], "."), ([m.metrics for m in front.members], "o")):
        points = [(metrics[x], metrics[y]) for metrics in found if x in metrics and y in metrics]
        if points:
            figure.draw(figure.signal(*map(list, zip(*points, strict=True)), marker=marker))
    figure.label(x, "x")
    figure.label(y, "y")
    return Text.from_ansi(figure.build().string())
