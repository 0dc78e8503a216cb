"""What becomes of the work of a worker that is not heard of any more."""

from benchmarks.no_op_workers import claim, finish, run_to_end
from nas_service.domain.signals import Signal
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.use_cases import work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.advance.context import MAX_ATTEMPTS
from nas_service.use_cases.sweep import sweep
from tests.unit.nas_service.use_cases.conftest import Bench


def test_an_expired_lease_is_given_to_another_and_the_late_result_refused(bench: Bench) -> None:
    search = bench.submit(budget={"candidates": 1})
    advance(bench.store, bench.memories, search.id)
    late = work.claim(bench.store, ["train"], "slow", lease_s=-1.0)
    assert late is not None
    assert sweep(bench.store) == 1
    second = claim(bench.store)
    assert second is not None
    assert (second.id, second.token, second.attempt) == (late.id, late.token + 1, 2)
    assert finish(bench.store, late) is False
    assert work.heartbeat(bench.store, late, 10) is Signal.LOST
    assert finish(bench.store, second) is True
    assert run_to_end(bench.store, bench.memories, search.id).counts == {CandidateStatus.COMPLETED: 1}


def test_a_candidate_that_loses_every_worker_fails_alone(bench: Bench) -> None:
    search = bench.prepared(budget={"candidates": 2, "parallelism": 1})
    for _ in range(MAX_ATTEMPTS):
        assert work.claim(bench.store, ["train"], "dying", lease_s=-1.0) is not None
        sweep(bench.store)
    view = bench.run(search)
    assert view.counts == {CandidateStatus.COMPLETED: 1, CandidateStatus.FAILED: 1}
    with bench.store.read() as uow:
        (failed,) = uow.candidates.of(search.id, [CandidateStatus.FAILED])
    assert failed.failure is not None
    assert failed.failure.problem == "worker-lost"


def test_an_item_given_back_by_a_pause_does_not_count_as_an_attempt(bench: Bench) -> None:
    search = bench.submit()
    advance(bench.store, bench.memories, search.id)
    for _ in range(10):
        item = claim(bench.store)
        assert item is not None
        assert item.attempt == 1
        work.give_back(bench.store, item)
    assert bench.search(search).status is SearchStatus.RUNNING
