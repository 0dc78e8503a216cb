"""Every candidate of a search as columns: a plot of 10,000 of them is one small document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nas_service.domain.entities import Search
from nas_service.domain.estimates import Estimates, Interval
from nas_service.domain.records import CandidateRecord
from nas_service.use_cases.ports import UnitOfWork
from nas_service.use_cases.standing import entrants

INACTIVE = -1
"""The code of a choice that has no effect in an architecture."""


@dataclass(frozen=True, slots=True)
class ChoiceColumn:
    """The options of a choice that occur, in order, and each candidate's as an index into them."""

    options: tuple[Any, ...]
    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Points:
    """Columns of one length, a row a candidate, by number."""

    candidates: tuple[CandidateRecord, ...]
    metrics: Mapping[str, tuple[float | None, ...]]
    """By metric key; None where it is not known (yet)."""
    choices: Mapping[str, ChoiceColumn]
    intervals: Mapping[str, tuple[Interval | None, ...]]
    """By metric key the 95 % confidence interval, where the metric was measured."""
    final: tuple[bool, ...]
    """Whose numbers are final."""


def points(uow: UnitOfWork, search: Search, *, final: bool = False) -> Points:
    """All candidates as they are now, by the numbers that the search went by.

    With `final` those that may be on the front of a search that has succeeded by their final numbers, their compressed
    children among them: numbers that decide the front, and must not be compared with the others.
    """
    finished = _finished(uow, search) if final else {}
    proposed = uow.records.candidates(search.id)
    rows = [_by(row, finished.get(row.id)) for row in proposed]
    rows += _children(uow, finished, {row.id for row in proposed})
    measured = sorted(_names([row.intervals for row in rows]))
    return Points(
        candidates=tuple(rows),
        metrics={key: tuple(row.metrics.get(key) for row in rows) for key in _names([row.metrics for row in rows])},
        choices=choice_columns([row.architecture for row in rows]),
        intervals={key: tuple(row.intervals.get(key) for row in rows) for key in measured},
        final=tuple(row.id in finished for row in rows),
    )


def _finished(uow: UnitOfWork, search: Search) -> dict[str, Estimates]:
    field, is_final = entrants(search, uow.candidates.completed(search.id))
    return dict(field) if is_final else {}


def _by(row: CandidateRecord, known: Estimates | None) -> CandidateRecord:
    if known is None:
        return row
    return replace(row, metrics={**row.metrics, **known.metrics}, intervals={**row.intervals, **known.intervals})


def _children(uow: UnitOfWork, finished: Mapping[str, Estimates], proposed: set[str]) -> list[CandidateRecord]:
    born = uow.candidates.named([id_ for id_ in finished if id_ not in proposed])
    rows = [
        CandidateRecord(c.id, c.number, c.status, c.metrics, c.intervals, c.violations, c.architecture, c.finished_at)
        for c in sorted(born, key=lambda child: child.number)
    ]
    return [_by(row, finished[row.id]) for row in rows]


def choice_columns(architectures: Sequence[Mapping[str, Any]]) -> dict[str, ChoiceColumn]:
    """Each choice that any of the architectures makes."""
    columns = {}
    for name in _names(architectures):
        values = [architecture.get(name) for architecture in architectures]
        options = sorted({value for value in values if value is not None}, key=lambda v: (isinstance(v, str), v))
        codes = {option: index for index, option in enumerate(options)}
        columns[name] = ChoiceColumn(tuple(options), tuple(codes.get(value, INACTIVE) for value in values))
    return columns


def _names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of all keys, in the order in which they first occur."""
    return list(dict.fromkeys(key for row in rows for key in row))
