"""The front of a search as people and clients want to see it: who is on it, how surely, and who else might be."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nas_service.domain.entities import Candidate, Search
from nas_service.domain.errors import FieldProblem, SpecError
from nas_service.domain.estimates import Estimates, Interval
from nas_service.domain.front import Point
from nas_service.domain.metrics import objective_key, objectives_on
from nas_service.domain.noisy_front import NoisyFront
from nas_service.domain.spec import ObjectiveSpec
from nas_service.use_cases.ports import UnitOfWork
from nas_service.use_cases.standing import Extent, entrants, extent_of, members_of, points_of

MOST_NEAR = 50
"""Of the candidates that noise may have kept from the front, those with the best chances are named."""
MOST_RIVALS = 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where a candidate stands, and how sure that is."""

    candidate: Candidate
    known: Estimates
    """The numbers that decide."""
    point: Point
    """Its objective values."""
    intervals: tuple[Interval | None, ...]
    """Of each objective the 95 % interval; None where it is exact, or its error not known."""
    probability: float
    """Of being on the front, if all errors are independent."""
    rivals: tuple[str, ...]
    """Candidates that may dominate it, somewhere in the intervals of both: the likeliest members of the front first.
    Empty: whatever the errors, it is on the front."""


@dataclass(frozen=True, slots=True)
class FrontView:
    """The non-dominated feasible candidates of a search, from the first objective's best to its worst."""

    search: Search
    objectives: tuple[ObjectiveSpec, ...]
    final: bool
    """Whether it is made of final numbers."""
    members: tuple[Place, ...]
    near: tuple[Place, ...]
    """Candidates that a member dominates, but within noise; by probability."""
    near_count: int
    dominated: tuple[Place, ...]
    """Finalized candidates that are dominated by final numbers; their bundles are kept."""
    extent: Extent


def front(uow: UnitOfWork, search_id: str, target: int | None = None) -> FrontView:
    """The front so far; with `target` as if every measured objective were taken on that one.

    Raises NotFoundError, and SpecError for a target that the search does not have.
    """
    search = uow.searches.get(search_id)
    objectives = _objectives(search, target)
    completed = uow.candidates.completed(search_id)
    field, final = entrants(search, completed)
    points = points_of(objectives, [known for _, known in field])
    members = members_of(objectives, points)
    ranked = _Ranked(objectives, field, points)
    near = ranked.near(members)
    others = [i for i in range(len(field)) if final and i not in {*members, *near}]
    named = [*members, *near[:MOST_NEAR], *others]
    candidates = dict(zip(named, uow.candidates.named([field[i][0] for i in named]), strict=True))
    return FrontView(
        search=search,
        objectives=objectives,
        final=final,
        members=tuple(ranked.place(i, candidates[i]) for i in members),
        near=tuple(ranked.place(i, candidates[i]) for i in near[:MOST_NEAR]),
        near_count=len(near),
        dominated=tuple(ranked.place(i, candidates[i]) for i in others),
        extent=extent_of(objectives, [points[i] for i in members], [c for c in completed if c.parent_id is None]),
    )


def _objectives(search: Search, target: int | None) -> tuple[ObjectiveSpec, ...]:
    if target is None:
        return search.spec.objectives
    if target >= len(search.spec.targets):
        last = len(search.spec.targets) - 1
        raise SpecError([FieldProblem("query.target", f"the search has only targets 0 to {last}")], "invalid-request")
    return objectives_on(search.spec, target)


class _Ranked:
    """Entrants with what is certain of their places."""

    def __init__(
        self,
        objectives: Sequence[ObjectiveSpec],
        field: Sequence[tuple[str, Estimates]],
        points: Sequence[Point],
    ) -> None:
        keys = [objective_key(o) for o in objectives]
        self._field, self._points = field, points
        self._intervals = [tuple(known.intervals.get(key) for key in keys) for _, known in field]
        self._noisy = NoisyFront.of(points, self._intervals, [o.maximize for o in objectives])
        self._chances = self._noisy.chances()

    def near(self, members: Sequence[int]) -> list[int]:
        """Who is dominated, but not for certain, by probability."""
        doubtful = np.flatnonzero(~self._noisy.surely_dominated()).tolist()
        return sorted(set(doubtful) - set(members), key=lambda i: (-self._chances[i], i))

    def place(self, i: int, candidate: Candidate) -> Place:
        rivals = self._noisy.rivals(i).tolist()
        rivals.sort(key=lambda j: (-self._chances[j], j))
        return Place(
            candidate=candidate,
            known=self._field[i][1],
            point=self._points[i],
            intervals=self._intervals[i],
            probability=float(self._chances[i]),
            rivals=tuple(self._field[j][0] for j in rivals[:MOST_RIVALS]),
        )
