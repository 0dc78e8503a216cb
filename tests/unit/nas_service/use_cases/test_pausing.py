"""A search is paused, resumed and cancelled, and its workers hear of it."""

from benchmarks.no_op_workers import claim
from nas_service.domain.signals import Signal
from nas_service.domain.states import CandidateStatus, SearchPhase, SearchStatus, WorkStatus
from nas_service.use_cases import control, work
from nas_service.use_cases.advance import advance
from tests.unit.nas_service.use_cases.conftest import Bench


def test_a_paused_search_hands_out_no_work_and_goes_on_when_resumed(bench: Bench) -> None:
    search = bench.submit(budget={"candidates": 3})
    advance(bench.store, bench.memories, search.id)
    control.pause(bench.store, search.id)
    assert claim(bench.store) is None
    control.resume(bench.store, search.id)
    assert bench.run(search).search.status is SearchStatus.SUCCEEDED


def test_a_search_paused_before_it_began_still_runs_when_resumed(bench: Bench) -> None:
    search = bench.submit(budget={"candidates": 2})
    control.pause(bench.store, search.id)
    advance(bench.store, bench.memories, search.id)
    control.resume(bench.store, search.id)
    assert bench.run(search).search.status is SearchStatus.SUCCEEDED


def test_workers_learn_of_it_at_their_heartbeat(bench: Bench) -> None:
    search = bench.submit()
    advance(bench.store, bench.memories, search.id)
    item = claim(bench.store)
    assert item is not None
    assert work.heartbeat(bench.store, item, 10) is Signal.CONTINUE
    control.pause(bench.store, search.id)
    assert work.heartbeat(bench.store, item, 10) is Signal.PAUSE
    control.cancel(bench.store, search.id)
    assert work.heartbeat(bench.store, item, 10) is Signal.CANCEL


def test_a_cancelled_search_ends_once_every_worker_has_let_go(bench: Bench) -> None:
    search = bench.prepared(budget={"candidates": 4, "parallelism": 2})
    held = claim(bench.store)
    assert held is not None
    control.cancel(bench.store, search.id)
    advance(bench.store, bench.memories, search.id)
    assert bench.search(search).status is SearchStatus.CANCELLING
    work.drop(bench.store, held)
    advance(bench.store, bench.memories, search.id)
    assert bench.search(search).status is SearchStatus.CANCELLED
    with bench.store.read() as uow:
        assert uow.candidates.counts(search.id) == {CandidateStatus.CANCELLED: 2}
        assert all(i.status is WorkStatus.CANCELLED for i in uow.work.open(search.id))


def test_the_clock_stands_still_while_paused(bench: Bench) -> None:
    search = bench.prepared(budget={"candidates": 50, "minutes": 60})
    assert bench.search(search).phase is SearchPhase.SEARCH
    paused = control.pause(bench.store, search.id)
    assert paused.active_since is None
    assert paused.active_s > 0
    assert control.resume(bench.store, search.id).active_s == paused.active_s
