"""What workers did: a lane for each piece of work that a worker had at the same time, failures marked."""

from collections.abc import Sequence
from datetime import datetime

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from nas_service.domain.entities import WorkKind
from nas_service.domain.states import WorkStatus
from nas_service.plots.clock import clock
from nas_service.plots.material import Material
from nas_service.plots.paper import Paper
from nas_service.plots.style import BAD, GROUND, INK, SERIES
from nas_service.wire.figures import SpanInfo

LANE_IN = 0.24
LONGEST_NAME = 22
COLOURS = {kind: SERIES[index % len(SERIES)] for index, kind in enumerate(WorkKind)}


def draw(material: Material, paper: Paper) -> Figure:
    """Lanes from top to bottom in the order of workers' names."""
    spans = _started(material)
    lanes = lanes_of(spans)
    workers = sorted({worker for worker, _ in lanes.values()})
    places = {lane: row for row, lane in enumerate(sorted(set(lanes.values())))}
    figure = paper.figure(material.search.name, words(material), 1.5 + LANE_IN * max(3, len(places)))
    axes = figure.subplots()
    unit, begins, ends = _times(material, spans)
    for span, begin, end in zip(spans, begins, ends, strict=True):
        failed = span.status is WorkStatus.FAILED
        axes.barh(
            places[lanes[span.id]], max(end - begin, 1e-9), left=begin, height=0.72, color=COLOURS[span.kind], lw=0.6,
            edgecolor=BAD if failed else GROUND, hatch="////" if span.attempt > 1 else None,
            alpha=0.9 if span.finished_at else 0.45,
        )  # fmt: skip
        if failed:
            axes.plot(
                end, places[lanes[span.id]], marker="X", color=BAD, markersize=6, markeredgecolor=GROUND, zorder=5
            )
    first = {worker: next(row for (w, _), row in places.items() if w == worker) for worker in workers}
    axes.set_yticks(list(first.values()), [_short(worker) for worker in workers])
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.grid(visible=False, axis="y")
    axes.invert_yaxis()
    axes.set(xlabel=f"time since the start ({unit})", xlim=(0, None))
    figure.legend(handles=_legend(spans), loc="outside lower left", ncols=3 if paper.is_narrow else 6, handlelength=1.2)
    return figure


def words(material: Material) -> str:
    """The figure in a sentence."""
    spans = _started(material)
    failed = sum(span.status is WorkStatus.FAILED for span in spans)
    again = sum(span.attempt > 1 for span in spans)
    return f"{len(spans):,} pieces of work, {again} of them after a retry, {failed} failed"


def lanes_of(spans: Sequence[SpanInfo]) -> dict[str, tuple[str, int]]:
    """Each span's worker and lane of it, such that no two spans of a lane overlap. Spans come in order of start."""
    ends: dict[str, list[datetime | None]] = {}
    lanes = {}
    for span in spans:
        assert span.started_at is not None
        worker = span.worker_id or "unknown"
        own = ends.setdefault(worker, [])
        lane = next((i for i, end in enumerate(own) if end is not None and end <= span.started_at), len(own))
        own[lane : lane + 1] = [span.finished_at]
        lanes[span.id] = (worker, lane)
    return lanes


def _started(material: Material) -> list[SpanInfo]:
    return [span for span in material.timeline.items if span.started_at is not None]


def _times(material: Material, spans: Sequence[SpanInfo]) -> tuple[str, list[float], list[float]]:
    """Unit, begins and ends; what runs still reaches to the last moment that is known."""
    if not spans:
        return "s", [], []
    begun = [span.started_at for span in spans if span.started_at is not None]
    last = max([*begun, *(span.finished_at for span in spans if span.finished_at is not None)])
    start = min([*begun, *([material.search.started_at] if material.search.started_at else [])])
    unit, places = clock(start, [*begun, *(span.finished_at or last for span in spans)])
    return unit, places[: len(spans)], places[len(spans) :]


def _legend(spans: Sequence[SpanInfo]) -> list[Patch]:
    kinds = [kind for kind in WorkKind if any(span.kind is kind for span in spans)]
    shown = [Patch(color=COLOURS[kind], label=kind.value) for kind in kinds]
    if any(span.attempt > 1 for span in spans):
        shown.append(Patch(facecolor="#8b918f", edgecolor=GROUND, hatch="////", label="after a retry"))
    if any(span.status is WorkStatus.FAILED for span in spans):
        shown.append(Patch(facecolor=GROUND, edgecolor=BAD, label="failed"))
    return shown


def _short(worker: str) -> str:
    return worker if len(worker) <= LONGEST_NAME else f"…{worker[-LONGEST_NAME + 1 :]}"
