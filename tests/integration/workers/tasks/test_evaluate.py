"""The real evaluation of one candidate, in this process: what it makes of checkpoints and of files that are gone."""

import shutil
import threading
from pathlib import Path

import pytest

from benchmarks.no_op_workers import QUEUES
from nas_service.bootstrap import Service, bootstrap
from nas_service.domain.entities import JsonDict, Search, WorkItem, WorkKind
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import CandidateStatus, SearchStatus, WorkStatus
from nas_service.search.memories import SqlMemories
from nas_service.settings import Settings
from nas_service.use_cases import queries, work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.submit import submit
from tests.support.api import new_service
from tests.support.checkpoints import checkpoint_path
from tests.support.tiny import tiny_search
from workers.checkpoints import KeptCheckpoint
from workers.execution import Executor
from workers.lease import LeaseTimes, Paused
from workers.stored_lease import stored_lease
from workers.tasks import Task
from workers.tasks.evaluate import evaluate
from workers.training import Checkpoint

LEASE_S = 60.0


def submitted(service: Service, **parts: object) -> Search:
    return submit(service.store, [], SearchSpec.model_validate(tiny_search(budget={"candidates": 1}, **parts)))[0]


def work_until(service: Service, search: Search, kind: WorkKind | None) -> WorkItem | None:
    """Do the search's work for real until an item of `kind` is claimed, which is left to the test; or to the end."""
    executor, memories = Executor(service, threading.Event()), SqlMemories()
    for _ in range(50):
        advance(service.store, memories, search.id)
        item = work.claim(service.store, QUEUES, "worker-of-this-test", LEASE_S)
        if item is None or item.kind is kind:
            return item
        executor.do(item)
    raise AssertionError("the search does not end")


def evaluated(service: Service, item: WorkItem, shutdown: threading.Event | None = None) -> JsonDict:
    with stored_lease(service.store, item, LeaseTimes(LEASE_S, 0.1), shutdown or threading.Event()) as lease:
        return evaluate(Task(service, item, lease))


def interrupted(service: Service, item: WorkItem) -> Path:
    """The checkpoint of an evaluation that was told to stop at its first step."""
    shutdown = threading.Event()
    shutdown.set()
    with pytest.raises(Paused):
        evaluated(service, item, shutdown)
    return checkpoint_path(service.settings.home, item.id)


def facts(result: JsonDict) -> tuple[object, ...]:
    """What must not depend on interruptions."""
    return result["accuracy"], result["result"]["weights_sha256"], result["exports"]


def test_an_interrupted_evaluation_ends_with_the_same_files_to_the_bit(service: Service) -> None:
    search = submitted(service)
    item = work_until(service, search, WorkKind.EVALUATE)
    assert item is not None
    whole = evaluated(service, item)
    path = interrupted(service, item)
    assert Checkpoint.load(path).facts["step"] == 1
    assert facts(evaluated(service, item)) == facts(whole)


@pytest.mark.parametrize(("kind", "split_seed"), [(WorkKind.PREPARE, 7), (WorkKind.FINALIZE, 8)])
def test_what_does_not_train_is_given_back_for_a_shutdown_too(
    service: Service, kind: WorkKind, split_seed: int
) -> None:
    """On a split that is not known yet, so that it has to be loaded."""
    item = work_until(service, submitted(service, dataset={"name": "digits", "split_seed": split_seed}), kind)
    assert item is not None
    shutdown = threading.Event()
    shutdown.set()
    Executor(service, shutdown).do(item)
    with service.store.read() as uow:
        left = uow.work.get(item.id)
    assert (left.status, left.attempt) == (WorkStatus.QUEUED, 0)


def test_a_training_goes_on_on_a_host_that_shares_nothing_but_a_bucket(
    tmp_path: Path, cache: Path, s3_url: str
) -> None:
    with new_service(tmp_path / "one", artifacts_url=s3_url) as one:
        database_url = one.settings.resolved_database_url
        two = bootstrap(Settings(home=tmp_path / "two", database_url=database_url, artifacts_url=s3_url))
        item = work_until(one, submitted(one), WorkKind.EVALUATE)
        assert item is not None
        whole = evaluated(one, item)
        interrupted(one, item)
        left = KeptCheckpoint(two.checkpoints, item.id).load()
        assert left is not None
        assert left.facts["step"] == 1
        result = evaluated(two, item)
        assert facts(result) == facts(whole)
        assert two.artifacts.fetch(result["exports"][0]["sha256"], tmp_path / "model.onnx").stat().st_size > 0
        assert not list((tmp_path / "one").glob("checkpoints/*"))
        two.store.engine.dispose()


def test_a_training_that_cannot_keep_its_checkpoint_goes_on(service: Service) -> None:
    item = work_until(service, submitted(service), WorkKind.EVALUATE)
    assert item is not None
    (service.settings.home / "checkpoints").write_bytes(b"a file where the folder should be")
    interrupted_without_one = threading.Event()
    interrupted_without_one.set()
    with pytest.raises(Paused):
        evaluated(service, item, interrupted_without_one)


ROT = {
    "empty": b"",
    "noise": b"no safetensors at all",
    "without facts": b"\x08\x00\x00\x00\x00\x00\x00\x00{}      ",
}


@pytest.mark.parametrize("rot", ROT)
def test_a_damaged_checkpoint_costs_a_training_and_no_candidate(service: Service, rot: str) -> None:
    search = submitted(service)
    item = work_until(service, search, WorkKind.EVALUATE)
    assert item is not None
    whole = evaluated(service, item)
    checkpoint_path(service.settings.home, item.id).write_bytes(ROT[rot])
    assert facts(evaluated(service, item)) == facts(whole)


def test_a_torn_checkpoint_costs_a_training_and_no_candidate(service: Service) -> None:
    search = submitted(service)
    item = work_until(service, search, WorkKind.EVALUATE)
    assert item is not None
    path = interrupted(service, item)
    path.write_bytes(path.read_bytes()[:-100])
    assert evaluated(service, item)["result"]["steps"] > 0


def test_the_checkpoint_of_another_training_is_not_continued(service: Service) -> None:
    first = submitted(service)
    item = work_until(service, first, WorkKind.EVALUATE)
    assert item is not None
    foreign = interrupted(service, item)
    second = submitted(service, seed=1)
    work.drop(service.store, item)
    other = work_until(service, second, WorkKind.EVALUATE)
    assert other is not None
    whole = evaluated(service, other)
    shutil.copyfile(foreign, checkpoint_path(service.settings.home, other.id))
    assert facts(evaluated(service, other)) == facts(whole)


@pytest.mark.parametrize("kind", [WorkKind.PROFILE, WorkKind.FINALIZE])
def test_a_stored_file_that_is_gone_fails_what_needs_it_by_name(service: Service, kind: WorkKind) -> None:
    search = submitted(service)
    item = work_until(service, search, kind)
    assert item is not None
    shutil.rmtree(service.settings.home / "artifacts")
    executor = Executor(service, threading.Event())
    executor.do(item)
    with service.store.read() as uow:
        failed = uow.work.get(item.id)
    assert failed.status is WorkStatus.FAILED
    assert failed.failure is not None
    assert failed.failure.problem == "no-such-artifact"
    assert work_until(service, search, None) is None
    with service.store.read() as uow:
        view = queries.status(uow, search.id)
    assert view.search.status is SearchStatus.FAILED, "it had no other candidate"
    assert view.running == []
    ended = CandidateStatus.FAILED if kind is WorkKind.PROFILE else CandidateStatus.COMPLETED
    assert view.counts == {ended: 1}
