"""Columns for figures, on every database."""

from nas_service.domain.states import CandidateStatus, WorkStatus
from nas_service.store.unit_of_work import SqlStore
from tests.support.finished_search import EPOCHS, seed
from tests.support.statements import noted


def test_records_are_those_of_the_search_alone_in_order(store: SqlStore) -> None:
    search, other = seed(store, 12, traced=9), seed(store, 3)
    with store.of_tenant(search.tenant).read() as uow:
        candidates = uow.records.candidates(search.id)
        assert [row.number for row in candidates] == list(range(12))
        assert [bool(row.intervals) for row in candidates] == [True] * 9 + [False] * 3
        low_ms, high_ms = candidates[0].intervals["latency_ms@0"]
        assert low_ms < candidates[0].metrics["latency_ms@0"] < high_ms
        curves = uow.records.curves(search.id, most=4)
        assert [(curve.number, len(curve.points)) for curve in curves] == [(n, EPOCHS) for n in range(5, 9)]
        known = uow.records.proxies(search.id, most=4)
        assert [row.scores["macs"] for row in known] == [row.metrics["macs"] for row in candidates[5:9]]
        assert [len(row.accuracies) for row in known] == [1] * 4
        work = uow.records.work(search.id, most=5)
        assert [item.started_at for item in work] == sorted(item.started_at for item in work if item.started_at)
        (failed,) = [item for item in work if item.status is WorkStatus.FAILED]
        assert failed.failure is not None
        assert failed.failure.problem == "worker-lost"
        assert len(uow.records.candidates(other.id)) == 3


def test_completions_of_many_searches_are_one_query_and_in_the_order_of_their_end(store: SqlStore) -> None:
    search, other, empty = seed(store, 12, traced=0), seed(store, 3, traced=0), seed(store, 0)
    with noted(store.engine) as statements, store.read() as uow:
        found = uow.records.completions([search.id, other.id, empty.id])
    assert len(statements) == 1
    with store.read() as uow:
        done = [row for row in uow.records.candidates(search.id) if row.status is CandidateStatus.COMPLETED]
    assert 0 < len(done) < 12
    assert found[search.id] == [(row.finished_at, row.metrics) for row in done]
    assert found[other.id]
    assert found[empty.id] == []


def test_another_tenant_sees_no_records(store: SqlStore) -> None:
    search = seed(store, 3)
    with store.of_tenant("another").read() as uow:
        found = (
            uow.records.candidates(search.id),
            uow.records.completions([search.id])[search.id],
            uow.records.curves(search.id, most=10),
            uow.records.proxies(search.id, most=10),
            uow.records.work(search.id, most=10),
            uow.events.latest(search.id, 10),
            uow.events.turns(search.id),
        )
    assert all(not rows for rows in found)


def test_the_latest_events_and_the_turns_are_oldest_first(store: SqlStore) -> None:
    search = seed(store, 0)
    with store.write() as uow:
        for number in range(5):
            uow.events.append(search.id, "candidate.status", {"number": number})
    with store.read() as uow:
        assert [event.payload["number"] for event in uow.events.latest(search.id, 2)] == [3, 4]
        assert [event.kind for event in uow.events.turns(search.id)] == ["search.submitted", "search.phase"]
