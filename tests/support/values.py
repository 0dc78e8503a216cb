"""Searches, candidates and work items as tests store them: valid, and otherwise of no importance."""

from datetime import UTC, datetime

from nas_service.domain.entities import Candidate, Search, WorkItem, WorkKind, new_id
from nas_service.domain.predictors import Origin, Predictor, Subject
from nas_service.domain.spec import DatasetSpec, SearchSpec, TargetSpec
from nas_service.domain.states import CandidateStatus, SearchPhase, SearchStatus, WorkStatus
from nas_service.domain.webhooks import Webhook

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def a_search(**changes: object) -> Search:
    """In its search phase."""
    search_id = new_id("search")
    fields = {
        "id": search_id,
        "name": "a search",
        "spec": SearchSpec(dataset=DatasetSpec(name="digits")),
        "status": SearchStatus.RUNNING,
        "phase": SearchPhase.SEARCH,
        "version": 0,
        "candidate_count": 0,
        "study_name": search_id,
        "active_s": 0.0,
        "active_since": NOW,
        "created_at": NOW,
    }
    return Search(**fields | changes)  # type: ignore[arg-type]


def a_candidate(search: Search, number: int = 0, **changes: object) -> Candidate:
    """Number `number` of a search, being evaluated."""
    fields = {
        "id": new_id("candidate"),
        "search_id": search.id,
        "number": number,
        "status": CandidateStatus.EVALUATING,
        "architecture_key": f"key-{number}",
        "architecture": {"kernel": 3},
        "trial_id": number,
        "metrics": {"macs": 12.0},
        "proposed_at": NOW,
    }
    return Candidate(**fields | changes)  # type: ignore[arg-type]


def an_item(search: Search, **changes: object) -> WorkItem:
    """Queued for training."""
    fields = {
        "id": new_id("work"),
        "search_id": search.id,
        "candidate_id": None,
        "kind": WorkKind.PREPARE,
        "queue": "train",
        "payload": {},
        "status": WorkStatus.QUEUED,
        "attempt": 0,
        "max_attempts": 3,
        "token": 0,
    }
    return WorkItem(**fields | changes)  # type: ignore[arg-type]


PREDICTOR = Predictor(
    id="predictor-0",
    tenant="default",
    subject=Subject("mobilenet", "tiny", 1, 10, 8, 8),
    target=TargetSpec(),
    origin=Origin.IMPORTED,
    birthplace=None,
    measured_count=0,
    report={},
    created_at=NOW,
)
"""Of a published table."""

WEBHOOK = Webhook("webhook-0", "default", "https://example.org/hook", "whsec_AAAA", NOW)
"""Nobody listens there."""
