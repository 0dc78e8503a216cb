"""Rows of a search as figures need them: of each candidate, evaluation and work item a few columns."""

from dataclasses import dataclass
from datetime import datetime

from nas_service.domain.entities import Failure, JsonDict, WorkKind
from nas_service.domain.estimates import Interval
from nas_service.domain.states import CandidateStatus, WorkStatus

Completion = tuple[datetime, dict[str, float]]
"""When a candidate completed, and its metrics."""


@dataclass(frozen=True, slots=True)
class CandidateRecord:
    """A candidate in a plot."""

    id: str
    number: int
    status: CandidateStatus
    metrics: dict[str, float]
    intervals: dict[str, Interval]
    violations: JsonDict
    architecture: JsonDict
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class CurveRecord:
    """A candidate's learning curve: one entry an epoch, as its worker wrote it."""

    candidate_id: str
    number: int
    points: tuple[JsonDict, ...]


@dataclass(frozen=True, slots=True)
class ProxyRecord:
    """What was known of a candidate before its training, and what came of it."""

    scores: dict[str, float]
    """By name: MACs and parameters, and the proxies that were asked for."""
    accuracies: dict[int, float]
    """By the number of epochs after which it was found."""


@dataclass(frozen=True, slots=True)
class WorkRecord:
    """A work item in time. `started_at` is when its last lease began."""

    id: str
    kind: WorkKind
    status: WorkStatus
    candidate_id: str | None
    worker_id: str | None
    attempt: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    failure: Failure | None
