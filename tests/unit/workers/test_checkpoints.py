"""Checkpoints stay as long as somebody may take them up again, and no longer."""

from pathlib import Path

import pytest

from nas_service.domain.entities import Failure
from nas_service.domain.states import CandidateStatus
from nas_service.use_cases import control, work
from nas_service.use_cases.checkpoints import remove_needless
from nas_service.use_cases.ports import INCOMING
from tests.support.checkpoints import checkpoint_path
from tests.support.values import a_candidate
from tests.unit.workers.conftest import Bench


def write_checkpoint(bench: Bench, item_id: str) -> Path:
    path = checkpoint_path(bench.service.settings.home, item_id)
    path.write_bytes(b"weights")
    return path


def remove(bench: Bench) -> int:
    return remove_needless(bench.service.store, bench.service.checkpoints)


@pytest.mark.parametrize("state", ["leased", "queued", "paused"])
def test_a_checkpoint_of_open_work_stays(bench: Bench, state: str) -> None:
    search = bench.submit()
    item = bench.claim()
    path = write_checkpoint(bench, item.id)
    if state != "leased":
        work.give_back(bench.service.store, item)
    if state == "paused":
        control.pause(bench.service.store, search.id)
    assert remove(bench) == 0
    assert path.exists()


@pytest.mark.parametrize("end", ["done", "failed", "dropped"])
def test_a_checkpoint_goes_when_its_work_is_over(bench: Bench, end: str) -> None:
    bench.submit()
    item = bench.claim()
    path = write_checkpoint(bench, item.id)
    match end:
        case "done":
            work.complete(bench.service.store, item, {})
        case "failed":
            work.fail(bench.service.store, item, Failure("x", "y"), retry=False)
        case "dropped":
            work.drop(bench.service.store, item)
    assert remove(bench) == 1
    assert not path.exists()


def test_a_checkpoint_goes_when_its_search_is_cancelled_while_nobody_works_on_it(bench: Bench) -> None:
    search = bench.submit()
    item = bench.claim()
    path = write_checkpoint(bench, item.id)
    work.give_back(bench.service.store, item)
    control.cancel(bench.service.store, search.id)
    bench.advance(search)
    remove(bench)
    assert not path.exists()


def test_what_a_killed_worker_left_half_written_goes_with_the_checkpoint(bench: Bench) -> None:
    bench.submit()
    item = bench.claim()
    path = write_checkpoint(bench, item.id)
    unfinished = path.with_name(f"{INCOMING}{path.name}-4711")
    unfinished.write_bytes(b"wei")
    assert remove(bench) == 0
    work.complete(bench.service.store, item, {})
    assert remove(bench) == 2
    assert list(path.parent.iterdir()) == []


def test_a_checkpoint_of_a_deleted_search_goes(bench: Bench) -> None:
    path = write_checkpoint(bench, "work-0123456789ab")
    assert remove(bench) == 1
    assert not path.exists()


def test_a_home_without_checkpoints_is_fine(bench: Bench) -> None:
    assert remove(bench) == 0


def test_a_candidates_checkpoint_stays_while_it_rests_at_a_rung_and_goes_when_it_is_over(bench: Bench) -> None:
    search = bench.submit()
    resting = a_candidate(search, status=CandidateStatus.PAUSED)
    with bench.service.store.write() as uow:
        uow.candidates.add(resting)
    path = write_checkpoint(bench, resting.id)
    assert remove(bench) == 0
    with bench.service.store.write() as uow:
        uow.candidates.update(resting.id, status=CandidateStatus.PRUNED)
    assert remove(bench) == 1
    assert not path.exists()
