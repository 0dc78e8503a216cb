"""What plots of a search show, on the wire."""

from datetime import datetime
from typing import Any

from nas_service.domain.entities import WorkKind
from nas_service.domain.states import CandidateStatus, WorkStatus
from nas_service.wire.base import Document
from nas_service.wire.searches import FailureInfo


class ChoiceCodes(Document):
    """A choice of every candidate."""

    options: tuple[Any, ...]
    """The values that occur, in order."""
    codes: tuple[int, ...]
    """Of each candidate an index into `options`; -1 where the choice has no effect."""


class Intervals(Document):
    """The 95 % confidence interval of every candidate's metric; None where it was not measured."""

    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


class PointsInfo(Document):
    """All candidates as columns of one length, by number."""

    search_id: str
    ids: tuple[str, ...]
    numbers: tuple[int, ...]
    statuses: tuple[CandidateStatus, ...]
    feasible: tuple[bool, ...]
    """Whether no constraint is known to be broken."""
    metrics: dict[str, tuple[float | None, ...]]
    """By metric key, such as `latency_ms@0`; None where not known. Latencies are measured."""
    choices: dict[str, ChoiceCodes]
    intervals: dict[str, Intervals]
    """By metric key."""
    final: tuple[bool, ...]
    """Whose numbers are final, where they were asked for: where there are any, they alone make the front."""


class GrowthStep(Document):
    """How far the search was after so many completed candidates."""

    completed: int
    at: datetime
    hypervolume_ratio: float
    """Against today's reference point and box, so that the last one is the front's."""
    front_size: int
    best: tuple[float, ...]
    """Of each objective the best value so far."""


class GrowthInfo(Document):
    """The hypervolume against time and evaluations: at most 200 steps."""

    search_id: str
    objectives: tuple[str, ...]
    """Metric keys."""
    steps: tuple[GrowthStep, ...]


class OptionInfo(Document):
    """Candidates with one option of a choice."""

    option: Any
    """None: those in which the choice has no effect."""
    count: int
    mean: float
    """Of the objective, in its unit."""


class EffectInfo(Document):
    """A choice and an objective."""

    choice: str
    share: float
    """Epsilon-squared: the share of the objective's variance between this choice's options, by itself, corrected for
    their number. It describes the candidates that were tried, and proves no cause."""
    options: tuple[OptionInfo, ...]


class ImportanceInfo(Document):
    """What goes with each objective, largest first; empty while fewer than 8 candidates are completed."""

    search_id: str
    objectives: dict[str, tuple[EffectInfo, ...]]
    """By metric key."""


class CurvePoint(Document):
    """After one epoch."""

    epoch: int
    """From 0."""
    train_loss: float | None
    validation_loss: float | None
    validation_accuracy: float | None


class CurveInfo(Document):
    """A candidate's learning curve."""

    candidate_id: str
    number: int
    points: tuple[CurvePoint, ...]


class CurvesInfo(Document):
    """Learning curves of the candidates evaluated last, by number."""

    search_id: str
    items: tuple[CurveInfo, ...]


class AgreementInfo(Document):
    """How far a proxy ranked candidates as their trainings did."""

    proxy: str
    """`synflow`, `jacob_cov`, or what every search knows beforehand: `macs` and `params`."""
    epochs: int
    """Of the trainings."""
    count: int
    """Candidates compared."""
    tau: float
    """Kendall's tau-b, from -1 (the opposite order) over 0 (none) to 1 (the same)."""
    low: float
    """Its 95 % interval."""
    high: float


class ProxiesInfo(Document):
    """Agreements by epochs, the best first; none with fewer than 5 candidates.

    A sampler does not draw evenly: among candidates that are alike already, the same proxy tells less.
    """

    search_id: str
    items: tuple[AgreementInfo, ...]


class SpanInfo(Document):
    """A work item in time."""

    id: str
    kind: WorkKind
    status: WorkStatus
    candidate_id: str | None
    worker_id: str | None
    attempt: int
    """Times it was started; what earlier attempts took is not kept."""
    created_at: datetime
    started_at: datetime | None
    """When its last attempt began."""
    finished_at: datetime | None
    failure: FailureInfo | None


class TimelineInfo(Document):
    """The work items started last, in the order of their start."""

    search_id: str
    items: tuple[SpanInfo, ...]
