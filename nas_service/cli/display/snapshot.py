"""What one look at a search shows, and what follows from it: how much is done, and how long it may still take."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from nas_service.domain.states import CandidateStatus, SearchPhase, SearchStatus, WorkStatus, is_over
from nas_service.wire.candidates import CandidateSummary, FrontInfo
from nas_service.wire.searches import SearchDetail, WorkInfo


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A search, its candidates by id and its front, all as of `at` (UTC)."""

    search: SearchDetail
    candidates: Mapping[str, CandidateSummary]
    front: FrontInfo | None
    at: datetime

    @property
    def done_count(self) -> int:
        """Candidates that have ended, however they ended."""
        return sum(count for status, count in self.search.candidates.items() if is_over(status))

    @property
    def elapsed_s(self) -> float:
        """Wall time since the search began; 0 before."""
        if self.search.started_at is None:
            return 0.0
        return ((self.search.finished_at or self.at) - self.search.started_at).total_seconds()

    @property
    def running(self) -> tuple[WorkInfo, ...]:
        """Work that a worker is busy with."""
        return tuple(work for work in self.search.work if work.status is WorkStatus.LEASED)

    @property
    def cloud(self) -> list[CandidateSummary]:
        """Completed candidates that are not on the front."""
        members = {member.candidate.id for member in self.front.members} if self.front else set()
        return [c for c in self.candidates.values() if c.status is CandidateStatus.COMPLETED and c.id not in members]

    def count(self, status: CandidateStatus) -> int:
        """Candidates in this status."""
        return self.search.candidates.get(status, 0)


def remaining_s(snapshot: Snapshot) -> float | None:
    """Seconds until the search phase's budget is spent, at the pace so far; None while nothing can be said."""
    search, estimates = snapshot.search, []
    if search.status is not SearchStatus.RUNNING or search.phase is not SearchPhase.SEARCH:
        return None
    if search.minutes_budget is not None:
        estimates.append(search.minutes_budget * 60 - search.active_s)
    if search.candidate_budget is not None and snapshot.done_count:
        left = search.candidate_budget - snapshot.done_count
        estimates.append(left * search.active_s / snapshot.done_count)
    return max(0.0, min(estimates)) if estimates else None


def progress_of(work: WorkInfo) -> float | None:
    """Share of a running training that is done; None where its worker has not said."""
    said = work.progress or {}
    step, total = said.get("step"), said.get("total_steps")
    if not isinstance(step, int) or not isinstance(total, int) or total <= 0:
        return None
    return min(1.0, step / total)
