"""What goes in and out of a sampler's memory: drafts and outcomes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from nas_service.domain.estimates import Interval
from nas_service.domain.spec import ChoiceValue


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposal that exists in memory only, until it is recorded as a trial, dropped or echoed."""

    number: int
    """Its place in this process's memory; not the trial's number in the database."""
    values: Mapping[str, ChoiceValue]
    """Every choice of the space, those without effect included: crossover needs them all."""


class OutcomeState(StrEnum):
    """How a trial ended."""

    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a trial. Raises ValueError where samplers could not learn from it."""

    state: OutcomeState
    values: tuple[float, ...] | None = None
    """In objective order; given exactly when complete."""
    constraints: tuple[float, ...] = ()
    """Violations, one a constraint in the spec's order; <= 0 holds. The same number for all complete trials."""
    user_attrs: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """JSON values for people and the dashboard."""

    def __post_init__(self) -> None:
        if (self.values is not None) != (self.state is OutcomeState.COMPLETE):
            raise ValueError(f"a {self.state} outcome has values {self.values}: give them exactly when complete")
        for field_name in ("values", "constraints"):
            if any(math.isnan(v) for v in getattr(self, field_name) or ()):
                raise ValueError(f"{field_name} hold NaN: tell the trial as failed instead")


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What is predicted of a network before anything of it was measured."""

    metrics: dict[str, float]
    """By `metrics.predicted_key`."""
    broken: dict[str, float]
    """Constraints that it breaks even if the prediction is off as far as may be, by metric key."""
    intervals: dict[str, Interval] = field(default_factory=dict)
    """95 % intervals of the predictions, where anything is known of their errors."""
    beyond: tuple[str, ...] = ()
    """Predictions for which the network is less like the measured ones than these are like each other: keys."""
