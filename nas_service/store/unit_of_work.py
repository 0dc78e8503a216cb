"""One transaction with every repository on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from sqlalchemy import Connection, Engine, event

from nas_service.store.candidate_repository import SqlCandidates
from nas_service.store.event_repository import SqlEvents
from nas_service.store.evidence_repository import SqlEvidence
from nas_service.store.search_repository import SqlSearches
from nas_service.store.work_repository import SqlWork
from nas_service.store.worker_repository import SqlWorkers


class SqlUnitOfWork:
    """Repositories that share `connection`, and so its transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def connection(self) -> Connection:
        """The transaction itself, for adapters that write their own tables in it."""
        return self._connection

    @cached_property
    def searches(self) -> SqlSearches:
        """Searches."""
        return SqlSearches(self._connection)

    @cached_property
    def candidates(self) -> SqlCandidates:
        """Candidates."""
        return SqlCandidates(self._connection)

    @cached_property
    def work(self) -> SqlWork:
        """Work items."""
        return SqlWork(self._connection)

    @cached_property
    def evidence(self) -> SqlEvidence:
        """Evaluations, measurements and artifacts."""
        return SqlEvidence(self._connection)

    @cached_property
    def events(self) -> SqlEvents:
        """Events."""
        return SqlEvents(self._connection)

    @cached_property
    def workers(self) -> SqlWorkers:
        """Workers and devices."""
        return SqlWorkers(self._connection)


class SqlStore:
    """Hands out transactions on one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        if engine.dialect.name == "sqlite":
            event.listen(engine, "begin", _begin_sqlite)

    @contextmanager
    def write(self) -> Iterator[SqlUnitOfWork]:
        """A transaction that may write. On SQLite it takes the write lock at once, so that it can never fail to."""
        with self.engine.connect() as connection:
            connection = connection.execution_options(nas_write=True)
            with connection.begin():
                yield SqlUnitOfWork(connection)

    @contextmanager
    def read(self) -> Iterator[SqlUnitOfWork]:
        """A transaction that only reads: a consistent snapshot that never waits for a writer."""
        with self.engine.begin() as connection:
            yield SqlUnitOfWork(connection)


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("nas_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
