"""The timings that a final latency is made of.

A measurement tells how well its own two seconds agree, not what the minute was like that it was taken in: on a shared
host strangers slow some models for a minute by 5 to 10 %, and others not at all. So a finished model is timed several
times, in turns with the other ones of its search, and the middle timing counts. Where it stands alone, two more are
taken.
"""

from collections.abc import Sequence
from dataclasses import replace

from nas_service.domain.entities import JsonDict, Measurement
from nas_service.domain.estimates import latency_interval

AGREE = 0.005
"""Of the middle timing: the others that are as near as that agree with it."""
FEWEST_COMPARED = 3
FURTHER = 2
"""Timings in place of agreement, so that their number stays odd."""


def wants_another(medians_ms: Sequence[float], asked: int) -> bool:
    """Whether a model that has these timings is to be timed again, where `asked` say how many usually do."""
    taken = len(medians_ms)
    if taken < asked or asked < FEWEST_COMPARED:
        return taken < asked
    if taken > asked:
        return taken < asked + FURTHER
    nearest = _nearest(medians_ms)
    return max(abs(median_ms - nearest[0]) for median_ms in nearest) > AGREE * nearest[0]


def middle(timings: Sequence[Measurement]) -> Measurement:
    """The middle one, all told in one unit; of an even number the faster of the two.

    Its `timings_ms` are the medians of all in the order taken, and its interval reaches over the majority that is
    nearest to it.
    """
    medians_ms = [timing.median_ms for timing in timings]
    nearest = _nearest(medians_ms)
    found = timings[medians_ms.index(nearest[0])]
    result = found.result | {"timings_ms": medians_ms}
    if (own := latency_interval(found.result)) is not None:
        result |= {"ci95_low_ms": min(own[0], *nearest), "ci95_high_ms": max(own[1], *nearest)}
    return replace(found, result=result)


def ids_of(final: JsonDict, target: int) -> list[str]:
    """Those of a finished candidate's timings on a target; one that an earlier version finished has a single one."""
    if "timings" in final:
        return [timing["id"] for timing in final["timings"][str(target)]]
    return [final["measurements"][str(target)]]


def _nearest(medians_ms: Sequence[float]) -> list[float]:
    """The middle timing and those nearest to it, as many as make a majority."""
    middle_ms = sorted(medians_ms)[(len(medians_ms) - 1) // 2]
    return sorted(medians_ms, key=lambda median_ms: abs(median_ms - middle_ms))[: len(medians_ms) // 2 + 1]
