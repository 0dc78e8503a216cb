"""A tenant's store shows and changes that tenant's rows alone, whatever is asked of it, on both databases."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, column, func, insert, select, table, text

from nas_service.domain.entities import Artifact, Candidate, Search
from nas_service.domain.errors import NotFoundError
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.store import tables
from nas_service.store.overview import known_datasets, searches_by_status
from nas_service.store.tenancy import OWNED, SHARED, TenancyError
from nas_service.store.unit_of_work import SqlStore, SqlUnitOfWork
from nas_service.use_cases.ports import Page
from tests.support.values import a_candidate, a_search, an_item

Kept = tuple[Search, Candidate]

FACTS: dict[str, Any] = {"classes": ["a"], "channels": 1, "height": 8, "width": 8, "summary": {}}


def keep(store: SqlStore, tenant: str) -> Kept:
    """A search with something in every table that is owned through it."""
    facts = FACTS | {"fingerprint": "same for all"}
    search = a_search(tenant=tenant, idempotency_key="the same key")
    candidate = a_candidate(search, status=CandidateStatus.COMPLETED)
    with store.write() as uow:
        uow.searches.add(search, "digest")
        uow.searches.update(search.id, dataset=facts)
        uow.candidates.add(candidate)
        uow.work.add(an_item(search, candidate_id=candidate.id))
        uow.events.append(search.id, "search.submitted", {})
        uow.evidence.add_artifact(Artifact("a" * 64, 1, "text/plain"))
        uow.evidence.link_artifact(candidate.id, "file", "a" * 64)
    return search, candidate


@pytest.fixture
def foreign(store: SqlStore) -> Kept:
    return keep(store, "theirs")


@pytest.fixture
def own(store: SqlStore) -> Kept:
    return keep(store, "ours")


@pytest.fixture
def ours(store: SqlStore) -> SqlStore:
    return store.of_tenant("ours")


def test_a_table_is_owned_or_shared() -> None:
    assert OWNED.keys() | SHARED == set(tables.metadata.tables.values())
    assert not OWNED.keys() & SHARED


def test_the_own_rows_are_all_there(ours: SqlStore, own: Kept, foreign: Kept) -> None:
    search, candidate = own
    with ours.write() as uow:
        assert uow.searches.lock(search.id).id == search.id
        assert [found.id for found in uow.searches.list(Page(), SearchStatus.RUNNING)[0]] == [search.id]
        assert uow.searches.by_idempotency_key("ours", "the same key") is not None
        assert uow.candidates.get(candidate.id) == candidate
        assert uow.candidates.page(search.id, Page())[0] == [candidate]
        assert uow.candidates.of(search.id, [CandidateStatus.COMPLETED]) == [candidate]
        assert uow.candidates.counts(search.id) == {CandidateStatus.COMPLETED: 1}
        assert len(uow.work.open(search.id)) == len(uow.work.of_candidate(candidate.id)) == 1
        assert len(uow.events.since(search.id, 0, 10)) == 1
        assert list(uow.evidence.artifacts_of(candidate.id)) == ["file"]
        assert len(known_datasets(uow.connection)) == 1
        assert sum(searches_by_status(uow.connection).values()) == 1
        uow.searches.update(search.id, name="new")
        uow.searches.delete(search.id)
    with ours.read() as uow:
        assert uow.searches.list(Page()) == ([], None)


UNSEEN: dict[str, Callable[[SqlUnitOfWork, Search, Candidate], Any]] = {
    "searches.list": lambda uow, search, candidate: uow.searches.list(Page())[0],
    "searches.by_idempotency_key": lambda uow, search, candidate: uow.searches.by_idempotency_key(
        "theirs", "the same key"
    ),
    "candidates.page": lambda uow, search, candidate: uow.candidates.page(search.id, Page())[0],
    "candidates.of": lambda uow, search, candidate: uow.candidates.of(search.id, list(CandidateStatus)),
    "candidates.by_key": lambda uow, search, candidate: uow.candidates.by_key(search.id, candidate.architecture_key),
    "candidates.counts": lambda uow, search, candidate: uow.candidates.counts(search.id),
    "work.open": lambda uow, search, candidate: uow.work.open(search.id),
    "work.of_candidate": lambda uow, search, candidate: uow.work.of_candidate(candidate.id),
    "events.since": lambda uow, search, candidate: uow.events.since(search.id, 0, 10),
    "evidence.artifacts_of": lambda uow, search, candidate: uow.evidence.artifacts_of(candidate.id),
    "known_datasets": lambda uow, search, candidate: known_datasets(uow.connection),
    "searches_by_status": lambda uow, search, candidate: sum(searches_by_status(uow.connection).values()),
}


@pytest.mark.parametrize("look", UNSEEN.values(), ids=UNSEEN)
def test_another_tenants_rows_are_not_seen(
    ours: SqlStore, foreign: Kept, look: Callable[[SqlUnitOfWork, Search, Candidate], Any]
) -> None:
    with ours.read() as uow:
        assert not look(uow, *foreign)


def test_another_tenants_rows_are_not_found_and_not_changed(store: SqlStore, ours: SqlStore, foreign: Kept) -> None:
    search, candidate = foreign
    with ours.write() as uow:
        for get in (uow.searches.get, uow.searches.lock):
            with pytest.raises(NotFoundError):
                get(search.id)
        with pytest.raises(NotFoundError):
            uow.candidates.get(candidate.id)
        uow.searches.update(search.id, name="taken")
        uow.candidates.update(candidate.id, status=CandidateStatus.FAILED)
        uow.work.cancel_queued(search.id)
        uow.searches.delete(search.id)
    with store.read() as uow:
        assert uow.searches.get(search.id).name == search.name
        assert uow.candidates.get(candidate.id) == candidate
        assert len(uow.work.open(search.id)) == 1


def test_nothing_is_added_for_another_tenant(ours: SqlStore) -> None:
    with pytest.raises(TenancyError, match="theirs"), ours.write() as uow:
        uow.searches.add(a_search(tenant="theirs"), "digest")


REFUSED: dict[str, Callable[[Connection], object]] = {
    "text": lambda connection: connection.execute(text("SELECT * FROM searches")),
    "an unknown table": lambda connection: connection.execute(select(table("secrets", column("id")))),
    "an insert into an unknown table": lambda connection: connection.execute(
        insert(table("secrets", column("id"))), {"id": 1}
    ),
    "an alias": lambda connection: connection.execute(select(tables.searches.alias().c.id)),
    "an inner query": lambda connection: connection.execute(
        select(tables.searches).where(tables.searches.c.id.in_(select(func.min(tables.searches.c.id))))
    ),
    "a union": lambda connection: connection.execute(
        select(tables.searches.c.id).union_all(select(tables.searches.c.id))
    ),
}


@pytest.mark.parametrize("ask", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_kept_to_a_tenant_is_refused(ours: SqlStore, ask: Callable[[Connection], object]) -> None:
    with pytest.raises(TenancyError), ours.read() as uow:
        ask(uow.connection)
