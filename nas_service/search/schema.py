"""Optuna's tables, created in our database exactly as Optuna itself would create them."""

from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from optuna.storages._rdb import models
from optuna.version import __version__ as optuna_version
from sqlalchemy import Connection, Engine, insert, select

from nas_service.domain.errors import PermanentError
from nas_service.store.engine import for_writing


def create_tables(engine: Engine) -> None:
    """Create what is missing: tables, `version_info` and Optuna's own `alembic_version`.

    Safe to repeat and to run in many processes at once: the second waits for the first.
    Raises PermanentError where the tables belong to another version of Optuna.
    """
    with for_writing(engine.connect()) as connection, connection.begin():
        _lock_out_other_creators(connection)
        models.BaseModel.metadata.create_all(connection)
        _write_version_info(connection)
        _stamp_revision(connection)


def _lock_out_other_creators(connection: Connection) -> None:
    """On SQLite the write transaction already does."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('optuna schema'))")


def _write_version_info(connection: Connection) -> None:
    table = models.VersionInfoModel.__table__
    if connection.execute(select(table)).first() is None:
        connection.execute(insert(table), {"schema_version": models.SCHEMA_VERSION, "library_version": optuna_version})


def _stamp_revision(connection: Connection) -> None:
    scripts = ScriptDirectory(str(Path(models.__file__).parent / "alembic"))
    context = MigrationContext.configure(connection)
    revision = context.get_current_revision()
    if revision is None:
        context.stamp(scripts, "head")
    elif revision != scripts.get_current_head():
        raise PermanentError(
            "optuna-schema-version",
            f"the database holds Optuna tables of revision {revision}, but Optuna {optuna_version} needs"
            f" {scripts.get_current_head()}: run `optuna storage upgrade --storage URL`",
        )
