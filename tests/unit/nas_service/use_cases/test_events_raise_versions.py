"""Listeners are only shown events where a search's version has risen: no event may be written without that."""

from benchmarks.no_op_workers import claim, finish
from nas_service.use_cases import control
from nas_service.use_cases.advance import advance
from tests.unit.nas_service.use_cases.conftest import Bench


def test_no_event_is_written_without_a_higher_version(bench: Bench) -> None:
    search = bench.submit(budget={"candidates": 4, "parallelism": 2})
    seen = _newest(bench, search.id)
    assert seen[1] > 0
    for step in range(100):
        if step == 3:
            control.pause(bench.store, search.id)
            seen = _check(bench, search.id, seen)
            control.resume(bench.store, search.id)
            seen = _check(bench, search.id, seen)
        advance(bench.store, bench.memories, search.id)
        seen = _check(bench, search.id, seen)
        item = claim(bench.store)
        if item is None:
            break
        finish(bench.store, item)
        seen = _check(bench, search.id, seen)
    assert bench.search(search).status == "SUCCEEDED"


def _newest(bench: Bench, search_id: str) -> tuple[int, int]:
    with bench.store.read() as uow:
        return uow.searches.version(search_id), uow.events.since(search_id, 0, 1000)[-1].id


def _check(bench: Bench, search_id: str, seen: tuple[int, int]) -> tuple[int, int]:
    now = _newest(bench, search_id)
    assert now[1] == seen[1] or now[0] > seen[0]
    return now
