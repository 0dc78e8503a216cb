"""How each end of a task is told to the database. The tasks here do nothing but end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.exc import OperationalError

from benchmarks.no_op_workers import QUEUES
from nas_service.domain.entities import JsonDict, WorkItem, WorkKind
from nas_service.domain.errors import DatasetError, PermanentError, RetryableError
from nas_service.domain.states import WorkStatus
from nas_service.use_cases import control
from nas_service.use_cases.sweep import sweep
from tests.support.checkpoints import checkpoint_path
from tests.support.waiting import wait_for
from tests.unit.workers.conftest import Bench
from workers.tasks import TASKS, Task
from workers.worker import WorkerLoop

HeldTask = Callable[[Task], JsonDict]


@pytest.fixture
def loop(bench: Bench) -> WorkerLoop:
    return WorkerLoop(bench.service, QUEUES)


@pytest.fixture
def task_that(monkeypatch: pytest.MonkeyPatch) -> Callable[[HeldTask], None]:
    """Makes `prepare`, the first work of every search, end as the test needs it."""
    return lambda task: monkeypatch.setitem(TASKS, WorkKind.PREPARE, task)


def raises(error: Exception) -> HeldTask:
    def task(_: Task) -> JsonDict:
        raise error

    return task


def do_next(bench: Bench, loop: WorkerLoop) -> WorkItem:
    item = bench.claim()
    loop.executor.do(item)
    return bench.item(item)


def test_a_result_is_committed_and_wakes_the_search(
    bench: Bench, loop: WorkerLoop, task_that: Callable[[HeldTask], None]
) -> None:
    task_that(lambda task: {"item": task.item.id})
    bench.submit()
    with bench.service.store.write() as uow:
        uow.searches.take_woken(100)
    item = do_next(bench, loop)
    assert (item.status, item.result) == (WorkStatus.DONE, {"item": item.id})
    with bench.service.store.read() as uow:
        assert uow.searches.any_woken()


@pytest.mark.parametrize("error", [PermanentError("p", "never"), DatasetError("p", "never")])
def test_what_can_never_succeed_fails_at_once(
    bench: Bench, loop: WorkerLoop, task_that: Callable[[HeldTask], None], error: Exception
) -> None:
    task_that(raises(error))
    bench.submit()
    item = do_next(bench, loop)
    assert item.status is WorkStatus.FAILED
    assert item.failure is not None
    assert (item.failure.problem, item.failure.detail) == ("p", "never")


def test_a_network_too_large_for_the_worker_fails_at_once(
    bench: Bench, loop: WorkerLoop, task_that: Callable[[HeldTask], None]
) -> None:
    task_that(raises(MemoryError("64 GiB")))
    bench.submit()
    item = do_next(bench, loop)
    assert item.failure is not None
    assert (item.status, item.failure.problem) == (WorkStatus.FAILED, "out-of-memory")


@pytest.mark.parametrize(
    ("error", "problem"),
    [(RetryableError("p", "busy"), "p"), (ZeroDivisionError("division by zero"), "unexpected-error")],
)
def test_what_may_succeed_next_time_is_tried_up_to_the_cap(
    bench: Bench, loop: WorkerLoop, task_that: Callable[[HeldTask], None], error: Exception, problem: str
) -> None:
    task_that(raises(error))
    bench.submit()
    item = do_next(bench, loop)
    for _ in range(item.max_attempts - 1):
        assert item.status is WorkStatus.QUEUED
        item = do_next(bench, loop)
    assert item.status is WorkStatus.FAILED
    assert item.attempt == item.max_attempts
    assert item.failure is not None
    assert item.failure.problem == problem


def obeys(task: Task) -> JsonDict:
    """A task that works until its lease tells it to stop."""
    wait_for(lambda: task.lease.check(), "a reason to stop")
    raise AssertionError("the lease asks to stop by raising")


@contextmanager
def working(loop: WorkerLoop, item: WorkItem) -> Iterator[None]:
    """While the worker does `item`; it has ended when the block ends."""
    thread = threading.Thread(target=loop.executor.do, args=(item,))
    thread.start()
    yield
    thread.join(timeout=30)
    assert not thread.is_alive()


def test_paused_work_is_given_back_and_costs_no_attempt(
    bench: Bench, loop: WorkerLoop, task_that: Callable[[HeldTask], None]
) -> None:
    task_that(obeys)
    search = bench.submit()
    item = bench.claim()
    with working(loop, item):
        control.pause(bench.service.store, search.id)
    assert (bench.item(item).status, bench.item(item).attempt) == (WorkStatus.QUEUED, 0)


def test_work_is_given_back_when_the_worker_leaves(
    bench: Bench, loop: WorkerLoop, task_that: Callable[[HeldTask], None]
) -> None:
    task_that(obeys)
    bench.submit()
    item = bench.claim()
    with working(loop, item):
        loop.shutdown.set()
    assert (bench.item(item).status, bench.item(item).attempt) == (WorkStatus.QUEUED, 0)


def test_cancelled_work_is_dropped(bench: Bench, loop: WorkerLoop, task_that: Callable[[HeldTask], None]) -> None:
    task_that(obeys)
    search = bench.submit()
    item = bench.claim()
    with working(loop, item):
        control.cancel(bench.service.store, search.id)
    assert bench.item(item).status is WorkStatus.CANCELLED


def test_a_worker_that_has_lost_its_lease_leaves_the_next_ones_work_and_checkpoint_alone(
    bench: Bench, loop: WorkerLoop, task_that: Callable[[HeldTask], None]
) -> None:
    task_that(obeys)
    bench.submit()
    late = bench.claim(lease_s=-1.0)
    sweep(bench.service.store)
    current = bench.claim()
    checkpoint = checkpoint_path(bench.service.settings.home, current.id)
    checkpoint.write_bytes(b"of the present holder")
    loop.executor.do(late)
    assert bench.item(current).status is WorkStatus.LEASED
    assert checkpoint.exists()


def test_a_late_result_is_refused(bench: Bench, loop: WorkerLoop, task_that: Callable[[HeldTask], None]) -> None:
    task_that(lambda _: {"whose": "late"})
    bench.submit()
    late = bench.claim(lease_s=-1.0)
    sweep(bench.service.store)
    current = bench.claim()
    loop.executor.do(late)
    assert (bench.item(current).status, bench.item(current).result) == (WorkStatus.LEASED, None)


def test_a_database_that_does_not_answer_leaves_the_item_to_its_lease(
    bench: Bench, loop: WorkerLoop, task_that: Callable[[HeldTask], None]
) -> None:
    """It is no failure of the item, and the worker must live to do it again."""
    task_that(raises(OperationalError("BEGIN IMMEDIATE", {}, Exception("database is locked"))))
    bench.submit()
    item = do_next(bench, loop)
    assert (item.status, item.failure) == (WorkStatus.LEASED, None)


def test_a_worker_is_known_while_it_runs_and_forgotten_when_it_has_left(bench: Bench, loop: WorkerLoop) -> None:
    def known() -> bool:
        with bench.service.store.read() as uow:
            return any(worker.id == loop.presence.worker.id for worker in uow.workers.live())

    thread = threading.Thread(target=loop.run)
    thread.start()
    wait_for(known, "the worker to be known")
    loop.shutdown.set()
    thread.join(timeout=30)
    assert not thread.is_alive()
    assert not known()


def test_a_running_worker_takes_work_until_it_is_told_to_leave(
    bench: Bench, loop: WorkerLoop, task_that: Callable[[HeldTask], None]
) -> None:
    task_that(lambda _: {})
    thread = threading.Thread(target=loop.run)
    thread.start()
    search = bench.submit()
    with bench.service.store.read() as uow:
        (item,) = uow.work.open(search.id)
    wait_for(lambda: bench.item(item).status is WorkStatus.DONE, "the item to be done")
    loop.shutdown.set()
    thread.join(timeout=30)
    assert not thread.is_alive()
