"""The books of a search that is over: everything there once, nothing left open, all tellers agree."""

from collections.abc import Sequence

import optuna

from nas_service.domain.entities import Candidate, WorkKind
from nas_service.domain.metrics import objective_values
from nas_service.domain.states import CandidateStatus, SearchStatus, is_over
from nas_service.use_cases import queries
from tests.support.service import RunningService


def check_accounts(service: RunningService, search_id: str, candidate_count: int) -> None:
    """Every candidate is accounted for exactly once: rows, work, events, evidence and the Optuna study agree."""
    with service.store.read() as uow:
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
    assert all(is_over(item.status) for item in items)
    for candidate in candidates:
        kinds = [(i.kind, i.payload.get("final", False)) for i in items if i.candidate_id == candidate.id]
        assert kinds.count((WorkKind.EVALUATE, False)) == 1
        assert kinds.count((WorkKind.FINALIZE, False)) == (candidate in front.members)
        own = [e.payload for e in events if e.payload.get("number") == candidate.number]
        told = [payload["status"] for payload in own if "status" in payload]
        assert len(told) == len(set(told)), f"candidate {candidate.number} went twice through a state: {told}"
        assert told[-1] == candidate.status
    assert [e.id for e in events] == sorted({e.id for e in events})
    assert events[-1].payload["status"] == "SUCCEEDED"
    _check_study(service, candidates, front)


def _check_study(service: RunningService, candidates: Sequence[Candidate], front: queries.FrontView) -> None:
    study = optuna.load_study(study_name=front.search.study_name, storage=service.database_url)
    assert [t.number for t in study.trials] == [c.number for c in candidates]
    for trial, candidate in zip(study.trials, candidates, strict=True):
        assert trial._trial_id == candidate.trial_id
        assert trial.user_attrs["architecture_key"] == candidate.architecture_key
        assert trial.user_attrs["status"] == candidate.status
        if candidate.status is CandidateStatus.COMPLETED:
            assert tuple(trial.values) == objective_values(front.search.spec.objectives, candidate.metrics)
    assert {t.number for t in study.best_trials} == {member.number for member in front.members}
