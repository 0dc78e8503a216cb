"""A metric as an axis: its name with the unit that fits its values, what it belongs to, and what is allowed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas_service.domain.metrics import metric_key, objective_key
from nas_service.domain.spec import Across, Goal, Metric, SearchSpec, TargetSpec
from nas_service.plots.material import Material
from nas_service.units import HEADINGS, metric_of

Values = NDArray[np.float64]
"""Shape (candidates,), NaN where not known."""

UNITS: dict[str, str] = {
    Metric.LATENCY_MS: "ms",
    Metric.PEAK_MEMORY_MIB: "MiB",
    Metric.ACCURACY: "%",
    Metric.SHARPNESS: "nats",
}
PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True, slots=True)
class Axis:
    """One metric of all candidates, in the unit of its label."""

    key: str
    label: str
    maximize: bool
    values: Values
    low: Values
    high: Values
    """95 % intervals; NaN where there is none."""
    limits: tuple[tuple[float | None, float | None], ...]
    """What constraints allow: (least, largest)."""


def axis_of(material: Material, key: str) -> Axis:
    """The axis of a metric key such as `latency_ms@0`."""
    points, spec = material.points, material.search.spec
    raw = _array(points.metrics.get(key, (None,) * len(points.ids)))
    factor, unit = _unit(key, raw)
    intervals = points.intervals.get(key)
    low, high = (_array(intervals.low), _array(intervals.high)) if intervals else (np.full_like(raw, np.nan),) * 2
    return Axis(
        key=key,
        label=_label(key, unit, spec),
        maximize=_is_maximized(key, spec),
        values=raw * factor,
        low=low * factor,
        high=high * factor,
        limits=tuple(
            (c.min and c.min * factor, c.max and c.max * factor)
            for c in spec.constraints
            if metric_key(c.metric, c.target) == key
        ),
    )


def numbers_of(material: Material) -> Axis:
    """Candidates in the order of their proposal, where a search has a single objective."""
    numbers = np.asarray(material.points.numbers, dtype=np.float64)
    unknown = np.full_like(numbers, np.nan)
    return Axis("number", "candidate, in the order of proposal", False, numbers, unknown, unknown, ())


def _array(column: Sequence[float | None]) -> Values:
    return np.asarray([np.nan if value is None else value for value in column], dtype=np.float64)


def _unit(key: str, raw: Values) -> tuple[float, str]:
    metric = metric_of(key)[0]
    if metric == Metric.ACCURACY:
        return 100.0, "%"
    if metric in UNITS:
        return 1.0, UNITS[metric]
    suffix = "B" if metric.endswith("_bytes") else ""
    largest = float(np.nanmax(raw)) if np.isfinite(raw).any() else 0.0
    for size, prefix in PREFIXES:
        if largest >= size:
            return 1.0 / size, prefix + suffix
    return 1.0, suffix


def _label(key: str, unit: str, spec: SearchSpec) -> str:
    metric, target = metric_of(key)
    name = HEADINGS[metric]
    name = f"validation {name}" if metric == Metric.ACCURACY else name
    where = f"\n{target_text(spec.targets[int(target)])}" if target.isdigit() else ""
    if target in tuple(Across):
        where = f"\n{target} of {len(spec.targets)} targets"
    return f"{name} ({unit}){where}" if unit else f"{name}{where}"


def target_text(target: TargetSpec) -> str:
    """`local, onnxruntime fp32, 1 thread, batch 1`."""
    threads = "1 thread" if target.threads == 1 else f"{target.threads} threads"
    return f"{target.device}, {target.runtime} {target.precision}, {threads}, batch {target.batch_size}"


def _is_maximized(key: str, spec: SearchSpec) -> bool:
    goals = {objective_key(o): o.goal for o in spec.objectives}
    return goals.get(key) is Goal.MAXIMIZE
