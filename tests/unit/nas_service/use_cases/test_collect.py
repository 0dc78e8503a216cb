"""After a search only its front keeps its files, unless the spec says otherwise; what is reused stays."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import select

from nas_service.artifacts import Files, open_files
from nas_service.domain.entities import Candidate, Search
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.store import tables
from nas_service.use_cases import control, queries
from nas_service.use_cases.collect import collect_all, plan
from nas_service.use_cases.standing import searched_front
from tests.unit.nas_service.use_cases.conftest import Bench

NOW_OLD_S = -1.0
"""A grace period that is over for what was stored just now."""
BUDGET = {"candidates": 12, "parallelism": 2}


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return open_files(str(tmp_path / "files"), "artifacts")


def collected(bench: Bench, files: Files) -> int:
    return collect_all(bench.store, files, NOW_OLD_S).files


def candidates(bench: Bench, search: Search) -> list[Candidate]:
    with bench.store.read() as uow:
        return list(uow.candidates.of(search.id, list(CandidateStatus)))


def with_model(bench: Bench, search: Search) -> set[str]:
    """Candidates whose model is still stored."""
    with bench.store.read() as uow:
        return {c.id for c in candidates(bench, search) if "model.onnx" in uow.evidence.artifacts_of(c.id)}


def front(bench: Bench, search: Search) -> set[str]:
    with bench.store.read() as uow:
        return {member.candidate.id for member in queries.front(uow, search.id).members}


def finished(bench: Bench, **parts: object) -> Search:
    search = bench.submit(budget=BUDGET, **parts)
    assert bench.run(search).search.status is SearchStatus.SUCCEEDED
    return search


def test_only_the_front_keeps_its_files(bench: Bench, files: Files) -> None:
    search = finished(bench)
    assert len(with_model(bench, search)) == 12
    assert collected(bench, files) > 0
    assert with_model(bench, search) == front(bench, search) != set()


def test_members_that_were_not_finalized_keep_theirs_too(bench: Bench, files: Files) -> None:
    search = finished(bench, finalize={"top_k": 1})
    collected(bench, files)
    with bench.store.read() as uow:
        completed = uow.candidates.completed(search.id)
    searched = {completed[i].id for i in searched_front(bench.search(search), completed)}
    assert front(bench, search) < with_model(bench, search) == searched


def test_a_spec_can_keep_them_all(bench: Bench, files: Files) -> None:
    search = finished(bench, finalize={"keep": "all"})
    assert collected(bench, files) == 0
    assert len(with_model(bench, search)) == 12


def test_a_search_that_is_not_over_keeps_everything(bench: Bench, files: Files) -> None:
    search = bench.submit(budget=BUDGET)
    bench.run(search)
    with bench.store.write() as uow:
        row = tables.searches.update().where(tables.searches.c.id == search.id)
        uow.connection.execute(row.values(status=SearchStatus.PAUSED, finished_at=None))
    assert collected(bench, files) == 0


def test_a_search_that_ended_a_moment_ago_keeps_everything(bench: Bench, files: Files) -> None:
    search = finished(bench)
    assert collect_all(bench.store, files, grace_s=3600).files == 0
    assert len(with_model(bench, search)) == 12


def test_deleting_a_search_lets_its_files_go(bench: Bench, files: Files) -> None:
    search = finished(bench, finalize={"keep": "all"})
    control.delete(bench.store, search.id)
    collected(bench, files)
    with bench.store.read() as uow:
        assert uow.connection.execute(select(tables.artifacts)).all() == []


def test_what_another_search_uses_stays(bench: Bench, files: Files) -> None:
    first, second = finished(bench), finished(bench, finalize={"keep": "all"})
    assert all(c.evaluation_reused for c in candidates(bench, second))
    assert collected(bench, files) == 0
    assert len(with_model(bench, first)) == 12
    control.delete(bench.store, second.id)
    assert collected(bench, files) > 0
    assert with_model(bench, first) == front(bench, first)


def test_a_plan_says_what_will_go_and_changes_nothing(bench: Bench, files: Files) -> None:
    finished(bench)
    gone = finished(bench, seed=1)
    control.delete(bench.store, gone.id)
    before = plan(bench.store, NOW_OLD_S)
    assert before.dominated.files > 0
    assert before.unreferenced.files > 0
    assert plan(bench.store, NOW_OLD_S) == before
    assert collected(bench, files) == before.dominated.files + before.unreferenced.files
    nothing = plan(bench.store, NOW_OLD_S)
    assert (nothing.dominated.files, nothing.unreferenced.files) == (0, 0)


def evaluated_items(bench: Bench, search: Search) -> Mapping[bool, int]:
    """Evaluations done for a search, for its front (True) and before."""
    with bench.store.read() as uow:
        items = [item for c in candidates(bench, search) for item in uow.work.of_candidate(c.id)]
    kinds = [bool(item.payload.get("final")) for item in items if item.kind == "evaluate"]
    return {final: kinds.count(final) for final in (False, True)}


def test_an_accuracy_is_reused_without_its_files_where_nothing_has_to_be_timed(bench: Bench, files: Files) -> None:
    first = finished(bench)
    collected(bench, files)
    second = finished(bench)
    assert [c.metrics for c in candidates(bench, second)] == [c.metrics for c in candidates(bench, first)]
    assert evaluated_items(bench, second)[False] == 0


def test_where_it_has_to_be_timed_it_is_trained_again(bench: Bench, files: Files) -> None:
    first = finished(bench)
    collected(bench, files)
    kept = len(with_model(bench, first))
    second = finished(bench, targets=[{"threads": 2}])
    assert evaluated_items(bench, second)[False] == 12 - kept
    assert len(with_model(bench, second)) == 12
    assert with_model(bench, first) == front(bench, first), "what the first search knows of itself stays as it was"


def test_a_member_whose_files_are_gone_is_trained_again_to_be_finalized(bench: Bench, files: Files) -> None:
    """Under other objectives, networks come to the front that were dominated before."""
    first = finished(bench)
    collected(bench, files)
    second = finished(bench, objectives=[{"metric": "accuracy", "goal": "minimize"}, {"metric": "macs"}])
    new = {c.architecture_key for c in candidates(bench, second) if c.id in front(bench, second)}
    old = {c.architecture_key for c in candidates(bench, first) if c.id in with_model(bench, first)}
    assert new - old, "the test needs one"
    assert evaluated_items(bench, second) == {False: 0, True: len(new - old)}
    collected(bench, files)
    assert with_model(bench, second) >= front(bench, second), "beside the first search's front"
