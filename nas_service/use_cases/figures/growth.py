"""How a search's hypervolume grew: replayed from its completed candidates in the order of their completion."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import prod

from nas_service.domain.entities import Search
from nas_service.domain.front import Point, non_dominated, reference_point
from nas_service.domain.hypervolume import hypervolume
from nas_service.domain.metrics import objective_values
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
    return growths(uow, [search])[search.id]


def growths(uow: UnitOfWork, searches: Sequence[Search], most_steps: int = MOST_STEPS) -> dict[str, list[Step]]:
    """The same of many searches by id, in one query."""
    done = uow.records.completions([search.id for search in searches])
    found = {}
    for search in searches:
        objectives = search.spec.objectives
        places = [(at, objective_values(objectives, metrics)) for at, metrics in done[search.id]]
        found[search.id] = replay(places, [o.maximize for o in objectives], most_steps)
    return found


def replay(
    done: Sequence[tuple[datetime, Point]], maximize: Sequence[bool], most_steps: int = MOST_STEPS
) -> list[Step]:
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
    for end in _ends(len(done), most_steps):
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


def _ends(count: int, most_steps: int) -> list[int]:
    steps = min(count, most_steps)
    return [round((i + 1) * count / steps) for i in range(steps)]
