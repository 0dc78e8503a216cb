"""Searches and their events on the wire."""

from datetime import datetime
from typing import Any

from pydantic import Field

from nas_service.domain.entities import WorkKind
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import CandidateStatus, SearchPhase, SearchStatus, WorkStatus, is_over
from nas_service.wire.base import Document


class FailureInfo(Document):
    """Why something failed."""

    problem: str = Field(examples=["worker-lost"])
    """Stable: programs may branch on it."""
    detail: str
    """What happened, and the mend."""


class DatasetInfo(Document):
    """A data set as a search found it."""

    name: str
    fingerprint: str
    """sha256 of its content and split rule: equal fingerprints are equal data."""
    classes: tuple[str, ...]
    channels: int
    height: int
    """Pixels."""
    width: int
    """Pixels."""
    summary: dict[str, Any]
    """Counts per split and class, mean and standard deviation."""


class ResolvedSpace(Document):
    """The search space as resolved for the data set."""

    name: str
    preset: str
    choices: dict[str, list[Any]]
    """Restrictions and extensions of the spec."""
    size: str
    """The exact number of distinct networks; a string, for it can exceed 2**53."""


class AgreementInfo(Document):
    """How alike inherited accuracies and trainings from scratch rank architectures."""

    tau: float
    """Kendall's tau-b: 1 is the same order, 0 none."""
    low: float
    """Lower end of tau's 90 % bootstrap interval."""
    high: float
    """Upper end."""
    macs_tau: float | None
    """Tau of the networks' MACs against the trainings: what inherited accuracies have to be better than."""
    sample: int
    """Architectures compared."""


class SupernetInfo(Document):
    """The weights that a search's candidates share."""

    epochs: int
    """Passes over the training data."""
    duration_s: float
    """Of its training."""
    curve: tuple[dict[str, Any], ...]
    """One entry an epoch: loss, and accuracies of the largest, the smallest and a few other networks."""
    comparisons: tuple[dict[str, Any], ...]
    """Architectures with their accuracies, inherited and from scratch."""
    agreement: AgreementInfo | None
    """Null until it is measured."""
    trusted: bool | None
    """Whether candidates inherit from it. False: they rank too differently, and are trained from scratch."""
    reused: bool
    """Whether an earlier search on the same data has trained it."""


class SearchSummary(Document):
    """A search as it stands in lists."""

    id: str = Field(examples=["search-3f2a9c1b7d4e"])
    name: str
    status: SearchStatus
    phase: SearchPhase
    version: int
    """Rises with every change."""
    dataset: str
    """The data set's name in the spec."""
    space: str
    """The search space's name in the spec."""
    candidate_count: int
    """Candidates proposed so far."""
    candidate_budget: int | None
    """Where the search phase ends, if candidates bound it."""
    minutes_budget: float | None
    """Where the search phase ends, if time bounds it."""
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    stop_reason: str | None
    """Why the search phase ended."""
    failure: FailureInfo | None

    @property
    def is_over(self) -> bool:
        """Whether it will not change any more."""
        return is_over(self.status)


class WorkInfo(Document):
    """A work item: something a worker is asked to do."""

    id: str
    kind: WorkKind
    status: WorkStatus
    queue: str
    candidate_id: str | None
    attempt: int
    """Times it was started."""
    worker_id: str | None
    progress: dict[str, Any] | None
    """What its worker last said: epoch, step, accuracy so far."""
    failure: FailureInfo | None


class SearchDetail(SearchSummary):
    """A search with how far it has come."""

    spec: SearchSpec
    candidates: dict[CandidateStatus, int]
    """How many of those that it has proposed are in each status; statuses with none are left out. Compressed ones are
    not counted."""
    reused_count: int
    """Completed candidates whose accuracy was already known from an equal evaluation."""
    active_s: float
    """Time spent in the search phase so far, pauses excluded."""
    best_accuracy: float | None
    """The highest validation accuracy among completed, feasible candidates."""
    front_size: int
    hypervolume_ratio: float
    """Share of the box between the worst and the best values seen that the front dominates."""
    resolved_dataset: DatasetInfo | None
    """Known once the prepare phase is over."""
    resolved_space: ResolvedSpace | None
    """Known once the prepare phase is over."""
    supernet: SupernetInfo | None = None
    """Where the strategy's evaluator asks for one, once it is trained."""
    imported: bool = False
    """Whether it came in by a file: nothing of it was seen by this service, and nothing of it is reused."""
    work: tuple[WorkInfo, ...]
    """What waits or is being worked on."""


class SearchPage(Document):
    """Searches, newest first."""

    items: tuple[SearchSummary, ...]
    next_cursor: str | None
    """Pass it as `cursor` for the next page; None on the last."""


class SearchEvent(Document):
    """Something that happened to a search."""

    id: int
    """Rises; the `Last-Event-ID` to go on from."""
    kind: str = Field(examples=["search.status"])
    at: datetime
    payload: dict[str, Any]
