"""The control loop advances what asks for it, sweeps, and lets no single search stop the others."""

import threading
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from benchmarks.no_op_workers import claim, finish
from nas_service.domain.errors import PermanentError
from nas_service.domain.states import SearchStatus, WorkStatus
from nas_service.store.tables import artifacts
from nas_service.use_cases import work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.ports import Memories, Store
from tests.support.checkpoints import checkpoint_path
from tests.support.waiting import wait_for
from tests.unit.workers.conftest import Bench
from workers import control
from workers.control import ControlLoop


def status(bench: Bench, search_id: str) -> SearchStatus:
    with bench.service.store.read() as uow:
        return uow.searches.get(search_id).status


def test_a_search_runs_to_its_end_by_steps_alone(bench: Bench) -> None:
    loop = ControlLoop(bench.service)
    search = bench.submit()
    for _ in range(100):
        loop.step()
        item = claim(bench.service.store)
        if item is not None:
            finish(bench.service.store, item)
        if status(bench, search.id) is SearchStatus.SUCCEEDED:
            break
    assert status(bench, search.id) is SearchStatus.SUCCEEDED


def test_a_new_control_process_takes_up_what_the_last_one_had_in_hand(bench: Bench) -> None:
    """A search that was woken, and whose advance died with its process, asks for nothing any more."""
    search = bench.submit()
    finish(bench.service.store, bench.claim())
    with bench.service.store.write() as uow:
        assert search.id in uow.searches.take_woken(100)
    ControlLoop(bench.service).step()
    assert claim(bench.service.store) is not None


def test_it_sweeps_leases_and_needless_checkpoints(bench: Bench) -> None:
    bench.submit()
    item = bench.claim(lease_s=-1.0)
    needless = checkpoint_path(bench.service.settings.home, "work-0123456789ab")
    needless.write_bytes(b"weights")
    ControlLoop(bench.service).step()
    assert bench.item(item).status is WorkStatus.QUEUED
    assert not needless.exists()


def test_trouble_with_one_search_does_not_stop_the_others(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = bench.submit(), bench.submit(seed=1)
    for _ in range(2):
        finish(bench.service.store, bench.claim())

    def advance_but_for_one(store: Store, memories: Memories, search_id: str) -> None:
        if search_id == bad.id:
            raise ZeroDivisionError("a bug")
        advance(store, memories, search_id)

    monkeypatch.setattr(control, "advance", advance_but_for_one)
    ControlLoop(bench.service).step()
    item = bench.claim()
    assert item.search_id == good.id


def test_a_search_that_cannot_go_on_is_failed_by_name(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    search = bench.submit()

    def advance_never(store: Store, memories: Memories, search_id: str) -> None:
        raise PermanentError("study-space-changed", "submit it anew")

    monkeypatch.setattr(control, "advance", advance_never)
    ControlLoop(bench.service).step()
    assert status(bench, search.id) is SearchStatus.FAILED


def test_a_database_that_is_away_for_a_while_is_waited_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    away = iter([True, True])

    def advance_when_back(store: Store, memories: Memories, search_id: str) -> None:
        if next(away, False):
            raise OperationalError("BEGIN IMMEDIATE", {}, Exception("database is locked"))
        advance(store, memories, search_id)

    monkeypatch.setattr(control, "advance", advance_when_back)
    monkeypatch.setattr(control, "SWEEP_S", 0.0)
    bench.submit()
    finish(bench.service.store, bench.claim())
    loop = ControlLoop(bench.service)
    thread = threading.Thread(target=loop.run)
    thread.start()
    item = wait_for(lambda: claim(bench.service.store), "work after the database is back")
    work.give_back(bench.service.store, item)
    loop.shutdown.set()
    thread.join(timeout=30)
    assert not thread.is_alive()


def test_it_collects_what_nobody_needs_a_little_at_a_time(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "COLLECT_S", 0.0)
    monkeypatch.setattr(control, "SWEEP_S", 0.0)
    (tmp_path / "source").write_bytes(b"never used")
    bench.service.artifacts.put(tmp_path / "source", "text/plain")
    loop = ControlLoop(bench.service)
    loop.step()
    assert len(list(bench.service.files.list())) == 1, "it is young"
    with bench.service.store.write() as uow:
        uow.connection.execute(artifacts.update().values(touched_at_s=0.0))
    loop.step()
    assert list(bench.service.files.list()) == []
