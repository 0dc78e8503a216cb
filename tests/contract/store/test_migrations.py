"""The migrations are the schema: they make what the tables declare, and can be undone, on both databases."""

import os
import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect

from nas_service.search.schema import create_tables
from nas_service.store.migrate import VERSION_TABLE, downgrade, is_current, upgrade
from nas_service.store.tables import metadata


def test_the_migrated_schema_is_what_the_tables_declare(engine: Engine) -> None:
    upgrade(engine)
    with engine.connect() as connection:
        options = {
            "compare_type": True,
            "version_table": VERSION_TABLE,
            "include_object": lambda _o, name, kind, *_: kind != "table" or name in metadata.tables,
        }
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_up_down_up_leaves_the_newest_schema_and_optunas_tables_alone(engine: Engine) -> None:
    upgrade(engine)
    create_tables(engine)
    downgrade(engine, "base")
    left = set(inspect(engine).get_table_names())
    assert left.isdisjoint(metadata.tables)
    assert {"studies", "trials", "alembic_version"} <= left
    upgrade(engine)
    with engine.connect() as connection:
        assert is_current(connection)


def test_a_fresh_database_is_not_current(engine: Engine) -> None:
    with engine.connect() as connection:
        assert not is_current(connection)


def test_several_processes_may_migrate_at_once(engine: Engine, tmp_path: Path) -> None:
    environment = os.environ | {"NAS_DATABASE_URL": engine.url.render_as_string(hide_password=False)}
    command = [sys.executable, "-m", "nas_service.migrate"]
    running = [subprocess.Popen(command, env=environment | {"NAS_HOME": str(tmp_path)}) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    with engine.connect() as connection:
        assert is_current(connection)
