"""The few ports that use cases speak to. The store, the Optuna adapter and the artifact folder implement them."""

from nas_service.use_cases.ports.evidence import (
    EvidenceRepository,
    PredictorRepository,
    RecordRepository,
    SupernetRepository,
)
from nas_service.use_cases.ports.outside import INCOMING, ArtifactStore, Dispatcher, FileStore, Inspector, artifact_name
from nas_service.use_cases.ports.people import (
    EventRepository,
    KeyRepository,
    QuotaRepository,
    WebhookRepository,
    WorkerRepository,
)
from nas_service.use_cases.ports.retention import (
    DatasetRepository,
    ImportRepository,
    RetentionRepository,
    StoredFile,
    Total,
)
from nas_service.use_cases.ports.search_memory import Memories, SearchMemory
from nas_service.use_cases.ports.searches import (
    CandidateRepository,
    KnownSearch,
    Page,
    SearchRepository,
    WorkRepository,
    none_known,
)
from nas_service.use_cases.ports.unit_of_work import Store, UnitOfWork

__all__ = [
    "ArtifactStore",
    "CandidateRepository",
    "DatasetRepository",
    "Dispatcher",
    "EventRepository",
    "EvidenceRepository",
    "FileStore",
    "INCOMING",
    "ImportRepository",
    "Inspector",
    "KeyRepository",
    "KnownSearch",
    "Memories",
    "Page",
    "PredictorRepository",
    "QuotaRepository",
    "RecordRepository",
    "RetentionRepository",
    "SearchMemory",
    "SearchRepository",
    "Store",
    "StoredFile",
    "SupernetRepository",
    "Total",
    "UnitOfWork",
    "WebhookRepository",
    "WorkRepository",
    "WorkerRepository",
    "artifact_name",
    "none_known",
]
