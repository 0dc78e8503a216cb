"""What is known of a candidate, whichever client has asked."""

from dataclasses import dataclass
from typing import Any

from nas_service.domain.metrics import metric_key
from nas_service.domain.spec import Metric
from nas_service.domain.states import CandidateStatus
from nas_service.wire.candidates import CandidateSummary


@dataclass(frozen=True, slots=True)
class CandidateFacts:
    """A candidate as it was when it was asked for."""

    id: str
    number: int
    status: CandidateStatus
    architecture_key: str
    architecture: dict[str, Any]
    """The canonical choice values."""
    metrics: dict[str, float]
    """By metric key; `latency_ms@0` is measured on target 0."""

    @property
    def accuracy(self) -> float | None:
        """On the validation split."""
        return self.metrics.get(Metric.ACCURACY)

    def latency_ms(self, target: int = 0) -> float | None:
        """Measured on that target of the search's spec."""
        return self.metrics.get(metric_key(Metric.LATENCY_MS, target))


def facts_of(candidate: CandidateSummary) -> dict[str, Any]:
    """The fields of CandidateFacts."""
    names = ("id", "number", "status", "architecture_key", "architecture", "metrics")
    return {name: getattr(candidate, name) for name in names}
