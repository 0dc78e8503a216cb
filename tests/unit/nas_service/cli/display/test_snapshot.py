"""What follows from one look at a search."""

import pytest

from nas_service.cli.display.snapshot import progress_of, remaining_s
from nas_service.domain.spec import BudgetSpec
from nas_service.domain.states import SearchPhase, SearchStatus, WorkStatus
from tests.unit.nas_service.cli.documents import SPEC, candidate, snapshot, work


def budget(**values: float) -> dict[str, object]:
    return {"spec": SPEC.model_copy(update={"budget": BudgetSpec.model_validate(values)})}


def test_candidates_are_done_however_they_ended() -> None:
    assert snapshot().done_count == 14


def test_time_left_goes_by_the_pace_so_far() -> None:
    assert remaining_s(snapshot()) == pytest.approx(10 * 84 / 14)


def test_time_left_is_what_the_nearer_budget_leaves() -> None:
    assert remaining_s(snapshot(**budget(candidates=24, minutes=2))) == pytest.approx(36)
    assert remaining_s(snapshot(**budget(candidates=24, minutes=60))) == pytest.approx(60)
    assert remaining_s(snapshot(**budget(minutes=1))) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"phase": SearchPhase.PREPARE},
        {"phase": SearchPhase.FINALIZE},
        {"status": SearchStatus.PAUSED},
        {"candidates": {}},
    ],
)
def test_time_left_is_not_guessed(changes: dict[str, object]) -> None:
    assert remaining_s(snapshot(**changes)) is None


@pytest.mark.parametrize(
    ("progress", "share"),
    [
        (None, None),
        ({}, None),
        ({"step": 3}, None),
        ({"step": 3, "total_steps": 12}, 0.25),
        ({"step": 9, "total_steps": 0}, None),
    ],
)
def test_a_training_is_as_far_as_its_worker_said(progress: dict[str, int] | None, share: float | None) -> None:
    assert progress_of(work(0, progress)) == share


def test_only_work_that_somebody_holds_is_running() -> None:
    seen = snapshot(work=(work(0), work(1, status=WorkStatus.QUEUED)))
    assert [item.id for item in seen.running] == ["work-0"]


def test_the_cloud_is_what_is_complete_and_not_on_the_front() -> None:
    seen = snapshot(candidate(0, 0.9), candidate(1))
    assert seen.cloud == []
    with_more = type(seen)(seen.search, {**seen.candidates, "candidate-2": candidate(2, 0.5)}, seen.front, seen.at)
    assert [c.number for c in with_more.cloud] == [2]
