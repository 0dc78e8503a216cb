"""What workers do, and what it is queued as."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from nas_service.domain.entities.candidate import Rung
from nas_service.domain.entities.names import JsonDict
from nas_service.domain.entities.search import Failure
from nas_service.domain.states import CandidateStatus, WorkStatus


@dataclass(frozen=True, slots=True)
class Runner:
    """Of a candidate that has reached a rung what successive halving asks about."""

    id: str
    status: CandidateStatus
    metrics: dict[str, float]
    rungs: tuple[Rung, ...]


class WorkKind(StrEnum):
    """What a worker is asked to do."""

    PREPARE = "prepare"
    SUPERNET = "supernet"
    COMPARE = "compare"
    EVALUATE = "evaluate"
    EXPORT = "export"
    """Write weights that are known in formats that another search had no use for."""
    PROFILE = "profile"
    FINALIZE = "finalize"
    COMPRESS = "compress"
    """Make a child of a finalized candidate, and evaluate it."""
    FIT = "fit"


TRAIN_QUEUE = "train"


PROFILE_QUEUES = "profile."


def profile_queue(device: str) -> str:
    """The queue that only workers on `device` serve."""
    return PROFILE_QUEUES + device


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A row of work: the database is the truth, whatever delivers it."""

    id: str
    search_id: str
    candidate_id: str | None
    kind: WorkKind
    queue: str
    payload: JsonDict
    status: WorkStatus
    attempt: int
    max_attempts: int
    token: int
    """Fencing token: rises with each lease, and only its newest holder may commit a result."""
    worker_id: str | None = None
    started_at: datetime | None = None
    """When its last lease began."""
    traceparent: str | None = None
    """Of the decision that it be done, where the search is traced."""
    progress: JsonDict | None = None
    result: JsonDict | None = None
    failure: Failure | None = None
