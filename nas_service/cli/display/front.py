"""The front as a table and as a plot."""

from collections.abc import Sequence

import plotext
from rich.table import Table
from rich.text import Text

from nas_service.cli.display.units import heading, metric_text
from nas_service.domain.spec import Metric
from nas_service.wire.candidates import CandidateSummary, FrontInfo

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
    keys = columns(front)
    target_count = len({axis.target for axis in front.axes if axis.target is not None})
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("#", justify="right")
    table.add_column("architecture")
    for key in keys:
        table.add_column(heading(key, target_count), justify="right")
    shown = front.members if limit is None or len(front.members) <= limit else front.members[: limit - 1]
    for rank, member in enumerate((m.candidate for m in shown), start=1):
        values = [metric_text(key, member.metrics.get(key)) for key in keys]
        table.add_row(str(rank), short_key(member.architecture_key), *values)
    if len(shown) < len(front.members):
        table.add_row("", f"... {len(front.members) - len(shown)} more")
    return table


def front_plot(front: FrontInfo, cloud: Sequence[CandidateSummary], width: int, height: int) -> Text | None:
    """The first axis over the second: `o` the front, `.` other candidates. None below two axes or without members."""
    if len(front.axes) < 2 or not front.members:
        return None
    y, x = front.axes[0].key, front.axes[1].key
    figure = plotext.figure
    figure.clear.all()
    figure.theme("simple")
    figure.plot_size(width, height)
    for candidates, marker in ((cloud, "."), ([m.candidate for m in front.members], "o")):
        points = [(c.metrics[x], c.metrics[y]) for c in candidates if x in c.metrics and y in c.metrics]
        if points:
            figure.draw(figure.signal(*map(list, zip(*points, strict=True)), marker=marker))
    figure.label(x, "x")
    figure.label(y, "y")
    return Text.from_ansi(figure.build().string())
