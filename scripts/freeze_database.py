"""Freezes a database of this version, for later ones to upgrade: `python -m scripts.freeze_database FILE.sql`.

It holds a finished search, a running one and a paused one, made by workers that make results up. The file has plain
INSERT statements whose every value is quoted text, which SQLite and Postgres both take for what their columns are.
Run once a release; the files in tests/contract/store/frozen are never changed afterwards.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect

from benchmarks.no_op_workers import QUEUES, claim, finish, run_to_end
from nas_service.domain.entities import Search, Worker
from nas_service.domain.spec import SearchSpec
from nas_service.migrate import migrate
from nas_service.search.memories import SqlMemories
from nas_service.settings import Settings
from nas_service.store.engine import make_engine
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases import control, work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.submit import submit

CANDIDATES = 4
ITEMS_BEFORE_THE_END = 5
VERSION_TABLES = {"alembic_version", "nas_alembic_version", "version_info"}
"""What migrations write themselves."""


def populate(store: SqlStore) -> None:
    """One search in each state that an upgrade may find."""
    memories = SqlMemories()
    run_to_end(store, memories, _submitted(store, "finished", "nsga2").id)
    paused = _begun(store, memories, "paused", "tpe")
    control.pause(store, paused.id)
    running = _begun(store, memories, "running", "random")
    advance(store, memories, running.id)
    with store.write() as uow:
        uow.workers.beat(Worker("worker-of-old", "host", 1, QUEUES, {"id": "device", "name": "old"}, seen_s_ago=0.0))
    work.claim(store, QUEUES, "worker-of-old", lease_s=0.001)


def _submitted(store: SqlStore, name: str, sampler: str) -> Search:
    spec = {
        "name": name,
        "dataset": {"name": "digits"},
        "space": {"name": "mobilenet", "preset": "tiny"},
        "strategy": {"sampler": sampler, "population_size": 4},
        "constraints": [{"metric": "macs", "max": 1e9}],
        "budget": {"candidates": CANDIDATES, "parallelism": 2},
        "seed": len(name),  # so that no search reuses another's evaluations
    }
    return submit(store, (), SearchSpec.model_validate(spec), idempotency_key=name)[0]


def _begun(store: SqlStore, memories: SqlMemories, name: str, sampler: str) -> Search:
    search = _submitted(store, name, sampler)
    for _ in range(ITEMS_BEFORE_THE_END):
        advance(store, memories, search.id)
        item = claim(store)
        if item is None or not finish(store, item):
            raise RuntimeError(f"{name} has no work, or its result was refused")
    return search


def statements(connection: Connection) -> list[str]:
    """An INSERT for every row, parents before children."""
    found = []
    tables = [table for table, _ in inspect(connection).get_sorted_table_and_fkc_names() if table]
    for table in tables:
        if table not in VERSION_TABLES:
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}").mappings():
                kept = {name: value for name, value in row.items() if value is not None}
                values = ", ".join(_quoted(value) for value in kept.values())
                found.append(f"INSERT INTO {table} ({', '.join(kept)}) VALUES ({values});")
    return found


def _quoted(value: Any) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def main() -> None:
    """Write the file that is named on the command line."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder))
        migrate(settings)
        engine = make_engine(settings.resolved_database_url)
        populate(SqlStore(engine))
        with engine.connect() as connection:
            lines = statements(connection)
        engine.dispose()
    Path(sys.argv[1]).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
