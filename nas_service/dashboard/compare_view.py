"""What the page of a comparison shows: columns side by side, rows with what differs, and what cannot be compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nas_service.domain.entities import Search
from nas_service.domain.estimates import Interval
from nas_service.domain.spec import Metric
from nas_service.units import HEADINGS, interval_text, metric_text, target_name
from nas_service.use_cases import comparison
from nas_service.use_cases.comparison import CandidateColumn, Figure, Quantity, SearchColumn
from nas_service.use_cases.ports import UnitOfWork

BETTER_HIGHER = frozenset({Metric.ACCURACY.value})
NOTES = {
    "data": "They have learned different data or splits: their accuracies cannot be held against each other.",
    "objectives": "Their objectives differ, so their hypervolumes have no common box.",
    "trainings": "Their trainings differ, so an accuracy of one is not worth the same as an accuracy of another.",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as the table writes it."""

    text: str
    spread: str = ""
    """Its 95 % interval."""
    delta: str = ""
    """Against the first column."""
    is_best: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table of numbers."""

    name: str
    cells: tuple[Cell, ...]


def searches_view(uow: UnitOfWork, ids: Sequence[str]) -> dict[str, Any]:
    """The template's variables for searches. Raises NotFoundError."""
    columns = comparison.searches(uow, ids)
    searches = [column.search for column in columns]
    settings = comparison.setting_rows([search.spec for search in searches])
    return {
        "kind": "search",
        "heads": [{"id": s.id, "title": s.name, "url": f"/searches/{s.id}", "status": s.status} for s in searches],
        "notes": _notes(searches),
        "lines": [*_search_lines(columns), *_metric_lines([column.best for column in columns], links=True)],
        "rows": settings,
        "initial": {"searches": [_plain(search) for search in searches], "marks": []},
    }


def candidates_view(uow: UnitOfWork, ids: Sequence[str]) -> dict[str, Any]:
    """The template's variables for candidates. Raises NotFoundError."""
    columns = comparison.candidates(uow, ids)
    searches = list({column.search.id: column.search for column in columns}.values())
    return {
        "kind": "candidate",
        "heads": [_candidate_head(column, several=len(searches) > 1) for column in columns],
        "notes": [note for note in _notes(searches) if note != NOTES["objectives"]],
        "lines": _metric_lines([column.figures for column in columns], links=False),
        "rows": comparison.value_rows([column.candidate.architecture for column in columns]),
        "initial": {
            "searches": [_plain(search) for search in searches],
            "marks": [_mark(column) for column in columns],
        },
    }


def _mark(column: CandidateColumn) -> dict[str, Any]:
    candidate = column.candidate
    return {
        "id": candidate.id,
        "search": column.search.id,
        "number": candidate.number,
        "status": candidate.status,
        "metrics": candidate.metrics,
        "intervals": candidate.intervals,
        "architecture": candidate.architecture,
    }


def _candidate_head(column: CandidateColumn, *, several: bool) -> dict[str, Any]:
    candidate = column.candidate
    title = f"Candidate {candidate.number}"
    return {
        "id": candidate.id,
        "title": f"{title} of {column.search.name}" if several else title,
        "url": f"/candidates/{candidate.id}",
        "status": candidate.status,
    }


def _notes(searches: Sequence[Search]) -> list[str]:
    kinds = [*comparison.incomparable(searches), *["trainings"] * comparison.unlike_trainings(searches)]
    return [NOTES[kind] for kind in kinds]


def _plain(search: Search) -> dict[str, Any]:
    """As the page's charts need it."""
    return {"id": search.id, "name": search.name, "spec": search.spec.model_dump(mode="json")}


def _search_lines(columns: Sequence[SearchColumn]) -> list[Line]:
    ratios = [column.hypervolume_ratio for column in columns]
    best = max((ratio for ratio in ratios if ratio is not None), default=None)
    shares = [Cell("–" if r is None else f"{100 * r:.1f} %", is_best=r is not None and r == best) for r in ratios]
    return [
        Line("Completed candidates", tuple(Cell(str(column.completed_count)) for column in columns)),
        Line("Networks on the front", tuple(Cell(str(column.front_size)) for column in columns)),
        Line("Hypervolume of their common box", tuple(shares)),
    ]


def _metric_lines(columns: Sequence[Mapping[Quantity, Figure]], *, links: bool) -> list[Line]:
    quantities = dict.fromkeys(quantity for column in columns for quantity in column)
    targets = {quantity.target for quantity in quantities if quantity.target}
    return [
        Line(
            ("Best " if links else "") + quantity_name(quantity, tell_target=len(targets) > 1),
            _cells(quantity.metric, [column.get(quantity) for column in columns], links=links),
        )
        for quantity in quantities
    ]


def quantity_name(quantity: Quantity, *, tell_target: bool) -> str:
    """`latency, local onnxruntime fp32 × 1`."""
    name = HEADINGS.get(quantity.metric, quantity.metric.replace("_", " "))
    if quantity.across:
        return f"{name}, {quantity.across}"
    return f"{name}, {target_name(quantity.target)}" if quantity.target and tell_target else name


def _cells(metric: str, figures: Sequence[Figure | None], *, links: bool) -> tuple[Cell, ...]:
    values = [figure.value for figure in figures if figure]
    best = max(values) if metric in BETTER_HIGHER else min(values)
    return tuple(
        Cell(
            metric_text(metric, figure.value),
            interval_text(metric, figure.interval),
            _delta(metric, figure, figures[0]) if index else "",
            figure.value == best and len(set(values)) > 1,
            f"/candidates/{figure.candidate_id}" if links else "",
        )
        if figure
        else Cell("–")
        for index, figure in enumerate(figures)
    )


def _delta(metric: str, figure: Figure, first: Figure | None) -> str:
    """Accuracies differ by points, everything else by a share. `≈` where the 95 % intervals overlap."""
    if first is None or first.value == figure.value or not first.value:
        return ""
    unsure = "≈ " if _overlap(figure.interval, first.interval) else ""
    if metric == Metric.ACCURACY:
        return f"{unsure}{100 * (figure.value - first.value):+.2f} points".replace("-", "−")
    return f"{unsure}{100 * (figure.value / first.value - 1):+.0f} %".replace("-", "−")


def _overlap(one: Interval | None, other: Interval | None) -> bool:
    return one is not None and other is not None and one[0] <= other[1] and other[0] <= one[1]
