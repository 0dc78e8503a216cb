"""A lease is renewed while work goes on, and tells the work when to stop."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import text

from nas_service.domain.entities import WorkItem
from nas_service.domain.errors import PermanentError
from nas_service.domain.signals import Signal
from nas_service.use_cases import control
from nas_service.use_cases.sweep import sweep
from tests.support.waiting import wait_for
from tests.unit.workers.conftest import Bench
from workers.lease import Abandoned, Lease, LeaseTimes, Paused
from workers.stored_lease import stored_lease

HEARTBEAT_S = 0.02


def lease_of(bench: Bench, item: WorkItem, shutdown: threading.Event | None = None) -> Lease:
    return stored_lease(bench.service.store, item, LeaseTimes(60.0, HEARTBEAT_S), shutdown or threading.Event())


def expires_at_s(bench: Bench, item: WorkItem) -> float:
    with bench.service.store.read() as uow:
        query = text("SELECT lease_expires_at_s FROM work_items WHERE id = :id")
        return float(uow.connection.execute(query, {"id": item.id}).scalar_one())


def raised_by(check: Callable[[], None]) -> BaseException | None:
    try:
        check()
    except (Paused, Abandoned, PermanentError) as error:
        return error
    return None


def test_it_is_renewed_while_the_block_runs_and_not_after(bench: Bench) -> None:
    bench.submit()
    item = bench.claim()
    first = expires_at_s(bench, item)
    with lease_of(bench, item) as lease:
        second = wait_for(lambda: (now := expires_at_s(bench, item)) > first and now, "a renewal")
        wait_for(lambda: expires_at_s(bench, item) > second, "another renewal")
        lease.check()
    assert not [thread for thread in threading.enumerate() if thread.name == f"lease-{item.id}"]


def test_progress_is_left_for_whoever_watches(bench: Bench) -> None:
    bench.submit()
    item = bench.claim()
    with lease_of(bench, item) as lease:
        lease.report({"epoch": 3})
        wait_for(lambda: bench.item(item).progress == {"epoch": 3}, "the progress")


def test_a_pause_asks_for_a_checkpoint(bench: Bench) -> None:
    search = bench.submit()
    with lease_of(bench, bench.claim()) as lease:
        control.pause(bench.service.store, search.id)
        assert isinstance(wait_for(lambda: raised_by(lease.check), "the pause"), Paused)


def test_a_resumed_search_lets_the_work_go_on_if_it_has_not_stopped_yet(bench: Bench) -> None:
    search = bench.submit()
    with lease_of(bench, bench.claim()) as lease:
        control.pause(bench.service.store, search.id)
        wait_for(lambda: raised_by(lease.check), "the pause")
        control.resume(bench.service.store, search.id)
        wait_for(lambda: raised_by(lease.check) is None, "the resumption")


def test_a_cancellation_asks_to_drop_the_work(bench: Bench) -> None:
    search = bench.submit()
    with lease_of(bench, bench.claim()) as lease:
        control.cancel(bench.service.store, search.id)
        error = wait_for(lambda: raised_by(lease.check), "the cancellation")
    assert isinstance(error, Abandoned)
    assert error.signal is Signal.CANCEL


def test_a_lost_lease_asks_to_drop_the_work_and_is_not_renewed(bench: Bench) -> None:
    """Were it renewed, the worker would go on for two, and keep the next one's lease alive."""
    bench.submit()
    late = bench.claim(lease_s=-1.0)
    sweep(bench.service.store)
    current = bench.claim(lease_s=1000.0)
    before = expires_at_s(bench, current)
    with lease_of(bench, late) as lease:
        error = wait_for(lambda: raised_by(lease.check), "the loss to be noticed")
    assert isinstance(error, Abandoned)
    assert error.signal is Signal.LOST
    assert expires_at_s(bench, current) == before


def test_a_deleted_search_ends_the_work(bench: Bench) -> None:
    search = bench.submit()
    item = bench.claim()
    with lease_of(bench, item) as lease:
        with bench.service.store.write() as uow:
            uow.searches.delete(search.id)
        assert isinstance(wait_for(lambda: raised_by(lease.check), "the deletion"), Abandoned)


def test_a_shutdown_asks_for_a_checkpoint_at_once(bench: Bench) -> None:
    bench.submit()
    shutdown = threading.Event()
    with lease_of(bench, bench.claim(), shutdown) as lease:
        lease.check()
        shutdown.set()
        with pytest.raises(Paused):
            lease.check()


def test_work_that_takes_too_long_fails_by_name(bench: Bench) -> None:
    bench.submit()
    times = LeaseTimes(60.0, HEARTBEAT_S, limit_s=0.0)
    with stored_lease(bench.service.store, bench.claim(), times, threading.Event()) as lease:
        error = wait_for(lambda: raised_by(lease.check), "the end of its time")
    assert isinstance(error, PermanentError)
    assert error.problem == "time-limit"


def test_it_is_renewed_beside_a_main_thread_that_computes_without_pause(bench: Bench) -> None:
    """Training, export and data loading keep the interpreter busy for long; the heartbeat must get its turn."""
    bench.submit()
    item = bench.claim()
    with lease_of(bench, item):
        first = expires_at_s(bench, item)
        for _ in range(2000):
            sum(range(20_000))
            if expires_at_s(bench, item) > first:
                break
    assert expires_at_s(bench, item) > first
