"""How a search's hypervolume grew: replayed from its completed candidates in the order of their completion."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import prod

from nas_service.domain.entities import Search
from nas_service.domain.front import Point, non_dominated, reference_point
from nas_service.domain.hypervolume import hypervolume
from nas_service.domain.metrics import objective_values
from nas_service.domain.states import CandidateStatus
from nas_service.use_cases.ports import UnitOfWork

MOST_STEPS = 200
"""Hypervolumes computed at most, evenly spread: the front of three objectives takes milliseconds each."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far the search was after `completed` candidates."""

    completed: int
    at: datetime
    hypervolume_ratio: float
    front_size: int
    best: tuple[float, ...]
    """Of each objective the best value so far."""


def growth(uow: UnitOfWork, search: Search) -> list[Step]:
    """The steps up to now, against the reference point and box of now, so that the last one is today's figure."""
    objectives = search.spec.objectives
    done = sorted(
        ((row.finished_at, objective_values(objectives, row.metrics)) for row in uow.records.candidates(search.id)
         if row.status is CandidateStatus.COMPLETED and row.finished_at is not None),
        key=lambda pair: pair[0],
    )  # fmt: skip
    return replay(done, [o.maximize for o in objectives])


def replay(done: Sequence[tuple[datetime, Point]], maximize: Sequence[bool]) -> list[Step]:
    """Steps of completions in order. Between two steps the front is kept, so each step looks at few points."""
    if not done:
        return []
    every = [point for _, point in done]
    reference = reference_point(every, maximize)
    box = prod(abs(b - r) for b, r in zip(_best(every, maximize), reference, strict=True))
    steps: list[Step] = []
    front: list[Point] = []
    best: list[Point] = []
    start = 0
    for end in _ends(len(done)):
        seen, best = front + every[start:end], [_best(best + every[start:end], maximize)]
        front = [seen[i] for i in non_dominated(seen, maximize)]
        volume = hypervolume(front, reference, maximize)
        ratio = volume / box if box > 0 else 0.0
        steps.append(Step(end, done[end - 1][0], ratio, len(front), best[0]))
        start = end
    return steps


def _best(points: Sequence[Point], maximize: Sequence[bool]) -> tuple[float, ...]:
    columns = zip(*points, strict=True)
    return tuple(max(c) if up else min(c) for c, up in zip(columns, maximize, strict=True))


def _ends(count: int) -> list[int]:
    steps = min(count, MOST_STEPS)
    return [round((i + 1) * count / steps) for i in range(steps)]
