"""The timings that a final latency is made of.

A measurement tells how well its own two seconds agree, not what the minute was like that it was taken in: on a shared
host strangers slow some models for a minute by 5 to 10 %, and others not at all. So a finished model is timed several
times, in turns with the other ones of its search, and where these timings disagree twice more.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations_with_replacement
from statistics import fmean, median

from nas_service.domain.entities import JsonDict, Measurement
from nas_service.domain.estimates import latency_interval

AGREE = 0.01
"""Of the middle timing: timings agree that all lie within as little."""
FEWEST_COMPARED = 3
FURTHER = 2
"""Timings in place of agreement."""


def wants_another(medians_ms: Sequence[float], asked: int) -> bool:
    """Whether a model that has these timings is to be timed again, where `asked` say how many usually do."""
    taken = len(medians_ms)
    if taken < asked or asked < FEWEST_COMPARED:
        return taken < asked
    if taken > asked:
        return taken < asked + FURTHER
    return max(medians_ms) - min(medians_ms) > AGREE * median(medians_ms)


def location_of(medians_ms: Sequence[float]) -> float:
    """What several timings of one model say together: the median of the means of all pairs, each with itself as well.

    One wild timing of five moves it little, and where the host has two states it does not fall for one of them, as
    the middle timing does (Hodges and Lehmann, "Estimates of Location Based on Rank Tests", 1963).
    """
    return median(fmean(pair) for pair in combinations_with_replacement(medians_ms, 2))


def combined(timings: Sequence[Measurement]) -> Measurement:
    """All of one model in one, told in one unit: the one that is nearest to what they say together, with that median.

    Its `timings_ms` are the medians of all in the order taken, and its interval reaches over the majority that is
    nearest to it.
    """
    medians_ms = [timing.median_ms for timing in timings]
    median_ms = location_of(medians_ms)
    nearest = sorted(timings, key=lambda timing: abs(timing.median_ms - median_ms))[: len(timings) // 2 + 1]
    result = nearest[0].result | {"median_ms": median_ms, "timings_ms": medians_ms}
    if (own := latency_interval(nearest[0].result)) is not None:
        reached = [*own, median_ms, *(timing.median_ms for timing in nearest)]
        result |= {"ci95_low_ms": min(reached), "ci95_high_ms": max(reached)}
    return replace(nearest[0], median_ms=median_ms, result=result)


def ids_of(final: JsonDict, target: int) -> list[str]:
    """Those of a finished candidate's timings on a target; one that an earlier version finished has a single one."""
    if "timings" in final:
        return [timing["id"] for timing in final["timings"][str(target)]]
    return [final["measurements"][str(target)]]
