"""What candidates are judged by: metrics, objectives, constraints."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from nas_service.domain.spec.model import SpecModel


class Metric(StrEnum):
    """What a candidate is judged by. Units stand in the names."""

    ACCURACY = "accuracy"
    LATENCY_MS = "latency_ms"
    SIZE_BYTES = "size_bytes"
    MACS = "macs"
    PARAMS = "params"
    PEAK_MEMORY_MIB = "peak_memory_mib"
    SHARPNESS = "sharpness"
    """By how much the training loss rises at worst close by the weights, in nats: what flat minima have little of."""
    PACKED_BYTES = "packed_bytes"
    """Of the trained weights without loss and deflated, as `weights.packed` of the bundle: what zeros make smaller."""


COMPUTABLE_METRICS = frozenset({Metric.SIZE_BYTES, Metric.MACS, Metric.PARAMS})
"""Known exactly from the architecture alone, so constraints on them hold before any training."""

TRAINED_METRICS = frozenset({Metric.SHARPNESS, Metric.PACKED_BYTES})
"""Found of trained weights, where a search goes by them."""

TARGET_METRICS = frozenset({Metric.LATENCY_MS, Metric.PEAK_MEMORY_MIB})
"""Measured on a target, so each use of them names one."""

MAY_NAME_TARGET = TARGET_METRICS | {Metric.ACCURACY}
"""An accuracy that names a target is that of the file which is executed there, else the trained network's."""


class Goal(StrEnum):
    """Which direction of a metric is better."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"


class Across(StrEnum):
    """How the figures of several targets become one."""

    WORST = "worst"
    """The largest, or the smallest where the goal is to maximize."""
    WEIGHTED = "weighted"
    """Their weighted mean."""


class ObjectiveSpec(SpecModel):
    """One axis of the front."""

    metric: Metric
    goal: Goal | None = None
    """Default: accuracy is maximized, everything else minimized."""
    target: Annotated[int, Field(ge=0)] | None = None
    """Index into `targets`, for metrics that are measured on one (default 0, unless `across` is given). An
    accuracy with a target is that of the file which is executed there; without one it is the trained network's, unless
    a target or the space's `precision` is int8."""
    across: Across | None = None
    """One figure over all targets in place of one target's."""
    weights: tuple[Annotated[float, Field(gt=0, le=1e9)], ...] | None = None
    """With `across: weighted`: one a target, in their order; only their ratios count. By default all count alike."""
    relative_to: tuple[Annotated[float, Field(gt=0)], ...] | None = None
    """With `across`: one value a target, in the metric's unit, by which that target's figure is divided first; for a
    millisecond on a server and one on a phone are not worth the same. The objective then is a ratio, which is at most
    1 where no target exceeds its value: `latency_ratio@worst` in place of `latency_ms@worst`."""

    @model_validator(mode="after")
    def _fill_defaults(self) -> Self:
        natural = Goal.MAXIMIZE if self.metric is Metric.ACCURACY else Goal.MINIMIZE
        if self.goal is None:
            object.__setattr__(self, "goal", natural)
        for name, metrics in (("target", MAY_NAME_TARGET), ("across", TARGET_METRICS)):
            if self.metric not in metrics and getattr(self, name) is not None:
                raise ValueError(f"{self.metric} does not depend on a target; remove `{name}`")
        if self.across is not None and self.target is not None:
            raise ValueError("is either of one `target` or `across` all of them; remove one")
        if self.weights is not None and self.across is not Across.WEIGHTED:
            raise ValueError("`weights` go with `across: weighted` only")
        if self.relative_to is not None and self.across is None:
            raise ValueError("`relative_to` goes with `across` only")
        if self.metric in TARGET_METRICS and self.target is None and self.across is None:
            object.__setattr__(self, "target", 0)
        return self

    @property
    def maximize(self) -> bool:
        """Whether larger values are better."""
        return self.goal is Goal.MAXIMIZE


class ConstraintSpec(SpecModel):
    """A hard bound: candidates outside are infeasible and never on the front."""

    metric: Metric
    min: float | None = None
    max: float | None = None
    target: Annotated[int, Field(ge=0)] | None = None
    """Index into `targets`, for metrics that are measured on one (default 0). An accuracy with a target is that of
    the file which is executed there; without one it is the trained network's, unless a target or the space's
    `precision` is int8."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("give `min`, `max` or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is larger than max {self.max}")
        if self.metric in TARGET_METRICS and self.target is None:
            object.__setattr__(self, "target", 0)
        if self.metric not in MAY_NAME_TARGET and self.target is not None:
            raise ValueError(f"{self.metric} does not depend on a target; remove `target`")
        return self
