"""A real search that trains all candidates a little and the better ones further."""

import threading

from benchmarks.no_op_workers import QUEUES
from nas_service.bootstrap import Service
from nas_service.domain.entities import Search, WorkItem, WorkKind
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.search.memories import SqlMemories
from nas_service.use_cases import control, queries, work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.checkpoints import remove_needless
from nas_service.use_cases.submit import submit
from tests.support.checkpoints import checkpoint_path
from tests.support.tiny import tiny_search
from workers.execution import Executor
from workers.lease import LeaseTimes
from workers.stored_lease import stored_lease
from workers.tasks import Task
from workers.tasks.evaluate import evaluate
from workers.training import Checkpoint

LEASE_S = 60.0


def submitted(service: Service) -> Search:
    """Rungs at 1 and 3 epochs."""
    spec = tiny_search(
        strategy={"sampler": "random", "schedule": "asha"},
        training={"epochs": 3, "precision": "fp32", "recipe": ["ema"]},
    )
    return submit(service.store, [], SearchSpec.model_validate(spec))[0]


def work_until(service: Service, search: Search, epochs: int | None = None) -> WorkItem | None:
    """Do the search's work until a training of so many epochs is claimed, which is left to the test; or to the end."""
    executor, memories = Executor(service, threading.Event()), SqlMemories()
    for _ in range(60):
        advance(service.store, memories, search.id)
        item = work.claim(service.store, QUEUES, "worker-of-this-test", LEASE_S)
        if item is None or (item.kind is WorkKind.EVALUATE and item.payload["epochs"] == epochs):
            return item
        executor.do(item)
    raise AssertionError("the search does not end")


def weights_of(service: Service, item: WorkItem) -> str:
    with stored_lease(service.store, item, LeaseTimes(LEASE_S, 0.1), threading.Event()) as lease:
        result = evaluate(Task(service, item, lease))
    assert result["fidelity"]["epochs"] == 3
    return str(result["result"]["weights_sha256"])


def test_a_promoted_training_goes_on_from_its_fork_and_ends_as_one_that_was_never_stopped(service: Service) -> None:
    search = submitted(service)
    item = work_until(service, search, epochs=3)
    assert item is not None
    fork = checkpoint_path(service.settings.home, str(item.candidate_id))
    assert Checkpoint.load(fork).facts["step"] > 0
    assert remove_needless(service.store, service.checkpoints) == 0
    forked = weights_of(service, item)
    fork.unlink()
    assert weights_of(service, item) == forked


def test_paused_between_rungs_it_goes_on_and_ends_with_a_front_of_full_trainings(service: Service) -> None:
    search = submitted(service)
    item = work_until(service, search, epochs=3)
    assert item is not None
    work.give_back(service.store, item)
    control.pause(service.store, search.id)
    assert work.claim(service.store, QUEUES, "worker-of-this-test", LEASE_S) is None
    remove_needless(service.store, service.checkpoints)
    assert checkpoint_path(service.settings.home, str(item.candidate_id)).exists()
    control.resume(service.store, search.id)
    assert work_until(service, search) is None
    with service.store.read() as uow:
        assert uow.searches.get(search.id).status is SearchStatus.SUCCEEDED
        counts = uow.candidates.counts(search.id)
        members = queries.front(uow, search.id).members
        views = [queries.candidate(uow, place.candidate.id) for place in members]
    assert counts[CandidateStatus.COMPLETED] + counts[CandidateStatus.PRUNED] == 3
    for view in views:
        assert view.evaluation is not None
        assert [rung.epochs for rung in view.candidate.rungs] == [1, 3]
        assert len(view.evaluation.result["curve"]) == 3
        assert view.measurements
        assert "bundle.zip" in view.artifacts
    remove_needless(service.store, service.checkpoints)
    assert list(service.checkpoints.list()) == []
