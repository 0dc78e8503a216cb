"""What plots of a search show: values to documents on the wire."""

from collections.abc import Sequence
from typing import Any

from nas_service.domain.entities import JsonDict, Search
from nas_service.domain.metrics import objective_key
from nas_service.domain.records import CurveRecord, WorkRecord
from nas_service.use_cases.figures.growth import growth
from nas_service.use_cases.figures.importance import importance
from nas_service.use_cases.figures.points import Points, points
from nas_service.use_cases.figures.proxies import agreements
from nas_service.use_cases.ports import UnitOfWork
from nas_service.wire.figures import (
    AgreementInfo,
    ChoiceCodes,
    CurveInfo,
    CurvePoint,
    CurvesInfo,
    EffectInfo,
    GrowthInfo,
    GrowthStep,
    ImportanceInfo,
    Intervals,
    PointsInfo,
    ProxiesInfo,
    SpanInfo,
    TimelineInfo,
)

CURVES, SPANS = 300, 2000
"""How many learning curves and work items a plot is given: more cannot be told apart."""


def points_info(uow: UnitOfWork, search: Search) -> PointsInfo:
    """Every candidate, by the numbers that the search went by."""
    return _points_info(search, points(uow, search))


def final_points_info(uow: UnitOfWork, search: Search) -> PointsInfo:
    """The same, but finished ones by their final numbers."""
    return _points_info(search, points(uow, search, final=True))


def _points_info(search: Search, found: Points) -> PointsInfo:
    rows = found.candidates
    return PointsInfo(
        search_id=search.id,
        ids=tuple(row.id for row in rows),
        numbers=tuple(row.number for row in rows),
        statuses=tuple(row.status for row in rows),
        feasible=tuple(not row.violations for row in rows),
        metrics=dict(found.metrics),
        choices={name: _of(ChoiceCodes, column) for name, column in found.choices.items()},
        intervals={
            key: Intervals(low=tuple(i and i[0] for i in column), high=tuple(i and i[1] for i in column))
            for key, column in found.intervals.items()
        },
        final=found.final,
    )


def growth_info(uow: UnitOfWork, search: Search) -> GrowthInfo:
    """The hypervolume so far."""
    keys = tuple(objective_key(o) for o in search.spec.objectives)
    steps = tuple(_of(GrowthStep, step) for step in growth(uow, search))
    return GrowthInfo(search_id=search.id, objectives=keys, steps=steps)


def importance_info(uow: UnitOfWork, search: Search) -> ImportanceInfo:
    """What goes with each objective."""
    found = importance(uow, search)
    objectives = {key: tuple(_of(EffectInfo, effect) for effect in effects) for key, effects in found.items()}
    return ImportanceInfo(search_id=search.id, objectives=objectives)


def curves_info(uow: UnitOfWork, search: Search) -> CurvesInfo:
    """Learning curves."""
    return CurvesInfo(search_id=search.id, items=tuple(map(_curve, uow.records.curves(search.id, CURVES))))


def proxies_info(uow: UnitOfWork, search: Search) -> ProxiesInfo:
    """What proxies were worth."""
    items = tuple(_of(AgreementInfo, found) for found in agreements(uow, search))
    return ProxiesInfo(search_id=search.id, items=items)


def timeline_info(uow: UnitOfWork, search: Search) -> TimelineInfo:
    """What workers did."""
    found: Sequence[WorkRecord] = uow.records.work(search.id, SPANS)
    return TimelineInfo(search_id=search.id, items=tuple(_of(SpanInfo, span) for span in found))


def _curve(curve: CurveRecord) -> CurveInfo:
    kept = tuple(_point(index, entry) for index, entry in enumerate(curve.points))
    return CurveInfo(candidate_id=curve.candidate_id, number=curve.number, points=kept)


def _point(index: int, entry: JsonDict) -> CurvePoint:
    return CurvePoint(
        epoch=entry.get("epoch", index),
        train_loss=entry.get("train_loss"),
        validation_loss=entry.get("validation_loss"),
        validation_accuracy=entry.get("validation_accuracy"),
    )


def _of(document: Any, value: object) -> Any:
    return document.model_validate(value, from_attributes=True)
