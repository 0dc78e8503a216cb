"""What one call of `advance` works with, and the small moves that its parts share."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from nas_service import tracing
from nas_service.domain.entities import Candidate, Failure, JsonDict, Search, WorkItem, WorkKind, new_id
from nas_service.domain.metrics import accuracy_key, objective_values, violations
from nas_service.domain.outcome import Outcome, OutcomeState
from nas_service.domain.states import (
    ACTIVE_CANDIDATES,
    CandidateStatus,
    SearchPhase,
    SearchStatus,
    WorkStatus,
    is_over,
    move,
)
from nas_service.use_cases.advance.think import Thoughts
from nas_service.use_cases.control import set_status
from nas_service.use_cases.ports import Memories, SearchMemory, UnitOfWork
from nas_service.use_cases.tallies import Tally

MAX_ATTEMPTS = 5
"""Times a work item is started before it fails for good."""

_JUDGED = {CandidateStatus.PAUSED, CandidateStatus.COMPLETED, CandidateStatus.PRUNED, CandidateStatus.INFEASIBLE}


@dataclass(slots=True)
class Context:
    """A locked search, its transaction, and the memories of samplers."""

    uow: UnitOfWork
    memories: Memories
    search: Search
    thoughts: Thoughts
    _memory: SearchMemory | None = None

    @property
    def memory(self) -> SearchMemory:
        """The sampler's memory of this search, brought up to date once a transaction."""
        if self._memory is None:
            self._memory = self.memories.of(self.uow, self.search)
        return self._memory

    def ask_the_sampler(self, count: int) -> None:
        """Have `count` proposals thought of once this transaction has ended, by a memory of what it saw."""
        self.thoughts.wanted, self.thoughts.memory = count, self.memory

    def change(self, **changes: Any) -> None:
        """Change the search, in the database and here; its version rises."""
        self.uow.searches.update(self.search.id, **changes)
        self.search = replace(self.search, version=self.search.version + 1, **changes)

    def set_status(self, status: SearchStatus, **changes: Any) -> None:
        """Move the search."""
        self.search = set_status(self.uow, self.search, status, **changes)

    def enqueue(
        self, kind: WorkKind, queue: str, candidate_id: str | None = None, payload: JsonDict | None = None
    ) -> None:
        """Store a work item; it is delivered after the commit."""
        self.uow.work.add(
            WorkItem(
                id=new_id("work"),
                search_id=self.search.id,
                candidate_id=candidate_id,
                kind=kind,
                queue=queue,
                payload=payload or {},
                status=WorkStatus.QUEUED,
                attempt=0,
                max_attempts=MAX_ATTEMPTS,
                token=0,
                traceparent=tracing.traceparent(),
            )
        )

    def enter(self, phase: SearchPhase, **changes: Any) -> None:
        """Begin a phase. The search's clock runs in the search phase only, and not while paused."""
        now = datetime.now(UTC)
        if self.search.active_since is not None:
            changes |= {"active_s": self.search.active_s + (now - self.search.active_since).total_seconds()}
        runs = phase is SearchPhase.SEARCH and self.search.status is SearchStatus.RUNNING
        self.change(phase=phase, active_since=now if runs else None, **changes)
        self.uow.events.append(self.search.id, "search.phase", {"phase": phase})

    def end(self, status: SearchStatus, failure: Failure | None = None) -> None:
        """End the search, with everything of it that is still in flight, and forget its memory."""
        self.uow.work.cancel_queued(self.search.id)
        left = Failure("search-ended", f"the search was {status} before this candidate was done")
        for candidate in self.uow.candidates.of(self.search.id, ACTIVE_CANDIDATES):
            self.move_candidate(candidate, CandidateStatus.CANCELLED, failure=left)
        self.set_status(status, **({"failure": failure} if failure is not None else {}))
        self.memories.forget(self.search.id)

    def move_candidate(self, candidate: Candidate, to: CandidateStatus, **changes: Any) -> Candidate:
        """Move a candidate, and tell the sampler and the listeners where it ends, or has come to a rung."""
        if is_over(to):
            changes |= {"finished_at": datetime.now(UTC)}
        moved = replace(candidate, status=move(candidate.status, to), **changes)
        self.uow.candidates.update(candidate.id, status=moved.status, **changes)
        payload: JsonDict = {"candidate_id": moved.id, "number": moved.number, "status": to}
        if is_over(to) or to is CandidateStatus.PAUSED:
            payload |= {"metrics": moved.metrics, "violations": moved.violations}
            if moved.failure is not None:
                payload |= {"failure": moved.failure.to_json()}
            self._tell(moved)
        if is_over(to):
            self.uow.tallies.count(Tally.CANDIDATE_ENDED, to)
        self.uow.events.append(self.search.id, "candidate.status", payload)
        return moved

    def _tell(self, candidate: Candidate) -> None:
        if candidate.parent_id is not None:
            return  # no sampler has proposed it
        self.memory.tell(self.uow.connection, candidate.trial_id, outcome_of(self.search, candidate))


def outcome_of(search: Search, candidate: Candidate) -> Outcome:
    """What the sampler learns from a candidate that is over or at a rung.

    Of rungs it learns the first one's accuracy, from all candidates alike: it never compares trainings of different
    lengths, and need not wait until the search knows whom it trains further.
    """
    spec = search.spec
    attrs: JsonDict = {"status": candidate.status.value}
    if candidate.failure is not None:
        attrs |= {"failure": candidate.failure.detail}
    if not is_judged(candidate):
        return Outcome(OutcomeState.FAILED, user_attrs=attrs)
    metrics = candidate.metrics
    if candidate.rungs:
        attrs |= {f"accuracy after {rung.epochs} epochs": rung.accuracy for rung in candidate.rungs}
        metrics = metrics | {accuracy_key(spec): candidate.rungs[0].accuracy}
    return Outcome(
        OutcomeState.COMPLETE,
        values=objective_values(spec.objectives, metrics),
        constraints=violations(spec.constraints, metrics),
        user_attrs=attrs,
    )


def is_judged(candidate: Candidate) -> bool:
    """Whether all that it is judged by is known, at its first rung at least."""
    return candidate.status in _JUDGED or (candidate.status is CandidateStatus.EVALUATING and bool(candidate.rungs))
