"""Bring a database to the newest schema, and say whether it is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from nas_service.store.engine import for_writing

VERSION_TABLE = "nas_alembic_version"
"""Optuna keeps its own `alembic_version` in the same database."""

_MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for our migrations, bound to `connection`."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d-%%(slug)s")
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Create or upgrade the schema. Safe to run again, and to run from several processes at once."""
    with _migrating(engine) as connection:
        command.upgrade(alembic_config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Go back to `revision` (`base` removes everything of ours)."""
    with _migrating(engine) as connection:
        command.downgrade(alembic_config(connection), revision)


def is_current(connection: Connection) -> bool:
    """Whether the database has the newest schema."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    return context.get_current_revision() == head


@contextmanager
def _migrating(engine: Engine) -> Iterator[Connection]:
    """A transaction that no other migrator has at the same time."""
    with for_writing(engine.connect()) as connection, _rebuilding_tables(connection), connection.begin():
        _serialize(connection)
        yield connection
        if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise RuntimeError("the migration would leave rows that refer to missing ones; nothing was changed")


@contextmanager
def _rebuilding_tables(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by dropping it, and dropping would delete whatever refers to its rows.

    The switch for that works only between transactions.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _serialize(connection: Connection) -> None:
    """One migrator at a time. SQLite's write transaction already sees to it."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL lock_timeout = '30s'")
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7318004235)")
