"""A database of every release is upgraded with its searches: all of them are read, and the unfinished ones go on."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, Integer, inspect

from benchmarks.no_op_workers import run_to_end
from nas_service.domain.entities import Candidate, Search
from nas_service.domain.states import CandidateStatus, SearchStatus, WorkStatus
from nas_service.search.memories import SqlMemories
from nas_service.search.schema import create_tables
from nas_service.store.migrate import downgrade, is_current, upgrade
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases import control, queries
from nas_service.use_cases.ports import Page
from nas_service.use_cases.sweep import sweep
from tests.support.accounts import check_accounts

FROZEN = sorted((Path(__file__).parent / "frozen").glob("*.sql"))
"""One a release, named by its revision; `scripts/freeze_database.py` makes them."""
CANDIDATES = 4


@pytest.fixture(params=FROZEN, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest, engine: Engine) -> Engine:
    """A database as an older release left it."""
    upgrade(engine, request.param.stem)
    create_tables(engine)
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL TIME ZONE 'UTC'")
        for statement in request.param.read_text().splitlines():
            connection.exec_driver_sql(statement)
        if connection.dialect.name == "postgresql":
            _continue_sequences(connection)
    return engine


def _continue_sequences(connection: Connection) -> None:
    """Rows that come with their number do not move the counter that gives out numbers."""
    inspector = inspect(connection)
    for table in inspector.get_table_names():
        (key, *others) = inspector.get_pk_constraint(table)["constrained_columns"]
        (column,) = (column for column in inspector.get_columns(table) if column["name"] == key)
        if not others and isinstance(column["type"], Integer):
            newest = f"(SELECT max({key}) FROM {table})"
            connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table}', '{key}'), {newest})")


@pytest.fixture
def upgraded(old: Engine) -> Iterator[SqlStore]:
    """The same after `nas migrate`."""
    upgrade(old)
    create_tables(old)
    return SqlStore(old)


def searches(store: SqlStore) -> dict[str, Search]:
    """By name: what they were doing when they were frozen."""
    with store.read() as uow:
        found, _ = uow.searches.list(Page())
    return {search.name: search for search in found}


def candidates(store: SqlStore, search: Search) -> list[Candidate]:
    with store.read() as uow:
        return list(uow.candidates.of(search.id, list(CandidateStatus)))


def test_every_search_is_read_as_it_was(upgraded: SqlStore) -> None:
    found = searches(upgraded)
    assert {name: search.status for name, search in found.items()} == {
        "finished": SearchStatus.SUCCEEDED,
        "running": SearchStatus.RUNNING,
        "paused": SearchStatus.PAUSED,
    }
    for search in found.values():
        assert (search.tenant, search.priority, search.idempotency_key) == ("default", 0, search.name)
        with upgraded.read() as uow:
            events = uow.events.since(search.id, 0, 1000)
            view = queries.status(uow, search.id)
        assert events[0].kind == "search.submitted"
        assert sum(view.counts.values()) == search.candidate_count == len(candidates(upgraded, search))
    check_accounts(upgraded, found["finished"].id, CANDIDATES)


def test_evidence_and_artifacts_are_found(upgraded: SqlStore) -> None:
    search = searches(upgraded)["finished"]
    with upgraded.read() as uow:
        front = queries.front(uow, search.id)
        views = [queries.candidate(uow, member.candidate.id) for member in front.members]
    assert front.extent.hypervolume > 0
    for view in views:
        assert view.evaluation is not None
        assert view.measurements
        made_from = f"{view.candidate.architecture_key} False"
        assert view.artifacts["bundle.zip"].sha256 == hashlib.sha256(made_from.encode()).hexdigest()


def test_unfinished_searches_go_on_to_their_end(upgraded: SqlStore) -> None:
    found = searches(upgraded)
    del found["finished"]
    before = {name: candidates(upgraded, search) for name, search in found.items()}
    assert sweep(upgraded) == 1, "the worker that held an item is gone"
    control.resume(upgraded, found["paused"].id)
    memories = SqlMemories()
    for search in found.values():
        run_to_end(upgraded, memories, search.id)
    for name, search in found.items():
        items = check_accounts(upgraded, search.id, CANDIDATES)
        assert {item.status for item in items} == {WorkStatus.DONE}
        after = candidates(upgraded, search)
        assert [c.architecture_key for c in after[: len(before[name])]] == [c.architecture_key for c in before[name]]


def test_an_upgrade_can_be_undone_with_everything_in_place(old: Engine) -> None:
    store = SqlStore(old)
    with old.connect() as connection:
        before = _rows(connection)
    upgrade(old)
    found = searches(store)
    downgrade(old, "8c3aa23a9451")
    with old.connect() as connection:
        assert _rows(connection) == before | {"workers": 0}
    upgrade(old)
    with old.connect() as connection:
        assert is_current(connection)
    assert searches(store) == found


def _rows(connection: Connection) -> dict[str, int]:
    """How many there are in each table but those in which versions are kept."""
    tables = [table for table in inspect(connection).get_table_names() if "version" not in table]
    return {table: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in tables}
