"""A search, and what it has found out about its data and its space."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nas_service.domain.entities.names import DEFAULT_TENANT, IMPORTED, JsonDict
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import SearchPhase, SearchStatus


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something failed: a stable slug and a sentence with the mend."""

    problem: str
    detail: str

    def to_json(self) -> JsonDict:
        """As stored and served."""
        return {"problem": self.problem, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """What the search needs to know about its data set, found in the prepare phase."""

    fingerprint: str
    classes: tuple[str, ...]
    channels: int
    height: int
    width: int
    summary: JsonDict
    """Counts per split and class, mean and standard deviation: for people and model cards."""


@dataclass(frozen=True, slots=True)
class SpaceFacts:
    """The space as resolved for the data set: `preset: auto` has become a name."""

    name: str
    preset: str
    choices: dict[str, list[Any]]
    size: str
    """The exact number of distinct networks; a string, for it can exceed 64 bits."""


@dataclass(frozen=True, slots=True)
class SupernetFacts:
    """The shared weights of a search's candidates, and whether it relies on them."""

    sha256: str
    """Of the file that holds the weights."""
    epochs: int
    """Passes over the training data, of all its trainings."""
    duration_s: float
    """Of all its trainings."""
    curve: list[JsonDict]
    """One entry an epoch, with the accuracies of the largest and of the smallest network."""
    comparisons: list[JsonDict] = field(default_factory=list)
    """Architectures whose inherited accuracy was held against that of a training from scratch."""
    agreement: JsonDict | None = None
    """Kendall's tau of the two, with its interval, beside the tau of MACs; None where that could not be measured."""
    trusted: bool | None = None
    """Whether candidates inherit from it; None until that is decided."""
    reused: bool = False
    """Whether an earlier search has trained it."""


@dataclass(frozen=True, slots=True)
class Search:
    """One job."""

    id: str
    name: str
    spec: SearchSpec
    status: SearchStatus
    phase: SearchPhase
    version: int
    """Rises with every change; the ETag."""
    candidate_count: int
    """Candidates proposed so far; also the next candidate's number. Children are numbered behind the last."""
    study_name: str
    active_s: float
    """Time spent in the search phase, pauses excluded, up to `active_since`."""
    active_since: datetime | None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    stop_reason: str | None = None
    """Why the search phase ended: which budget, or that the space was exhausted."""
    failure: Failure | None = None
    dataset: DatasetFacts | None = None
    space: SpaceFacts | None = None
    supernet: SupernetFacts | None = None
    """Once it is trained or found, where the strategy asks for one."""
    idempotency_key: str | None = None
    tenant: str = DEFAULT_TENANT
    """Whose it is; nobody else sees it."""
    traceparent: str | None = None
    """Of the request that submitted it, where that was traced."""
    priority: int = 0
    """Among its tenant's searches the higher is served first."""
    baselines: JsonDict = field(default_factory=dict)
    """What all of its latencies are told in (`told`): by target and device the reference's latency in ms."""

    @property
    def is_imported(self) -> bool:
        """Whether it came in by a file: nothing that it says was seen by this service, and nothing of it is reused."""
        return self.study_name.startswith(IMPORTED)
