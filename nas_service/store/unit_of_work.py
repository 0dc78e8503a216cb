"""One transaction with every repository on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from sqlalchemy import Connection, Engine

from nas_service.store import tenancy
from nas_service.store.candidate_repository import SqlCandidates
from nas_service.store.dataset_repository import SqlDatasets
from nas_service.store.engine import for_writing
from nas_service.store.event_repository import SqlEvents
from nas_service.store.evidence_repository import SqlEvidence
from nas_service.store.import_repository import SqlImports
from nas_service.store.key_repository import SqlKeys
from nas_service.store.predictor_repository import SqlPredictors
from nas_service.store.quota_repository import SqlQuotas
from nas_service.store.record_repository import SqlRecords
from nas_service.store.retention_repository import SqlRetention
from nas_service.store.search_repository import SqlSearches
from nas_service.store.supernet_repository import SqlSupernets
from nas_service.store.tally_rows import store_tallies
from nas_service.store.webhook_repository import SqlWebhooks
from nas_service.store.work_repository import SqlWork
from nas_service.store.worker_repository import SqlWorkers
from nas_service.use_cases.outbox import NoDelivery, Outbox
from nas_service.use_cases.ports import Dispatcher
from nas_service.use_cases.tallies import Tallies


class SqlUnitOfWork:
    """Repositories that share `connection`, and so its transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.outbox = Outbox()
        self.tallies = Tallies()

    @property
    def connection(self) -> Connection:
        """The transaction itself, for adapters that write their own tables in it."""
        return self._connection

    @cached_property
    def searches(self) -> SqlSearches:
        """Searches."""
        return SqlSearches(self._connection, self.outbox)

    @cached_property
    def candidates(self) -> SqlCandidates:
        """Candidates."""
        return SqlCandidates(self._connection)

    @cached_property
    def work(self) -> SqlWork:
        """Work items."""
        return SqlWork(self._connection, self.outbox)

    @cached_property
    def evidence(self) -> SqlEvidence:
        """Evaluations, measurements and artifacts."""
        return SqlEvidence(self._connection)

    @cached_property
    def supernets(self) -> SqlSupernets:
        """Supernets to be taken up."""
        return SqlSupernets(self._connection)

    @cached_property
    def records(self) -> SqlRecords:
        """Columns for figures."""
        return SqlRecords(self._connection)

    @cached_property
    def retention(self) -> SqlRetention:
        """What is kept."""
        return SqlRetention(self._connection)

    @cached_property
    def imports(self) -> SqlImports:
        """What comes in by a file."""
        return SqlImports(self._connection)

    @cached_property
    def events(self) -> SqlEvents:
        """Events."""
        return SqlEvents(self._connection)

    @cached_property
    def datasets(self) -> SqlDatasets:
        """Uploaded data sets."""
        return SqlDatasets(self._connection)

    @cached_property
    def workers(self) -> SqlWorkers:
        """Workers and devices."""
        return SqlWorkers(self._connection)

    @cached_property
    def keys(self) -> SqlKeys:
        """API keys."""
        return SqlKeys(self._connection)

    @cached_property
    def predictors(self) -> SqlPredictors:
        """Latency predictors."""
        return SqlPredictors(self._connection)

    @cached_property
    def quotas(self) -> SqlQuotas:
        """Quotas and usage."""
        return SqlQuotas(self._connection)

    @cached_property
    def webhooks(self) -> SqlWebhooks:
        """Webhooks and what waits for them."""
        return SqlWebhooks(self._connection)


class SqlStore:
    """Hands out transactions on one engine, and has delivered what they committed."""

    def __init__(self, engine: Engine, dispatcher: Dispatcher | None = None) -> None:
        self.engine = engine
        snapshots = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._snapshots = engine if engine.dialect.name == "sqlite" else engine.execution_options(**snapshots)
        self._dispatcher = dispatcher or NoDelivery()

    def of_tenant(self, tenant: str) -> "SqlStore":
        """The same store for one tenant: what is another's is not found."""
        return SqlStore(tenancy.of_tenant(self.engine, tenant), self._dispatcher)

    @contextmanager
    def write(self) -> Iterator[SqlUnitOfWork]:
        """A transaction that may write."""
        with for_writing(self.engine.connect()) as connection, connection.begin():
            uow = SqlUnitOfWork(connection)
            yield uow
            store_tallies(connection, uow.tallies)
        if uow.outbox:
            self._dispatcher.send(uow.outbox)

    @contextmanager
    def read(self) -> Iterator[SqlUnitOfWork]:
        """A transaction that only reads: a consistent snapshot that never waits for a writer."""
        with self._snapshots.begin() as connection:
            yield SqlUnitOfWork(connection)
