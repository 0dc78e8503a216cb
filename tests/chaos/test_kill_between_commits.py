"""Processes that die, or stand still, at the very moments between two commits."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from examples.make_image_folder import main as make_image_folder
from nas_service.domain.entities import WorkItem, WorkKind
from nas_service.domain.formats import ModelFormat
from nas_service.domain.states import CandidateStatus, SearchStatus, WorkStatus
from nas_service.wire.searches import SearchDetail
from tests.support.accounts import check_accounts
from tests.support.checkpoints import checkpoint_path
from tests.support.service import HARNESS, WORKER, RunningService
from tests.support.tiny import tiny_search
from tests.support.waiting import wait_for
from workers.training import Checkpoint

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

KINDS = (WorkKind.PREPARE, WorkKind.EVALUATE, WorkKind.PROFILE, WorkKind.FINALIZE)
"""What every search asks for, in turn."""
TIMEOUT_S = 300.0
LONG = {"epochs": 60, "precision": "fp32"}
"""Some seconds of training: long enough to be struck in the middle."""


def submit(service: RunningService, **parts: object) -> SearchDetail:
    return service.client.submit(tiny_search(budget={"candidates": 1}, **parts))


def claimed(service: RunningService, search: SearchDetail, kind: WorkKind) -> WorkItem:
    (item,) = wait_for(lambda: service.leased(search.id, kind), f"a claimed {kind} item")
    return item


@contextmanager
def claimed_and_locked(service: RunningService, search: SearchDetail, kind: WorkKind) -> Iterator[WorkItem]:
    """A claimed item, however short the work, and until the block ends nobody commits."""

    def look() -> tuple[WorkItem, ExitStack] | None:
        with ExitStack() as lock:
            lock.enter_context(service.store.write())
            for item in service.leased(search.id, kind):
                return item, lock.pop_all()
        return None

    found = wait_for(look, f"a claimed {kind} item")
    assert found is not None
    item, lock = found
    with lock:
        yield item


def kill_the_holder(service: RunningService, search: SearchDetail, kind: WorkKind) -> WorkItem:
    """Kill whoever claims an item of this kind."""

    with claimed_and_locked(service, search, kind) as item:
        service.worker_of(item).kill()
    return item


def finish(service: RunningService, search: SearchDetail) -> None:
    """The search succeeds in spite of all, and the books are right."""
    ended = service.client.wait(search.id, poll_s=0.2, timeout_s=TIMEOUT_S)
    assert ended.status is SearchStatus.SUCCEEDED, ended.failure
    check_accounts(service.store, search.id, candidate_count=1)


def test_a_worker_killed_right_after_its_claim_is_replaced_whatever_it_was_to_do(
    service: RunningService, data_root: Path
) -> None:
    """On a data set that no worker has in memory: preparing one that it has takes a few milliseconds."""
    make_image_folder(data_root / "images")
    search = submit(service, dataset={"name": f"imagefolder:{data_root / 'images'}"}, seed=1)
    killed = [kill_the_holder(service, search, kind) for kind in KINDS]
    finish(service, search)
    for item in killed:
        done = service.item(item.id)
        assert (done.status, done.attempt) == (WorkStatus.DONE, 2)


def test_a_worker_killed_while_it_compresses_leaves_one_child(service: RunningService) -> None:
    search = submit(service, finalize={"recipe": ["quantize-int8"], "timings": 1})
    killed = kill_the_holder(service, search, WorkKind.COMPRESS)
    ended = service.client.wait(search.id, poll_s=0.2, timeout_s=TIMEOUT_S)
    assert ended.status is SearchStatus.SUCCEEDED, ended.failure
    done = service.item(killed.id)
    assert (done.status, done.attempt) == (WorkStatus.DONE, 2)
    parent, child = service.client.candidates(search.id)
    assert (child.parent_id, child.status) == (parent.id, CandidateStatus.COMPLETED)


def test_a_worker_killed_after_a_checkpoint_loses_only_what_came_after_it(service: RunningService) -> None:
    search = submit(service, training=LONG, seed=2)
    item = claimed(service, search, WorkKind.EVALUATE)
    path = checkpoint_path(service.home, item.id)
    wait_for(path.exists, "a checkpoint")
    service.worker_of(item).kill()
    kept = Checkpoint.load(path).facts["step"]
    assert kept > 0
    assert service.progress_after(item)["step"] > kept
    finish(service, search)


def exported(service: RunningService) -> set[str]:
    """Models that workers have just made, in their temporary files: storing them begins with a commit."""
    below = os.walk(service.environment["TMPDIR"])
    return {f"{folder}/{name}" for folder, _, names in below for name in names if name == ModelFormat.ONNX.file_name}


def test_a_worker_killed_with_its_result_computed_but_not_stored_counts_once(service: RunningService) -> None:
    """The test holds the database's write lock: the worker finishes its model, and waits to tell of it."""
    before = exported(service)
    search = submit(service, seed=3)
    with claimed_and_locked(service, search, WorkKind.EVALUATE) as item:
        wait_for(lambda: exported(service) - before, "the exported model")
        assert service.item(item.id).status is WorkStatus.LEASED
        service.worker_of(item).kill()
    finish(service, search)
    assert service.item(item.id).attempt == 2
    candidate = next(service.client.candidates(search.id))
    assert candidate.status is CandidateStatus.COMPLETED


def test_a_result_that_comes_after_the_lease_was_lost_is_refused(service: RunningService) -> None:
    search = submit(service, training=LONG, seed=4)
    item = claimed(service, search, WorkKind.EVALUATE)
    frozen = service.worker_of(item)
    frozen.suspend()
    try:
        taken = wait_for(lambda: (now := service.item(item.id)).token > item.token and now, "another worker")
        assert taken.worker_id != item.worker_id
    finally:
        frozen.resume()
    wait_for(lambda: '"signal": "lost"' in service.logs(), "the late worker to let go")
    finish(service, search)
    assert service.item(item.id).worker_id == taken.worker_id
    assert frozen.is_running(), "a worker that was late once is as good as before"


def test_everything_ends_with_a_killed_supervisor_even_in_the_middle_of_a_timing(service: RunningService) -> None:
    search = submit(service, seed=5)
    wait_for(lambda: service.processes(HARNESS), "a timing to begin")
    service.supervisor.kill()
    service.supervisor.wait()
    service.wait_until_gone()
    service.start()
    finish(service, search)


def test_everything_ends_with_a_supervisor_killed_while_its_children_start(service: RunningService) -> None:
    for process in service.processes(WORKER):
        process.kill()
    wait_for(lambda: len(service.processes(WORKER)) == service.workers, "workers to start again")
    service.kill()


def test_a_stopped_service_drains_in_good_order_and_loses_no_attempt(service: RunningService) -> None:
    search = submit(service, training=LONG, seed=6)
    item = claimed(service, search, WorkKind.EVALUATE)
    wait_for(lambda: service.item(item.id).progress, "training to begin")
    service.supervisor.send_signal(signal.SIGTERM)
    assert service.supervisor.wait(timeout=TIMEOUT_S) == 0
    service.wait_until_gone()
    drained = service.item(item.id)
    assert (drained.status, drained.attempt) == (WorkStatus.QUEUED, 0)
    kept = Checkpoint.load(checkpoint_path(service.home, item.id)).facts["step"]
    service.start()
    assert service.progress_after(item)["step"] > kept
    finish(service, search)
    assert service.item(item.id).attempt == 1
