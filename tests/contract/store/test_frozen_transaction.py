"""A process that stands still in the middle of a transaction must not keep everybody else waiting."""

from collections.abc import Iterator

import pytest
from sqlalchemy.exc import DBAPIError

from nas_service.domain.states import WorkStatus
from nas_service.store.engine import make_engine
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases.sweep import sweep
from tests.support.migrated import give_tables
from tests.support.values import a_search, an_item

IDLE_S = 1.0


@pytest.fixture
def service(postgres_url: str) -> Iterator[SqlStore]:
    engine = make_engine(postgres_url)
    give_tables(engine)
    yield SqlStore(engine)
    engine.dispose()


@pytest.fixture
def worker(postgres_url: str) -> Iterator[SqlStore]:
    """Its transactions are soon taken to stand still."""
    engine = make_engine(postgres_url, idle_transaction_s=IDLE_S)
    yield SqlStore(engine)
    engine.dispose()


@pytest.mark.postgres
@pytest.mark.timeout(60)
def test_what_a_frozen_worker_holds_is_taken_back(service: SqlStore, worker: SqlStore) -> None:
    search = a_search()
    with service.write() as uow:
        uow.searches.add(search, "digest")
        uow.work.add(an_item(search))
        item = uow.work.claim(["train"], "a", -0.001)
    assert item is not None

    def freeze_within_a_heartbeat() -> None:
        with worker.write() as frozen:
            assert frozen.work.extend(item.id, item.token, 60, None)
            assert sweep(service) == 1  # while the worker does nothing

    with pytest.raises(DBAPIError):
        freeze_within_a_heartbeat()
    with service.read() as uow:
        assert uow.work.get(item.id).status is WorkStatus.QUEUED
