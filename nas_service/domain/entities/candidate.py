"""A candidate: one architecture in one search."""

from dataclasses import dataclass, field
from datetime import datetime

from nas_service.domain.entities.names import JsonDict
from nas_service.domain.entities.search import Failure
from nas_service.domain.estimates import Estimates, Interval
from nas_service.domain.spec import RecipeEntry
from nas_service.domain.states import CandidateStatus


@dataclass(frozen=True, slots=True)
class Rung:
    """What a candidate reached at one rung: its accuracy after that many epochs, by which evaluation."""

    epochs: int
    accuracy: float
    evaluation_id: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One architecture within one search, which is one Optuna trial; or its finished network compressed, a child."""

    id: str
    search_id: str
    number: int
    status: CandidateStatus
    architecture_key: str
    architecture: JsonDict
    """The canonical choice values."""
    trial_id: int
    """A child has its parent's."""
    metrics: dict[str, float]
    """By metric key: `accuracy`, `macs`, `latency_ms@0` (measured on target 0)."""
    proposed_at: datetime
    intervals: dict[str, Interval] = field(default_factory=dict)
    """By metric key the 95 % confidence interval, where the metric was measured."""
    finished_at: datetime | None = None
    evaluation_id: str | None = None
    evaluation_reused: bool = False
    failure: Failure | None = None
    violations: JsonDict = field(default_factory=dict)
    """Constraint to the amount by which it is broken; empty where feasible."""
    remeasured: dict[str, str | None] = field(default_factory=dict)
    """By target the measurement that was taken again because the front hung on it; None: it could not be."""
    final: JsonDict | None = None
    """Set when finalized: test accuracy, re-measured latencies, bundle."""
    rungs: tuple[Rung, ...] = ()
    """Those it has reached, from the first on; `metrics` has the accuracy of the last. None where all candidates are
    trained to the end at once."""
    parent_id: str | None = None
    """The finalized candidate that it was compressed from: its architecture is that one's, its network is not."""
    recipe: tuple[RecipeEntry, ...] = ()
    """The compression steps that made it of its parent, with all their options."""

    @property
    def known(self) -> Estimates:
        """Its metrics with their intervals."""
        return Estimates(self.metrics, self.intervals)


@dataclass(frozen=True, slots=True)
class Completed:
    """Of a completed candidate what its search's standing depends on."""

    id: str
    known: Estimates
    reused: bool
    """Whether its accuracy was already known from an equal evaluation."""
    final: JsonDict | None = None
    """As of the candidate."""
    parent_id: str | None = None
    """As of the candidate."""
