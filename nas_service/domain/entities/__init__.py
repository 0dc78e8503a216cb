"""The things the service remembers, as frozen values: searches, candidates, work, and the evidence about them."""

from nas_service.domain.entities.candidate import Candidate, Completed, Rung
from nas_service.domain.entities.event import Event
from nas_service.domain.entities.evidence import (
    PACKED_FILE,
    SUPERNET_FILE,
    WEIGHTS_FILE,
    Artifact,
    Evaluation,
    Export,
    Measurement,
)
from nas_service.domain.entities.machines import Device, Noise, Worker
from nas_service.domain.entities.names import CANDIDATES, DEFAULT_TENANT, IMPORTED, JsonDict, new_id
from nas_service.domain.entities.search import DatasetFacts, Failure, Search, SpaceFacts, SupernetFacts
from nas_service.domain.entities.work import PROFILE_QUEUES, TRAIN_QUEUE, Runner, WorkItem, WorkKind, profile_queue

__all__ = [
    "Artifact",
    "CANDIDATES",
    "Candidate",
    "Completed",
    "DEFAULT_TENANT",
    "DatasetFacts",
    "Device",
    "Evaluation",
    "Event",
    "Export",
    "Failure",
    "IMPORTED",
    "JsonDict",
    "Measurement",
    "Noise",
    "PACKED_FILE",
    "PROFILE_QUEUES",
    "Rung",
    "Runner",
    "SUPERNET_FILE",
    "Search",
    "SpaceFacts",
    "SupernetFacts",
    "TRAIN_QUEUE",
    "WEIGHTS_FILE",
    "WorkItem",
    "WorkKind",
    "Worker",
    "new_id",
    "profile_queue",
]
