"""A target that nobody can serve is refused before anything is trained, with what mends it."""

from typing import Any

import pytest

from benchmarks.no_op_workers import claim, finish
from nas_service.domain.entities import TRAIN_QUEUE, Worker, new_id, profile_queue
from nas_service.domain.errors import SpecError
from nas_service.domain.states import SearchStatus
from nas_service.use_cases.advance import advance
from tests.unit.nas_service.use_cases.conftest import Bench

HAS: dict[str, Any] = {"available": True, "versions": {}}
LACKS = {
    "available": False,
    "reason": "executorch is not installed; install it with: pip install 'nas-service[executorch]'",
}
PTE = [{"runtime": "executorch"}]


def worker(bench: Bench, *queues: str, runtimes: dict[str, Any], remote: bool = False) -> None:
    name = queues[0].rpartition(".")[2]
    device = {"id": new_id("device"), "name": name, "runtimes": runtimes}
    with bench.store.write() as uow:
        uow.workers.beat(Worker(new_id("worker"), "host", 1, queues, device, 0.0, remote=remote))


def refusal(bench: Bench, **parts: Any) -> str:
    with pytest.raises(SpecError) as caught:
        bench.submit(**parts)
    (problem,) = caught.value.problems
    assert problem.field == "targets.0.runtime"
    return problem.message


def test_a_runtime_that_no_worker_of_the_device_has_is_refused_with_the_command(bench: Bench) -> None:
    worker(bench, profile_queue("local"), TRAIN_QUEUE, runtimes={"executorch": LACKS, "onnxruntime": HAS})
    message = refusal(bench, targets=PTE)
    assert message.startswith("executorch cannot be used on device local")
    assert "pip install 'nas-service[executorch]'" in message
    bench.submit(targets=[{"precision": "int8"}])


def test_one_worker_that_has_it_is_enough(bench: Bench) -> None:
    for runtimes in ({"executorch": LACKS}, {"executorch": HAS}):
        worker(bench, profile_queue("local"), TRAIN_QUEUE, runtimes=runtimes)
    bench.submit(targets=PTE)


def test_a_format_that_no_training_worker_can_write_is_refused(bench: Bench) -> None:
    worker(bench, profile_queue("board"), runtimes={"executorch": HAS}, remote=True)
    worker(bench, TRAIN_QUEUE, runtimes={"executorch": LACKS})
    message = refusal(bench, targets=[{"device": "board", "runtime": "executorch"}])
    assert message.startswith("no training worker can write model.pte")


def test_what_runs_a_file_need_not_be_where_it_is_written(bench: Bench) -> None:
    worker(bench, profile_queue("board"), runtimes={"openvino": HAS}, remote=True)
    worker(bench, TRAIN_QUEUE, runtimes={"openvino": LACKS, "onnxruntime": HAS})
    bench.submit(targets=[{"device": "board", "runtime": "openvino"}])


def test_a_search_from_before_the_first_worker_fails_once_its_data_set_is_read(bench: Bench) -> None:
    search = bench.submit(targets=PTE)
    worker(bench, profile_queue("local"), TRAIN_QUEUE, runtimes={"executorch": LACKS})
    advance(bench.store, bench.memories, search.id)
    item = claim(bench.store)
    assert item is not None
    finish(bench.store, item)
    advance(bench.store, bench.memories, search.id)
    ended = bench.search(search)
    assert ended.status is SearchStatus.FAILED
    assert ended.failure is not None
    assert ended.failure.problem == "runtime-missing"
    assert "targets.0.runtime: executorch cannot be used" in ended.failure.detail
