"""Every list that the API serves is found by an index, not by reading a table of 100,000 rows (Postgres)."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.store.migrate import upgrade
from nas_service.store.unit_of_work import SqlStore, SqlUnitOfWork
from nas_service.use_cases.ports import Page
from tests.support.statements import noted

pytestmark = pytest.mark.postgres

ROWS, PER_SEARCH = 100_000, 100
TENANT, SEARCH, CANDIDATE = "tenant-3", "search-1003", "candidate-100300"

FILL = (
    f"""INSERT INTO searches (id, tenant, priority, name, spec, status, phase, version, candidate_count, study_name,
        active_s, created_at, spec_digest, baselines, wake)
    SELECT 'search-' || n, 'tenant-' || n % 100, 0, 'name', '{{"dataset": {{"name": "digits"}}}}',
        CASE WHEN n % 10 = 3 THEN 'RUNNING' ELSE 'SUCCEEDED' END, 'search', 0, 0, 's' || n, 0,
        now() - n * interval '1 minute', 'digest', '{{}}', false FROM generate_series(1, {ROWS}) n""",
    f"""INSERT INTO candidates (id, search_id, number, status, architecture_key, architecture, trial_id, metrics,
        violations, evaluation_reused, proposed_at)
    SELECT 'candidate-' || n, 'search-' || n / {PER_SEARCH}, n % {PER_SEARCH}, 'COMPLETED', n, '{{}}', 0, '{{}}',
        '{{}}', false, now() FROM generate_series({PER_SEARCH}, {ROWS} + {10 * PER_SEARCH}) n""",
    f"""INSERT INTO work_items (id, search_id, candidate_id, kind, queue, payload, status, attempt, max_attempts, token,
        absorbed, created_at)
    SELECT 'work-' || n, 'search-' || n / {PER_SEARCH}, 'candidate-' || n, 'evaluate', 'train', '{{}}',
        CASE WHEN n % {PER_SEARCH} = 0 THEN 'QUEUED' ELSE 'DONE' END, 1, 5, 1, n % {PER_SEARCH} <> 0, now()
    FROM generate_series({PER_SEARCH}, {ROWS} + {10 * PER_SEARCH}) n""",
    f"""INSERT INTO events (search_id, at, kind, payload)
    SELECT 'search-' || 1 + n / {PER_SEARCH}, now(), 'kind', '{{}}' FROM generate_series(1, {ROWS}) n""",
    "ANALYZE",
)

LISTS: dict[str, Callable[[SqlUnitOfWork], object]] = {
    "searches": lambda uow: uow.searches.list(Page()),
    "searches in a status": lambda uow: uow.searches.list(Page(), SearchStatus.RUNNING),
    "candidates": lambda uow: uow.candidates.page(SEARCH, Page()),
    "candidates in a status": lambda uow: uow.candidates.page(SEARCH, Page(), CandidateStatus.COMPLETED),
    "the front": lambda uow: uow.candidates.completed(SEARCH),
    "counts": lambda uow: uow.candidates.counts(SEARCH),
    "open work": lambda uow: uow.work.open(SEARCH),
    "progress": lambda uow: uow.work.progress(SEARCH),
    "a candidate's work": lambda uow: uow.work.of_candidate(CANDIDATE),
    "events": lambda uow: uow.events.since(SEARCH, 0, 500),
    "the latest events": lambda uow: uow.events.latest(SEARCH, 200),
    "turns": lambda uow: uow.events.turns(SEARCH),
    "points": lambda uow: uow.records.candidates(SEARCH),
    "completions": lambda uow: uow.records.completions([SEARCH, "search-1103"]),
    "the timeline": lambda uow: uow.records.work(SEARCH, 2000),
}


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_no_list_reads_a_whole_table(engine: Engine) -> None:
    upgrade(engine)
    with engine.begin() as connection:
        for statement in FILL:
            connection.exec_driver_sql(statement.replace("%", "%%"))
    store = SqlStore(engine).of_tenant(TENANT)
    scanned = {}
    for name, read in LISTS.items():
        with noted(engine) as statements, store.read() as uow:
            read(uow)
        with engine.connect() as connection:
            plans = [_plan(connection, *statement) for statement in statements]
        assert plans, name
        if found := [line for plan in plans for line in plan if "Seq Scan" in line]:
            scanned[name] = found
    assert scanned == {}


def _plan(connection: Connection, statement: str, parameters: Any) -> list[str]:
    return [str(line) for (line,) in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)]
