"""Figures over all targets of a search, worst case and weighted mean, from what is known on each of them."""

from collections.abc import Mapping
from math import hypot

from nas_service.domain.estimates import Estimates, Interval
from nas_service.domain.metrics import metric_key, objective_key
from nas_service.domain.spec import Across, ObjectiveSpec, SearchSpec


def with_across(spec: SearchSpec, known: Estimates) -> Estimates:
    """Also the figures over all targets, as far as every target is measured."""
    for objective in spec.objectives:
        if objective.across is not None:
            keys = [metric_key(objective.metric, target) for target in range(len(spec.targets))]
            if all(key in known.metrics for key in keys):
                known = known.with_one(objective_key(objective), *_over(objective, keys, known))
    return known


def _over(objective: ObjectiveSpec, keys: list[str], known: Estimates) -> tuple[float, Interval | None]:
    """The figure over targets, and its 95 % interval where every target's is known."""
    bounds = objective.relative_to or (1.0,) * len(keys)
    values = [known.metrics[key] / bound for key, bound in zip(keys, bounds, strict=True)]
    intervals = _scaled(known.intervals, dict(zip(keys, bounds, strict=True)))
    if objective.across is Across.WORST:
        worst = min if objective.maximize else max
        if intervals is None:
            return worst(values), None
        return worst(values), (worst(low for low, _ in intervals), worst(high for _, high in intervals))
    weights = objective.weights or (1.0,) * len(keys)
    shares = [weight / sum(weights) for weight in weights]
    mean = sum(share * value for share, value in zip(shares, values, strict=True))
    if intervals is None:
        return mean, None
    # Independent errors: the half-widths of their sum add up in squares.
    below = hypot(*(share * (v - low) for share, v, (low, _) in zip(shares, values, intervals, strict=True)))
    above = hypot(*(share * (high - v) for share, v, (_, high) in zip(shares, values, intervals, strict=True)))
    return mean, (mean - below, mean + above)


def _scaled(intervals: Mapping[str, Interval], bounds: Mapping[str, float]) -> list[Interval] | None:
    if not all(key in intervals for key in bounds):
        return None
    return [(intervals[key][0] / bound, intervals[key][1] / bound) for key, bound in bounds.items()]
