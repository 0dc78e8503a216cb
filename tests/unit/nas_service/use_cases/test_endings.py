"""Nothing of a search is left open when it ends, in whatever state its parts are then."""

from benchmarks.no_op_workers import claim, finish
from nas_service.domain.entities import Candidate, Failure, Search, WorkItem, WorkKind
from nas_service.domain.signals import Signal
from nas_service.domain.states import CandidateStatus, SearchPhase, SearchStatus, WorkStatus, is_over
from nas_service.use_cases import control, queries, work
from nas_service.use_cases.advance import abort, advance
from nas_service.use_cases.sweep import sweep
from tests.unit.nas_service.use_cases.conftest import Bench

NAN = Failure("training-diverged", "loss became nan")


def candidates(bench: Bench, search: Search) -> list[Candidate]:
    with bench.store.read() as uow:
        return list(uow.candidates.of(search.id, list(CandidateStatus)))


def fail_until_the_search_gives_up(bench: Bench, search: Search) -> list[WorkItem]:
    """Every evaluation fails but the first, which a worker keeps in hand. Returns what it holds."""
    held = claim(bench.store)
    assert held is not None
    for _ in range(100):
        item = claim(bench.store)
        if item is None:
            break
        work.fail(bench.store, item, NAN, retry=False)
        advance(bench.store, bench.memories, search.id)
    assert bench.search(search).status is SearchStatus.FAILED
    return [held]


def test_a_search_that_gives_up_leaves_no_candidate_in_flight(bench: Bench) -> None:
    search = bench.prepared(budget={"candidates": 100, "parallelism": 3})
    (held,) = fail_until_the_search_gives_up(bench, search)
    assert all(is_over(candidate.status) for candidate in candidates(bench, search))
    with bench.store.read() as uow:
        assert [i.id for i in uow.work.open(search.id) if not is_over(i.status)] == [held.id]
    assert work.heartbeat(bench.store, held, 10) is Signal.CANCEL


def test_what_a_lost_worker_held_of_a_search_that_is_over_is_not_started_again(bench: Bench) -> None:
    search = bench.prepared(budget={"candidates": 100, "parallelism": 3})
    (held,) = fail_until_the_search_gives_up(bench, search)
    work.heartbeat(bench.store, held, lease_s=-1.0)
    sweep(bench.store)
    with bench.store.read() as uow:
        assert uow.work.get(held.id).status is WorkStatus.CANCELLED


def test_a_search_that_is_over_shows_no_work(bench: Bench) -> None:
    search = bench.prepared()
    control.cancel(bench.store, search.id)
    advance(bench.store, bench.memories, search.id)
    with bench.store.read() as uow:
        view = queries.status(uow, search.id)
    assert view.search.status is SearchStatus.CANCELLED
    assert view.running == []


def test_the_clock_does_not_start_in_a_search_that_was_paused_during_its_preparation(bench: Bench) -> None:
    search = bench.submit(budget={"minutes": 60})
    advance(bench.store, bench.memories, search.id)
    prepare = claim(bench.store)
    assert prepare is not None
    control.pause(bench.store, search.id)
    finish(bench.store, prepare)
    advance(bench.store, bench.memories, search.id)
    paused = bench.search(search)
    assert paused.phase is SearchPhase.SEARCH
    assert paused.active_since is None
    assert control.resume(bench.store, search.id).active_s == 0.0


def test_a_candidate_that_fails_on_two_targets_fails_once_and_is_not_taken_for_finalized(bench: Bench) -> None:
    parts = {"budget": {"candidates": 2, "parallelism": 1}, "targets": [{"threads": 1}, {"threads": 2}]}
    search = bench.prepared(**parts)
    evaluation = claim(bench.store)
    assert evaluation is not None
    finish(bench.store, evaluation)
    advance(bench.store, bench.memories, search.id)
    profiles = [claim(bench.store), claim(bench.store)]
    for item in profiles:
        assert item is not None
        assert item.kind is WorkKind.PROFILE
        work.fail(bench.store, item, Failure("model-refused", "no"), retry=False)
    advance(bench.store, bench.memories, search.id)
    failed = candidates(bench, search)[0]
    assert failed.status is CandidateStatus.FAILED
    assert failed.final is None


def test_a_search_that_succeeded_once_does_not_give_up(bench: Bench) -> None:
    search = bench.prepared(budget={"candidates": 20, "parallelism": 1})
    for kind in (WorkKind.EVALUATE, WorkKind.PROFILE):
        item = claim(bench.store)
        assert item is not None
        assert item.kind is kind
        finish(bench.store, item)
        advance(bench.store, bench.memories, search.id)
    while (item := claim(bench.store)) is not None and item.kind is WorkKind.EVALUATE and "final" not in item.payload:
        work.fail(bench.store, item, NAN, retry=False)
        advance(bench.store, bench.memories, search.id)
    assert bench.search(search).candidate_count == 20
    assert bench.search(search).phase is SearchPhase.FINALIZE


def test_a_search_that_cannot_be_advanced_fails_by_name_and_leaves_nothing_in_flight(bench: Bench) -> None:
    search = bench.prepared(budget={"candidates": 4, "parallelism": 2})
    abort(bench.store, search.id, Failure("study-space-changed", "submit it anew"))
    assert bench.search(search).failure == Failure("study-space-changed", "submit it anew")
    assert all(is_over(candidate.status) for candidate in candidates(bench, search))
    assert claim(bench.store) is None


def test_a_preparation_that_fails_while_the_search_is_cancelled_does_not_keep_it_alive(bench: Bench) -> None:
    search = bench.submit()
    advance(bench.store, bench.memories, search.id)
    item = claim(bench.store)
    assert item is not None
    control.cancel(bench.store, search.id)
    work.fail(bench.store, item, NAN, retry=False)
    advance(bench.store, bench.memories, search.id)
    assert bench.search(search).status is SearchStatus.CANCELLED


def test_a_preparation_that_fails_while_the_search_is_paused_fails_it(bench: Bench) -> None:
    search = bench.submit()
    advance(bench.store, bench.memories, search.id)
    item = claim(bench.store)
    assert item is not None
    control.pause(bench.store, search.id)
    work.fail(bench.store, item, NAN, retry=False)
    advance(bench.store, bench.memories, search.id)
    assert bench.search(search).failure == NAN
