"""The books of a search that is over: everything there once, nothing left open, all tellers agree."""

from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import NullPool

from nas_service.domain.entities import Candidate, Completed, Search, WorkItem, WorkKind
from nas_service.domain.metrics import objective_values, violations
from nas_service.domain.states import CandidateStatus, SearchStatus, WorkStatus, is_over
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases import queries
from nas_service.use_cases.space import space_of
from nas_service.use_cases.standing import searched_front

MEASURED = (CandidateStatus.COMPLETED, CandidateStatus.INFEASIBLE)


def check_accounts(store: SqlStore, search_id: str, candidate_count: int) -> list[WorkItem]:
    """Every candidate is accounted for exactly once: rows, work, events, evidence and the Optuna study agree.

    Returns the work items of all candidates.
    """
    with store.read() as uow:
        search = uow.searches.get(search_id)
        candidates = uow.candidates.of(search_id, list(CandidateStatus))
        items = [item for candidate in candidates for item in uow.work.of_candidate(candidate.id)]
        events = uow.events.since(search_id, 0, 100_000)
        front = queries.front(uow, search_id)
        leftover = uow.work.open(search_id)
    assert search.status is SearchStatus.SUCCEEDED, search.failure
    assert [c.number for c in candidates] == list(range(candidate_count)) == list(range(search.candidate_count))
    assert len({c.architecture_key for c in candidates}) == candidate_count
    assert all(is_over(c.status) for c in candidates)
    assert leftover == []
    for item in items:
        _check_item(item)
    for candidate in candidates:
        kinds = [(i.kind, i.payload.get("final", False)) for i in items if i.candidate_id == candidate.id]
        assert kinds.count((WorkKind.EVALUATE, False)) == 1
        assert kinds.count((WorkKind.FINALIZE, False)) == ("bundle" in (candidate.final or {})) or _has_failed(
            candidate
        )
        own = [e.payload for e in events if e.payload.get("number") == candidate.number]
        told = [payload["status"] for payload in own if "status" in payload]
        assert len(told) == len(set(told)), f"candidate {candidate.number} went twice through a state: {told}"
        assert told[-1] == candidate.status
    chosen = {c.id for c in candidates if c.final is not None}
    finished = {place.candidate.id for place in (*front.members, *front.near, *front.dominated)}
    assert finished == {c.id for c in candidates if "bundle" in (c.final or {})} <= chosen
    assert [e.id for e in events] == sorted({e.id for e in events})
    assert events[-1].payload["status"] == "SUCCEEDED"
    _check_study(store, candidates, front)
    return items


def _has_failed(candidate: Candidate) -> bool:
    """While it was finalized."""
    return "failure" in (candidate.final or {})


def _check_item(item: WorkItem) -> None:
    """It ended once, with what its end asks for. A lost worker is no excuse before every attempt was used up."""
    assert is_over(item.status)
    assert (item.result is not None) == (item.status is WorkStatus.DONE)
    assert (item.failure is not None) == (item.status is WorkStatus.FAILED)
    assert item.attempt <= item.max_attempts
    assert item.token >= item.attempt
    if item.failure is not None and item.failure.problem == "worker-lost":
        assert item.attempt == item.max_attempts


def _check_study(store: SqlStore, candidates: Sequence[Candidate], front: queries.FrontView) -> None:
    """As stock Optuna reads it."""
    url = store.engine.url.render_as_string(hide_password=False)
    storage = optuna.storages.RDBStorage(url, engine_kwargs={"poolclass": NullPool})
    study = optuna.load_study(study_name=front.search.study_name, storage=storage)
    assert [t.number for t in study.trials] == [c.number for c in candidates]
    for trial, candidate in zip(study.trials, candidates, strict=True):
        _check_trial(front.search, trial, candidate)
    if any(candidate.remeasured for candidate in candidates):
        return  # the study keeps the numbers that the search went by
    measured = [c for c in candidates if c.status in MEASURED]
    found = searched_front(front.search, [Completed(c.id, c.known, c.evaluation_reused) for c in measured])
    assert {t.number for t in study.best_trials} == {measured[i].number for i in found}


def _check_trial(search: Search, trial: FrozenTrial, candidate: Candidate) -> None:
    assert trial._trial_id == candidate.trial_id
    assert trial.user_attrs["architecture_key"] == candidate.architecture_key
    assert trial.user_attrs["status"] == candidate.status
    assert space_of(search).canonical(trial.params).key == candidate.architecture_key
    if candidate.status in MEASURED:
        assert trial.state is TrialState.COMPLETE
        if candidate.remeasured:
            return
        assert tuple(trial.values) == objective_values(search.spec.objectives, candidate.metrics)
        constraints = trial.system_attrs.get("constraints", [])
        assert tuple(constraints) == violations(search.spec.constraints, candidate.metrics)
    else:
        assert trial.state is (TrialState.PRUNED if candidate.status is CandidateStatus.PRUNED else TrialState.FAIL)
        assert trial.values is None
