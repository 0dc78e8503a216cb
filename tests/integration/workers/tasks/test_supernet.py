"""A search with a supernet, all of it real: shared weights, comparisons, inherited candidates, a fine-tuned front."""

import threading
from collections import Counter
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from benchmarks.no_op_workers import QUEUES
from nas_service.bootstrap import Service
from nas_service.domain.entities import SUPERNET_FILE, Search, WorkItem, WorkKind
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.search.memories import SqlMemories
from nas_service.use_cases import queries, work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.space import space_of
from nas_service.use_cases.submit import submit
from search_spaces.supernet import extremes
from tests.support.checkpoints import checkpoint_path
from tests.support.tiny import tiny_search
from workers.execution import Executor
from workers.lease import LeaseTimes, Paused
from workers.stored_lease import stored_lease
from workers.tasks import TASKS, Task
from workers.training.teachers import LOGITS

LEASE_S = 60.0
SUPERNET = {"epochs": 2, "agreement_sample": 4, "min_agreement": -1, "beat_macs": False}


@pytest.fixture
def search(service: Service) -> Search:
    strategy = {"sampler": "random", "evaluator": "supernet", "supernet": SUPERNET}
    spec = tiny_search(
        strategy=strategy, budget={"candidates": 3}, finalize={"top_k": 1, "recipe": ["distill"], "timings": 1}
    )
    return submit(service.store, [], SearchSpec.model_validate(spec))[0]


def done_until(service: Service, search: Search, kind: WorkKind | None) -> tuple[list[WorkKind], WorkItem | None]:
    """Do the search's work for real until an item of `kind` is claimed; what was done, and that item."""
    executor, memories, done = Executor(service, threading.Event()), SqlMemories(), []
    for _ in range(50):
        advance(service.store, memories, search.id)
        item = work.claim(service.store, QUEUES, "worker-of-this-test", LEASE_S)
        if item is None or item.kind is kind:
            return done, item
        executor.do(item)
        done.append(item.kind)
    raise AssertionError("the search does not end")


def answers_of_largest(service: Service, search: Search) -> Path:
    """Where it is kept what the supernet's largest network says of every training image."""
    assert search.supernet is not None
    assert search.dataset is not None
    (largest,) = extremes(space_of(search), np.random.default_rng(0), 1, largest=True)
    key = f"{search.dataset.fingerprint} {search.supernet.sha256} {largest.key}"
    return service.settings.cache_dir / LOGITS / f"{sha256(key.encode()).hexdigest()}.npy"


def interrupted(service: Service, item: WorkItem) -> None:
    """As by a worker that shuts down at the first step."""
    shutdown = threading.Event()
    shutdown.set()
    with pytest.raises(Paused), stored_lease(service.store, item, LeaseTimes(LEASE_S, 0.1), shutdown) as lease:
        TASKS[item.kind](Task(service, item, lease))
    assert checkpoint_path(service.settings.home, item.id).exists()
    work.give_back(service.store, item)


def test_a_whole_search_with_shared_weights(service: Service, search: Search) -> None:
    _, training = done_until(service, search, WorkKind.SUPERNET)
    assert training is not None
    interrupted(service, training)
    done, _ = done_until(service, search, None)
    assert Counter(done)[WorkKind.SUPERNET] == 1
    assert Counter(done)[WorkKind.COMPARE] == 4
    assert Counter(done)[WorkKind.EVALUATE] == 3 + 1
    with service.store.read() as uow:
        ended = queries.status(uow, search.id).search
        completed = uow.candidates.of(search.id, [CandidateStatus.COMPLETED])
        views = [queries.candidate(uow, candidate.id) for candidate in completed]
        final = [uow.evidence.evaluation(c.final["evaluation_id"]) for c in completed if c.final]
    assert ended.status is SearchStatus.SUCCEEDED, ended.failure
    assert answers_of_largest(service, ended).exists()
    assert ended.supernet is not None
    assert ended.supernet.trusted
    assert [point["epoch"] for point in ended.supernet.curve] == [0, 1]
    assert service.artifacts.open_path(ended.supernet.sha256).stat().st_size > 0
    for view in views:
        assert view.evaluation is not None
        assert view.evaluation.fidelity["evaluator"] == "supernet"
        assert all(export.max_abs_error is not None for export in view.evaluation.exports)
        assert SUPERNET_FILE not in view.artifacts
    (trained_on,) = final
    assert trained_on.fidelity["evaluator"] == "inherited"
    assert len(trained_on.result["curve"]) == 2


def test_candidates_are_trained_on_before_they_are_judged(service: Service) -> None:
    strategy = {"sampler": "random", "evaluator": "supernet", "supernet": {**SUPERNET, "tune_epochs": 1}}
    spec = SearchSpec.model_validate(tiny_search(strategy=strategy, budget={"candidates": 1}))
    search = submit(service.store, [], spec)[0]
    done_until(service, search, WorkKind.PROFILE)
    with service.store.read() as uow:
        supernet = queries.status(uow, search.id).search.supernet
        (candidate,) = uow.candidates.of(search.id, list(CandidateStatus))
        view = queries.candidate(uow, candidate.id)
    assert supernet is not None
    assert len(supernet.comparisons) == 4
    assert view.evaluation is not None
    assert view.evaluation.fidelity["evaluator"] == "supernet"
    assert [point["epoch"] for point in view.evaluation.result["curve"]] == [0]
