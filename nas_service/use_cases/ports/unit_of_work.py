"""All of it in one transaction."""

from contextlib import AbstractContextManager
from typing import Any, Protocol

from nas_service.use_cases.outbox import Outbox
from nas_service.use_cases.ports.evidence import (
    EvidenceRepository,
    PredictorRepository,
    RecordRepository,
    SupernetRepository,
)
from nas_service.use_cases.ports.people import (
    EventRepository,
    KeyRepository,
    QuotaRepository,
    WebhookRepository,
    WorkerRepository,
)
from nas_service.use_cases.ports.retention import DatasetRepository, ImportRepository, RetentionRepository
from nas_service.use_cases.ports.searches import CandidateRepository, SearchRepository, WorkRepository
from nas_service.use_cases.tallies import Tallies


class UnitOfWork(Protocol):
    """One transaction with every repository on it."""

    @property
    def connection(self) -> Any: ...
    @property
    def searches(self) -> SearchRepository: ...
    @property
    def candidates(self) -> CandidateRepository: ...
    @property
    def work(self) -> WorkRepository: ...
    @property
    def evidence(self) -> EvidenceRepository: ...
    @property
    def supernets(self) -> SupernetRepository: ...
    @property
    def records(self) -> RecordRepository: ...
    @property
    def retention(self) -> RetentionRepository: ...
    @property
    def imports(self) -> ImportRepository: ...
    @property
    def events(self) -> EventRepository: ...
    @property
    def datasets(self) -> DatasetRepository: ...
    @property
    def workers(self) -> WorkerRepository: ...
    @property
    def tallies(self) -> Tallies: ...
    @property
    def keys(self) -> KeyRepository: ...
    @property
    def predictors(self) -> PredictorRepository: ...
    @property
    def quotas(self) -> QuotaRepository: ...
    @property
    def webhooks(self) -> WebhookRepository: ...
    @property
    def outbox(self) -> Outbox: ...


class Store(Protocol):
    """Hands out transactions: committed when the block ends, rolled back when it raises."""

    def write(self) -> AbstractContextManager[UnitOfWork]: ...
    def read(self) -> AbstractContextManager[UnitOfWork]: ...
