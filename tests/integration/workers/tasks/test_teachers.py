"""A search that goes by sharpness and distils its front, all of it real; and everybody its trainings can learn from."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks.no_op_workers import QUEUES
from nas_service.bootstrap import Service
from nas_service.domain.entities import IMPORTED, WEIGHTS_FILE, Candidate, Search, WorkItem, WorkKind
from nas_service.domain.errors import PermanentError
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.search.memories import SqlMemories
from nas_service.use_cases import queries, work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.submit import submit
from tests.support.tiny import tiny_search
from workers.data import spread_batch
from workers.execution import Executor
from workers.lease import LeaseTimes
from workers.stored_lease import stored_lease
from workers.tasks import Task
from workers.tasks.teachers import find_teachers
from workers.training.teachers import Teacher

LEASE_S = 60.0
SPEC = tiny_search(
    objectives=[{"metric": "accuracy"}, {"metric": "sharpness"}],
    budget={"candidates": 2},
    finalize={"recipe": ["distill"], "top_k": 1, "timings": 1},
)


def final_training(service: Service, search: Search) -> WorkItem:
    """The work item that trains the front's only member, once all before it is done."""
    executor, memories = Executor(service, threading.Event()), SqlMemories()
    for _ in range(50):
        advance(service.store, memories, search.id)
        item = work.claim(service.store, QUEUES, "worker-of-this-test", LEASE_S)
        assert item is not None
        if item.kind is WorkKind.EVALUATE and item.payload.get("final"):
            return item
        executor.do(item)
    raise AssertionError("nothing is finalized")


def completed(service: Service, search: Search) -> list[Candidate]:
    with service.store.read() as uow:
        return list(uow.candidates.of(search.id, [CandidateStatus.COMPLETED]))


def test_a_search_by_sharpness_with_a_distilled_front(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the only data root, where a teacher's file is put
    search, _ = submit(service.store, service.checks, SearchSpec.model_validate(SPEC))
    item = final_training(service, search)
    candidates = completed(service, search)
    assert all(candidate.metrics["sharpness"] > 0 for candidate in candidates)
    best = max(candidates, key=lambda c: c.metrics["accuracy"])
    with stored_lease(service.store, item, LeaseTimes(LEASE_S, 0.1), threading.Event()) as lease:
        everybody(Task(service, item, lease), best)
    executor, memories = Executor(service, threading.Event()), SqlMemories()
    executor.do(item)
    for _ in range(10):
        advance(service.store, memories, search.id)
        if (item := work.claim(service.store, QUEUES, "worker-of-this-test", LEASE_S)) is None:
            break
        executor.do(item)
    with service.store.read() as uow:
        ended = queries.status(uow, search.id).search
        (member,) = [c for c in uow.candidates.of(search.id, [CandidateStatus.COMPLETED]) if c.final]
        earlier, final = (uow.evidence.evaluation(i) for i in (member.evaluation_id, member.final["evaluation_id"]))
    assert ended.status is SearchStatus.SUCCEEDED, ended.failure
    assert final.reuse_key != earlier.reuse_key
    assert final.result["weights_sha256"] != earlier.result["weights_sha256"]
    assert member.final["sharpness"]["loss_rise"] == pytest.approx(final.result["sharpness"], rel=1e-5)


def everybody(task: Task, best: Candidate) -> None:
    """Every way to name the best candidate gives a teacher that says the same."""
    (teacher,) = find_teachers(task)
    with task.service.store.read() as uow:
        artifacts = uow.evidence.artifacts_of(best.id)
    assert teacher.identity == artifacts[WEIGHTS_FILE].sha256
    root = task.service.settings.data_roots[0]
    task.service.artifacts.fetch(artifacts["model.onnx"].sha256, root / "mine.onnx")
    (root / "notes.onnx").write_text("no model")
    images, _ = spread_batch(task.dataset(), task.dataset().train, 8)
    for name in (best.id, "mine.onnx"):
        (other,) = named(task, name)
        torch.testing.assert_close(other.logits(images), teacher.on(images.device).logits(images), rtol=1e-4, atol=1e-4)
    for name, reason in (("notes.onnx", "cannot be executed"), ("supernet", "has none"), ("candidate-0", "candidate")):
        with pytest.raises(PermanentError, match=reason):
            named(task, name)
    for study_name in (IMPORTED + best.search_id, best.search_id):
        with task.service.store.write() as uow:
            uow.searches.update(best.search_id, study_name=study_name)
        if study_name != best.search_id:
            with pytest.raises(PermanentError, match="its search was imported"):
                named(task, best.id)


def named(task: Task, name: str) -> list[Teacher]:
    distill = task.search.spec.training.distill.model_copy(update={"teachers": (name,)})
    training = task.search.spec.training.model_copy(update={"distill": distill})
    other = Task(task.service, task.item, task.lease)
    other.search = replace(task.search, spec=task.search.spec.model_copy(update={"training": training}))
    return [teacher.on(torch.device("cpu")) for teacher in find_teachers(other)]
