"""Databases with the newest schema. Migrating takes longer than most tests: done once a test process, then copied."""

import atexit
import shutil
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine, NullPool, create_engine
from sqlalchemy.exc import OperationalError

from nas_service.migrate import migrate
from nas_service.search.schema import create_tables
from nas_service.settings import Settings
from nas_service.store.migrate import upgrade
from tests.support.postgres import PostgresServer


@cache
def migrated_home() -> Path:
    """A home with nothing but its database. Tests copy it."""
    home = Path(tempfile.mkdtemp(prefix="nas-migrated-"))
    atexit.register(shutil.rmtree, home)
    migrate(Settings(home=home))
    return home


@cache
def _migrated_database(server: PostgresServer) -> str:
    """The name of a database that is never written to again. Tests copy it."""
    name = f"nas_migrated_{uuid4().hex}"
    server.execute(f"CREATE DATABASE {name}")
    atexit.register(_drop, server, name)
    engine = create_engine(server.admin_url.set(database=name), poolclass=NullPool)
    upgrade(engine)
    create_tables(engine)
    return name


def _drop(server: PostgresServer, name: str) -> None:
    # A server of the tests' own is gone by now, with all that it had.
    with suppress(OperationalError):
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def give_tables(engine: Engine) -> None:
    """All tables, Optuna's included, for an empty database that nobody has connected to yet."""
    if engine.dialect.name == "sqlite":
        shutil.copyfile(migrated_home() / "nas.db", str(engine.url.database))
        return
    server, name = PostgresServer(engine.url.set(database="postgres")), engine.url.database
    template = _migrated_database(server)
    server.execute(f"DROP DATABASE {name}")
    server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
