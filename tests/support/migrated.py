"""Databases with the newest schema. Migrating takes longer than most tests: done once a test process, then copied."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import Engine

from nas_service.migrate import migrate
from nas_service.search.schema import create_tables
from nas_service.settings import Settings
from nas_service.store.migrate import upgrade


@cache
def migrated_home() -> Path:
    """A home with nothing but its database. Tests copy it."""
    home = Path(tempfile.mkdtemp(prefix="nas-migrated-"))
    atexit.register(shutil.rmtree, home)
    migrate(Settings(home=home))
    return home


def give_tables(engine: Engine) -> None:
    """All tables, Optuna's included, for an empty database that nobody has connected to yet."""
    if engine.dialect.name == "sqlite":
        shutil.copyfile(migrated_home() / "nas.db", str(engine.url.database))
    else:
        upgrade(engine)
        create_tables(engine)
