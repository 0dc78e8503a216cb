"""Engines for SQLite (WAL) and Postgres."""

from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url

from nas_service.store import tenancy

SQLITE_BUSY_TIMEOUT_S = 30
IDLE_TRANSACTION_S = 30.0
"""Far longer than any transaction does something else between two statements."""
_WRITE = "nas_write"


def make_engine(url: str, pool_size: int = 5, idle_transaction_s: float = IDLE_TRANSACTION_S) -> Engine:
    """An engine for `url` (`sqlite:///FILE` or `postgresql+psycopg://...`).

    Postgres ends a transaction that does nothing for `idle_transaction_s`: a process that stands still (a frozen
    virtual machine, a lost network) would keep what it has locked, and whoever wants it waiting, for as long.

    On SQLite every process shares the file: WAL lets readers go on beside one writer, and NORMAL syncing
    is durable against the death of any process (only a power cut may lose the last commits, never corrupt).
    """
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_S})
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = create_engine(url, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True)
        event.listen(engine, "connect", partial(_configure_postgres, idle_transaction_s))
    tenancy.watch(engine)
    return engine


def for_writing(connection: Connection) -> Connection:
    """Its next transaction takes SQLite's write lock at once, so that it can never fail to get it half-way."""
    return connection.execution_options(**{_WRITE: True})


def _configure_postgres(idle_transaction_s: float, connection: Any, _record: Any) -> None:
    connection.execute(f"SET idle_in_transaction_session_timeout = {round(idle_transaction_s * 1000)}")
    connection.commit()


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # The driver would open transactions late and implicitly; the unit of work begins them itself.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
