"""The states of searches, candidates and work items, and the only function that moves between them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from nas_service.domain.errors import ConflictError


class SearchStatus(StrEnum):
    """Whether a search runs, and how it ended."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    CANCELLING = "CANCELLING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class SearchPhase(StrEnum):
    """What a search is busy with: its data set, its supernet if it has one, its candidates, or finishing its front."""

    PREPARE = "prepare"
    SUPERNET = "supernet"
    SEARCH = "search"
    FINALIZE = "finalize"


class CandidateStatus(StrEnum):
    """How far a candidate has come."""

    PROPOSED = "PROPOSED"
    EVALUATING = "EVALUATING"
    EVALUATED = "EVALUATED"
    PROFILING = "PROFILING"
    PAUSED = "PAUSED"
    """Trained to a rung, and perhaps to be trained further (`strategy.schedule: asha`)."""
    COMPLETED = "COMPLETED"
    PRUNED = "PRUNED"
    """Stopped at a rung for good: others were better."""
    INFEASIBLE = "INFEASIBLE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class WorkStatus(StrEnum):
    """Whether a work item waits, is held by a worker, or is over."""

    QUEUED = "QUEUED"
    LEASED = "LEASED"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


Status = TypeVar("Status", SearchStatus, CandidateStatus, WorkStatus)

_S, _C, _W = SearchStatus, CandidateStatus, WorkStatus

SEARCH_TRANSITIONS: Mapping[SearchStatus, frozenset[SearchStatus]] = {
    _S.QUEUED: frozenset({_S.RUNNING, _S.PAUSED, _S.CANCELLING, _S.FAILED}),
    _S.RUNNING: frozenset({_S.PAUSED, _S.CANCELLING, _S.SUCCEEDED, _S.FAILED}),
    _S.PAUSED: frozenset({_S.RUNNING, _S.CANCELLING, _S.FAILED}),
    _S.CANCELLING: frozenset({_S.CANCELLED}),
    _S.SUCCEEDED: frozenset(),
    _S.FAILED: frozenset(),
    _S.CANCELLED: frozenset(),
}

CANDIDATE_TRANSITIONS: Mapping[CandidateStatus, frozenset[CandidateStatus]] = {
    _C.PROPOSED: frozenset({_C.EVALUATING, _C.EVALUATED, _C.FAILED, _C.CANCELLED}),
    _C.EVALUATING: frozenset({_C.EVALUATED, _C.FAILED, _C.CANCELLED}),
    _C.EVALUATED: frozenset({_C.PROFILING, _C.PAUSED, _C.COMPLETED, _C.INFEASIBLE, _C.FAILED, _C.CANCELLED}),
    _C.PROFILING: frozenset({_C.PAUSED, _C.COMPLETED, _C.INFEASIBLE, _C.FAILED, _C.CANCELLED}),
    _C.PAUSED: frozenset({_C.EVALUATING, _C.EVALUATED, _C.PRUNED, _C.CANCELLED}),
    _C.COMPLETED: frozenset(),
    _C.PRUNED: frozenset(),
    _C.INFEASIBLE: frozenset(),
    _C.FAILED: frozenset(),
    _C.CANCELLED: frozenset(),
}

WORK_TRANSITIONS: Mapping[WorkStatus, frozenset[WorkStatus]] = {
    _W.QUEUED: frozenset({_W.LEASED, _W.CANCELLED}),
    _W.LEASED: frozenset({_W.QUEUED, _W.DONE, _W.FAILED, _W.CANCELLED}),
    _W.DONE: frozenset(),
    _W.FAILED: frozenset(),
    _W.CANCELLED: frozenset(),
}

TRANSITIONS: Mapping[type[StrEnum], Mapping[StrEnum, frozenset[StrEnum]]] = {
    SearchStatus: SEARCH_TRANSITIONS,  # type: ignore[dict-item]
    CandidateStatus: CANDIDATE_TRANSITIONS,  # type: ignore[dict-item]
    WorkStatus: WORK_TRANSITIONS,  # type: ignore[dict-item]
}


def is_over(status: SearchStatus | CandidateStatus | WorkStatus) -> bool:
    """Whether no transition leads out of `status`."""
    return not TRANSITIONS[type(status)][status]


def move(current: Status, to: Status) -> Status:
    """The status after moving from `current` to `to`.

    Raises ConflictError where the transition table does not allow it.
    """
    if to not in TRANSITIONS[type(current)][current]:
        entity = type(current).__name__.removesuffix("Status").lower()
        allowed = ", ".join(sorted(TRANSITIONS[type(current)][current])) or "nothing: it is over"
        raise ConflictError("illegal-transition", f"a {entity} cannot go from {current} to {to} (allowed: {allowed})")
    return to


ACTIVE_CANDIDATES = tuple(s for s in CandidateStatus if not is_over(s))
"""Candidates that may still change."""

IN_FLIGHT = tuple(s for s in ACTIVE_CANDIDATES if s is not CandidateStatus.PAUSED)
"""Candidates that somebody works on, or is about to."""

LIVE_SEARCHES = tuple(s for s in SearchStatus if not is_over(s))
"""Searches that may still change."""
