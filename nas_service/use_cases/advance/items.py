"""What an ended work item is about."""

from nas_service.domain.entities import Candidate, WorkItem
from nas_service.domain.states import is_over
from nas_service.use_cases.advance.context import Context


def live_candidate(context: Context, item: WorkItem) -> Candidate | None:
    """The item's candidate, unless it has ended meanwhile (a finalized one has, and goes on being measured)."""
    candidate = context.uow.candidates.get(str(item.candidate_id))
    return candidate if is_final(item) or not is_over(candidate.status) else None


def is_remeasured(item: WorkItem) -> bool:
    return bool(item.payload.get("remeasure", False))


def is_final(item: WorkItem) -> bool:
    return bool(item.payload.get("final", False))


def keep_final(context: Context, candidate: Candidate, **facts: object) -> None:
    """Add to what is known of a finalized candidate. The evaluation it is finalized with keeps its files for it."""
    final = (context.uow.candidates.get(candidate.id).final or {}) | facts
    context.uow.candidates.update(candidate.id, final=final, final_evaluation_id=final.get("evaluation_id"))
