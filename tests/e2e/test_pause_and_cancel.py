"""Pause, resume and cancel act on running training, long before it would end, and free the machine."""

import time

import psutil
import pytest

from nas_service.domain.entities import WorkItem, WorkKind
from nas_service.domain.states import CandidateStatus, SearchStatus, WorkStatus
from nas_service.wire.searches import SearchDetail
from tests.support.checkpoints import checkpoint_path
from tests.support.service import WORKER, RunningService
from tests.support.tiny import tiny_search
from tests.support.waiting import wait_for
from workers.training import Checkpoint

pytestmark = pytest.mark.e2e

IDLE_SHARE = 0.3
"""Of one core, that two idle workers may use between them: they look for work ten times a second."""
STEPS_PER_EPOCH = 19
SAMPLE_S = 0.5


def training(service: RunningService, search: SearchDetail, steps: int) -> list[WorkItem]:
    """The evaluations in workers' hands, once one of them has taken this many steps."""

    def far_enough() -> list[WorkItem]:
        items = service.leased(search.id, WorkKind.EVALUATE)
        return items if any((item.progress or {}).get("step", 0) >= steps for item in items) else []

    return wait_for(far_enough, f"{steps} steps of training")


def used_core_share(processes: list[psutil.Process]) -> float:
    """Cores that these processes keep busy, over a short while."""

    def spent_s() -> float:
        return sum(sum(process.cpu_times()[:2]) for process in processes)

    spent_before_s, start = spent_s(), time.monotonic()
    wait_for(lambda: time.monotonic() - start >= SAMPLE_S, "the sample to end")
    return (spent_s() - spent_before_s) / (time.monotonic() - start)


def wait_until_idle(service: RunningService) -> None:
    workers = service.processes(WORKER)
    assert len(workers) == service.workers
    wait_for(lambda: used_core_share(workers) < IDLE_SHARE, "idle workers")


def test_a_paused_search_frees_the_machine_and_goes_on_from_its_checkpoint(service: RunningService) -> None:
    epochs = 60
    spec = tiny_search(budget={"candidates": 1}, training={"epochs": epochs, "precision": "fp32"}, seed=1)
    search = service.client.submit(spec)
    (held,) = training(service, search, steps=15 * STEPS_PER_EPOCH)
    worker = service.worker_of(held)
    worker.suspend()  # on a busy machine it might be through before the pause has come
    try:
        service.client.pause(search.id)
    finally:
        worker.resume()
    wait_for(lambda: not service.leased(search.id), "workers to let go")
    assert service.client.get(search.id).status is SearchStatus.PAUSED
    wait_until_idle(service)
    paused = service.item(held.id)
    assert (paused.status, paused.attempt) == (WorkStatus.QUEUED, 0)
    checkpoint = Checkpoint.load(checkpoint_path(service.home, held.id))
    assert checkpoint.facts["step"] >= 15 * STEPS_PER_EPOCH

    service.client.resume(search.id)
    assert service.progress_after(held)["step"] > checkpoint.facts["step"], "epochs were trained twice"
    ended = service.client.wait(search.id, poll_s=0.2, timeout_s=300)
    assert ended.status is SearchStatus.SUCCEEDED, ended.failure
    (candidate,) = service.client.candidates(search.id)
    evaluation = service.client.candidate(candidate.id).evaluation
    assert evaluation is not None
    curve = evaluation.result["curve"]
    assert [point["epoch"] for point in curve] == list(range(epochs))
    assert curve[: len(checkpoint.facts["curve"])] == checkpoint.facts["curve"]
    assert evaluation.result["steps"] == epochs * STEPS_PER_EPOCH
    told = [e.payload["status"] for e in service.client.events(search.id) if e.kind == "search.status"]
    assert told == ["RUNNING", "PAUSED", "RUNNING", "SUCCEEDED"]


def test_a_cancelled_search_ends_at_once_and_leaves_nothing_behind(service: RunningService) -> None:
    spec = tiny_search(budget={"candidates": 4, "parallelism": 2}, training={"epochs": 10_000, "precision": "fp32"})
    search = service.client.submit(spec)
    items = wait_for(
        lambda: len(found := training(service, search, steps=STEPS_PER_EPOCH)) == 2 and found, "two trainings"
    )
    paths = [checkpoint_path(service.home, item.id) for item in items]
    wait_for(lambda: all(path.exists() for path in paths), "periodic checkpoints")
    service.client.cancel(search.id)
    wait_for(lambda: service.client.get(search.id).status is SearchStatus.CANCELLED, "the end of the search")
    wait_until_idle(service)
    ended = service.client.get(search.id)
    assert ended.candidates == {CandidateStatus.CANCELLED: 2}
    assert ended.work == ()
    wait_for(lambda: not any(path.exists() for path in paths), "checkpoints to be removed")


def test_a_search_cancelled_while_paused_leaves_no_checkpoint(service: RunningService) -> None:
    spec = tiny_search(budget={"candidates": 1}, training={"epochs": 10_000, "precision": "fp32"}, seed=2)
    search = service.client.submit(spec)
    (held,) = training(service, search, steps=STEPS_PER_EPOCH)
    service.client.pause(search.id)
    path = checkpoint_path(service.home, held.id)
    wait_for(lambda: not service.leased(search.id) and path.exists(), "the checkpoint of the pause")
    service.client.cancel(search.id)
    wait_for(lambda: service.client.get(search.id).status is SearchStatus.CANCELLED, "the end of the search")
    wait_for(lambda: not path.exists(), "the checkpoint to be removed")
