"""When more candidates are not worth their time any more."""

from collections.abc import Sequence

from nas_service.domain.front import Point, reference_point
from nas_service.domain.hypervolume import hypervolume
from nas_service.domain.spec import SettledSpec


def is_settled(points: Sequence[Point], maximize: Sequence[bool], rule: SettledSpec) -> bool:
    """Whether the last completed candidates (`points`, in the order of completion) have added too little.

    Not before as many came before them: what the first few add says nothing about those to come.
    """
    return len(points) >= 2 * rule.candidates and gain(points, maximize, rule.candidates) < rule.gain


def gain(points: Sequence[Point], maximize: Sequence[bool], last: int) -> float:
    """The share of the hypervolume of `points` that is missing without the `last` of them, in [0, 1].

    Both volumes end at the reference point of all.
    """
    reference = reference_point(points, maximize)
    now = hypervolume(points, reference, maximize)
    before = hypervolume(points[:-last], reference, maximize)
    return max(0.0, now - before) / now if now > 0 else 0.0
