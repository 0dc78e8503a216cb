"""How far a search has come: counts, and the front of its completed candidates. Computed from their numbers alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod

from nas_service.domain.entities import Search
from nas_service.domain.front import Point, hypervolume, non_dominated, reference_point
from nas_service.domain.metrics import objective_values
from nas_service.domain.spec import Metric
from nas_service.domain.states import CandidateStatus
from nas_service.use_cases.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class Standing:
    """What follows from a search's candidates, and changes with its version only."""

    counts: Mapping[CandidateStatus, int]
    reused_count: int
    best_accuracy: float | None
    member_ids: tuple[str, ...]
    """The non-dominated feasible candidates, from the first objective's best to its worst."""
    points: tuple[Point, ...]
    """Objective values of the members."""
    reference: Point | None
    """The worst value of each objective among completed candidates, widened by a tenth of its range."""
    hypervolume: float
    """What the members dominate up to `reference`, in the product of the objectives' units."""
    hypervolume_ratio: float
    """The same as a share of the box between `reference` and the best value of each objective."""


StandingOf = Callable[[UnitOfWork, Search], Standing]
"""Finds a standing: by computing it, or by knowing that of the same version."""


def standing(uow: UnitOfWork, search: Search) -> Standing:
    """As it is now. Two queries, whatever the number of candidates; members are named, not loaded."""
    completed = uow.candidates.completed(search.id)
    objectives = search.spec.objectives
    maximize = [o.maximize for o in objectives]
    points = [objective_values(objectives, c.metrics) for c in completed]
    chosen = sorted(non_dominated(points, maximize), key=lambda i: points[i], reverse=maximize[0])
    members = [points[i] for i in chosen]
    reference = reference_point(points, maximize) if points else None
    volume = hypervolume(members, reference, maximize) if reference else 0.0
    box = 0.0
    if reference:
        best = [max(c) if up else min(c) for c, up in zip(zip(*points, strict=True), maximize, strict=True)]
        box = prod(abs(b - r) for b, r in zip(best, reference, strict=True))
    return Standing(
        counts=uow.candidates.counts(search.id),
        reused_count=sum(c.reused for c in completed),
        best_accuracy=max((c.metrics[Metric.ACCURACY.value] for c in completed), default=None),
        member_ids=tuple(completed[i].id for i in chosen),
        points=tuple(members),
        reference=reference,
        hypervolume=volume,
        hypervolume_ratio=volume / box if box > 0 else 0.0,
    )
