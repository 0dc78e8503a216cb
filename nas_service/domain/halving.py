"""Who is trained further: multi-objective asynchronous successive halving, as pure functions.

The rule of ASHA (Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020): whenever a worker is
free, the best of a rung that is among its top 1/eta and still waits there goes on, from the highest such rung; where
there is none, a new candidate starts. With several objectives "best" is the order by non-domination rank (Schmucker
et al., "Multi-objective Asynchronous Successive Halving", arXiv 2106.12639), within a rank by hypervolume.
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

from nas_service.domain.front import Point, non_dominated, reference_point
from nas_service.domain.hypervolume import hypervolume


@dataclass(frozen=True, slots=True)
class Contender:
    """A feasible candidate that was judged at one rung at least."""

    candidate_id: str
    points: tuple[Point, ...]
    """Its objective values at each rung it has reached, from the first on."""
    waits: bool
    """Whether nobody trains it further yet."""


@dataclass(frozen=True, slots=True)
class Race:
    """What the rule depends on beside the contenders."""

    rung_count: int
    eta: int
    maximize: tuple[bool, ...]


def next_to_promote(contenders: Sequence[Contender], race: Race, *, closing: bool) -> Contender | None:
    """Who goes on now. Of equals the one that stands first.

    While candidates still come, 1/eta of a rung is rounded down; once none will come any more (`closing`) it is
    rounded up, so that from every rung that anybody has reached somebody goes on to the full training.
    """
    for rung in reversed(range(race.rung_count - 1)):
        here = [c for c in contenders if len(c.points) > rung]
        points = [c.points[rung] for c in here]
        waits = [c.waits and len(c.points) == rung + 1 for c in here]
        share = len(here) / race.eta
        chosen = best_waiting(points, waits, math.ceil(share) if closing else int(share), race.maximize)
        if chosen is not None:
            return here[chosen]
    return None


def best_waiting(points: Sequence[Point], waits: Sequence[bool], count: int, maximize: Sequence[bool]) -> int | None:
    """Index of the first that waits among the `count` best points, by non-domination rank, then by contribution."""
    left = list(range(len(points)))
    while left and count > 0 and any(waits[i] for i in left):
        front = [left[i] for i in non_dominated([points[i] for i in left], maximize)]
        # Contributions are costly, and most of those in front have gone on long ago.
        if any(waits[i] for i in front):
            reference = reference_point(points, maximize)
            for i in by_contribution([points[i] for i in front], reference, maximize)[:count]:
                if waits[front[i]]:
                    return front[i]
        count -= len(front)
        left = sorted(set(left) - set(front))
    return None


def by_contribution(front: Sequence[Point], reference: Point, maximize: Sequence[bool]) -> list[int]:
    """Indices of mutually non-dominated points, the most telling first.

    In reverse it is the order in which the point that contributes least hypervolume is taken away, one after another
    (the reduction of SMS-EMOA: Beume et al., 2007). Of equals the later one goes first.
    """
    kept = set(range(len(front)))
    # Contributions only grow while others are taken away, so that a stale one is a lower bound.
    heap = [(_contribution(i, kept, front, reference, maximize), -i) for i in kept]
    heapq.heapify(heap)
    removed: list[int] = []
    while heap:
        i = -heap[0][1]
        now = _contribution(i, kept, front, reference, maximize)
        if len(heap) > 1 and (now, -i) > min(heap[1:3]):
            heapq.heapreplace(heap, (now, -i))
        else:
            heapq.heappop(heap)
            kept.remove(i)
            removed.append(i)
    return removed[::-1]


def _contribution(i: int, kept: set[int], front: Sequence[Point], reference: Point, maximize: Sequence[bool]) -> float:
    """The volume that only point `i` dominates: its own less what the others dominate of it (While et al., 2012)."""
    mine = front[i]
    clipped = {
        tuple(min(a, b) if up else max(a, b) for a, b, up in zip(mine, front[j], maximize, strict=True))
        for j in kept
        if j != i
    }
    others = list(clipped)
    others = [others[k] for k in non_dominated(others, maximize)]
    return hypervolume([mine], reference, maximize) - hypervolume(others, reference, maximize)
