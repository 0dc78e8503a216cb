"""How far a search has come: counts, and the front of its completed candidates. Computed from their numbers alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from nas_service.domain.entities import Completed, JsonDict, Search
from nas_service.domain.estimates import Estimates
from nas_service.domain.final import final_numbers
from nas_service.domain.front import Point, non_dominated, reference_point
from nas_service.domain.hypervolume import hypervolume
from nas_service.domain.metrics import accuracy_key, broken, objective_values
from nas_service.domain.spec import ObjectiveSpec
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.use_cases.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of the objectives' space a front dominates."""

    reference: Point | None
    """The worst value of each objective among completed candidates, widened by a tenth of its range."""
    hypervolume: float
    """What the members dominate up to `reference`, in the product of the objectives' units."""
    hypervolume_ratio: float
    """The same as a share of the box between `reference` and the best value of each objective."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What follows from a search's candidates, and changes with its version only."""

    counts: Mapping[CandidateStatus, int]
    reused_count: int
    best_accuracy: float | None
    member_ids: tuple[str, ...]
    """The non-dominated feasible candidates, from the first objective's best to its worst."""
    extent: Extent


StandingOf = Callable[[UnitOfWork, Search], Standing]
"""Finds a standing: by computing it, or by knowing that of the same version."""


def standing(uow: UnitOfWork, search: Search) -> Standing:
    """As it is now. Two queries, whatever the number of candidates; members are named, not loaded."""
    completed = uow.candidates.completed(search.id)
    objectives = search.spec.objectives
    field, _ = entrants(search, completed)
    points = points_of(objectives, [known for _, known in field])
    members = members_of(objectives, points)
    proposed = [c for c in completed if c.parent_id is None]
    return Standing(
        counts=uow.candidates.counts(search.id),
        reused_count=sum(c.reused for c in proposed),
        best_accuracy=max((c.known.metrics[accuracy_key(search.spec)] for c in proposed), default=None),
        member_ids=tuple(field[i][0] for i in members),
        extent=extent_of(objectives, [points[i] for i in members], proposed),
    )


def entrants(search: Search, completed: Sequence[Completed]) -> tuple[list[tuple[str, Estimates]], bool]:
    """Who may be on the front, by id, with the numbers that decide it, and whether these are final ones.

    As long as a search has not succeeded, all that keep the constraints, by the numbers it is searched with. Then the
    finalized ones, by their final numbers (see `final_numbers`): numbers of different fidelity are not compared.
    Children have final numbers only, and where they do not help their parents stand alone.
    """
    field = []
    if search.status is SearchStatus.SUCCEEDED:
        finals = ((c.id, final_numbers(search.spec, c.known, c.final)) for c in completed if is_kept(c.final))
        field = [(id_, known) for id_, known in finals if known is not None]
    final = bool(field)
    field = field or [(c.id, c.known) for c in completed if c.parent_id is None]
    return [(id_, known) for id_, known in field if not broken(search.spec.constraints, known.metrics)], final


def is_kept(final: JsonDict | None) -> bool:
    """Whether it is no child, or one that helps."""
    return bool((final or {}).get("lineage", {}).get("helps", True))


def searched_front(search: Search, completed: Sequence[Completed]) -> list[int]:
    """The feasible front by the numbers that the search went by; indices into `completed`."""
    feasible = [i for i, c in enumerate(completed) if not broken(search.spec.constraints, c.known.metrics)]
    points = points_of(search.spec.objectives, [completed[i].known for i in feasible])
    return [feasible[i] for i in members_of(search.spec.objectives, points)]


def points_of(objectives: Sequence[ObjectiveSpec], known: Sequence[Estimates]) -> list[Point]:
    """Their places."""
    return [objective_values(objectives, one.metrics) for one in known]


def members_of(objectives: Sequence[ObjectiveSpec], points: Sequence[Point]) -> list[int]:
    """Who is not dominated, from the first objective's best to its worst; by index."""
    maximize = [o.maximize for o in objectives]
    return sorted(non_dominated(points, maximize), key=lambda i: points[i], reverse=maximize[0])


def extent_of(objectives: Sequence[ObjectiveSpec], members: Sequence[Point], completed: Sequence[Completed]) -> Extent:
    """Of a front, within the box that all completed candidates and its members span."""
    points = [*points_of(objectives, [c.known for c in completed]), *members]
    if not points:
        return Extent(None, 0.0, 0.0)
    maximize = [o.maximize for o in objectives]
    reference = reference_point(points, maximize)
    volume = hypervolume(members, reference, maximize)
    best = [max(c) if up else min(c) for c, up in zip(zip(*points, strict=True), maximize, strict=True)]
    box = prod(abs(b - r) for b, r in zip(best, reference, strict=True))
    return Extent(reference, volume, volume / box if box > 0 else 0.0)
