"""The read side: what people and clients want to see, computed on read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import prod

from nas_service.domain.entities import Artifact, Candidate, Evaluation, Measurement, Search, WorkItem
from nas_service.domain.front import Point, hypervolume, non_dominated, reference_point
from nas_service.domain.metrics import metric_key, objective_values
from nas_service.domain.spec import Metric
from nas_service.domain.states import CandidateStatus, is_over
from nas_service.use_cases.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class FrontView:
    """The non-dominated feasible candidates of a search, from the first objective's best to its worst."""

    search: Search
    keys: tuple[str, ...]
    """Metric keys of the objectives, such as `accuracy` and `latency_ms@0`."""
    members: tuple[Candidate, ...]
    points: tuple[Point, ...]
    """Objective values of the members, in the order of `keys`."""
    reference: Point | None
    """The worst value of each objective among completed candidates, widened by a tenth of its range."""
    hypervolume: float
    """What the members dominate up to `reference`, in the product of the objectives' units."""
    hypervolume_ratio: float
    """The same as a share of the box between `reference` and the best value of each objective."""


@dataclass(frozen=True, slots=True)
class StatusView:
    """How a search is doing."""

    search: Search
    counts: Mapping[CandidateStatus, int]
    reused_count: int
    best_accuracy: float | None
    front_size: int
    hypervolume_ratio: float
    active_s: float
    """Seconds spent in the search phase so far, pauses excluded."""
    running: Sequence[WorkItem]
    """Work items that wait or are being worked on, with their progress."""


@dataclass(frozen=True, slots=True)
class CandidateView:
    """Everything known of one candidate."""

    candidate: Candidate
    evaluation: Evaluation | None
    measurements: Sequence[Measurement]
    artifacts: Mapping[str, Artifact]
    work: Sequence[WorkItem]


def front(uow: UnitOfWork, search_id: str) -> FrontView:
    """The front so far. Raises NotFoundError."""
    search = uow.searches.get(search_id)
    return front_of(search, uow.candidates.of(search_id, [CandidateStatus.COMPLETED]))


def front_of(search: Search, completed: Sequence[Candidate]) -> FrontView:
    """The front of completed, feasible candidates."""
    objectives = search.spec.objectives
    maximize = [o.maximize for o in objectives]
    points = [objective_values(objectives, c.metrics) for c in completed]
    chosen = sorted(non_dominated(points, maximize), key=lambda i: points[i], reverse=maximize[0])
    members, members_points = [completed[i] for i in chosen], [points[i] for i in chosen]
    reference = reference_point(points, maximize) if points else None
    volume = hypervolume(members_points, reference, maximize) if reference else 0.0
    box = 0.0
    if reference:
        best = [max(c) if up else min(c) for c, up in zip(zip(*points, strict=True), maximize, strict=True)]
        box = prod(abs(b - r) for b, r in zip(best, reference, strict=True))
    return FrontView(
        search=search,
        keys=tuple(metric_key(o.metric, o.target) for o in objectives),
        members=tuple(members),
        points=tuple(members_points),
        reference=reference,
        hypervolume=volume,
        hypervolume_ratio=volume / box if box > 0 else 0.0,
    )


def status(uow: UnitOfWork, search_id: str) -> StatusView:
    """How the search is doing. Raises NotFoundError."""
    search = uow.searches.get(search_id)
    completed = uow.candidates.of(search_id, [CandidateStatus.COMPLETED])
    view = front_of(search, completed)
    running = (datetime.now(UTC) - search.active_since).total_seconds() if search.active_since else 0.0
    return StatusView(
        search=search,
        counts=uow.candidates.counts(search_id),
        reused_count=sum(c.evaluation_reused for c in completed),
        best_accuracy=max((c.metrics[Metric.ACCURACY.value] for c in completed), default=None),
        front_size=len(view.members),
        hypervolume_ratio=view.hypervolume_ratio,
        active_s=search.active_s + running,
        running=[item for item in uow.work.open(search_id) if not is_over(item.status)],
    )


def candidate(uow: UnitOfWork, candidate_id: str) -> CandidateView:
    """Everything known of one candidate. Raises NotFoundError."""
    found = uow.candidates.get(candidate_id)
    evaluation = uow.evidence.evaluation(found.evaluation_id) if found.evaluation_id else None
    models = {evaluation.result["model_sha256"]} if evaluation else set()
    if found.final and "evaluation_id" in found.final:
        models.add(uow.evidence.evaluation(found.final["evaluation_id"]).result["model_sha256"])
    tenant = uow.searches.get(found.search_id).tenant
    return CandidateView(
        candidate=found,
        evaluation=evaluation,
        measurements=[m for model in sorted(models) for m in uow.evidence.measurements_of(model, tenant)],
        artifacts=uow.evidence.artifacts_of(candidate_id),
        work=uow.work.of_candidate(candidate_id),
    )
