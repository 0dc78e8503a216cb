"""The read side: what people and clients want to see, computed on read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from nas_service.domain.entities import (
    WEIGHTS_FILE,
    Artifact,
    Candidate,
    Evaluation,
    Measurement,
    Search,
    WorkItem,
)
from nas_service.domain.executed import precision_of
from nas_service.domain.formats import ModelFormat
from nas_service.domain.states import CandidateStatus, is_over
from nas_service.domain.told import told
from nas_service.use_cases.front import FrontView, front
from nas_service.use_cases.ports import UnitOfWork
from nas_service.use_cases.standing import StandingOf, standing
from search_spaces.deployment import PRECISION

__all__ = ["CandidateView", "FrontView", "StatusView", "candidate", "files_collected", "front", "status"]


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
    files_collected: bool
    """Whether its weights and model were deleted after its search."""
    work: Sequence[WorkItem]
    children: Sequence[Candidate] = ()
    """What it was compressed to, by number."""


def status(uow: UnitOfWork, search_id: str, standing_of: StandingOf = standing) -> StatusView:
    """How the search is doing. Raises NotFoundError."""
    search = uow.searches.get(search_id)
    running = (datetime.now(UTC) - search.active_since).total_seconds() if search.active_since else 0.0
    found = standing_of(uow, search)
    return StatusView(
        search=search,
        counts=found.counts,
        reused_count=found.reused_count,
        best_accuracy=found.best_accuracy,
        front_size=len(found.member_ids),
        hypervolume_ratio=found.extent.hypervolume_ratio,
        active_s=search.active_s + running,
        running=[item for item in uow.work.open(search_id) if not is_over(item.status)],
    )


def candidate(uow: UnitOfWork, candidate_id: str) -> CandidateView:
    """Everything known of one candidate. Raises NotFoundError."""
    found = uow.candidates.get(candidate_id)
    evaluation = uow.evidence.evaluation(found.evaluation_id) if found.evaluation_id else None
    artifacts = uow.evidence.artifacts_of(candidate_id)
    evaluations = [evaluation] if evaluation else []
    evaluations += [uow.evidence.evaluation(rung.evaluation_id) for rung in found.rungs[:1]]
    if found.final and "evaluation_id" in found.final:
        evaluations.append(uow.evidence.evaluation(found.final["evaluation_id"]))
    models = {export.sha256 for known in evaluations for export in known.exports}
    search = uow.searches.get(found.search_id)
    return CandidateView(
        candidate=found,
        evaluation=evaluation,
        measurements=[
            told(search, measurement)
            for model in sorted(models)
            for measurement in measurements_of(uow, search, model)
            if _is_its_own(search, found, measurement)
        ],
        artifacts=artifacts,
        files_collected=files_collected(found, artifacts),
        work=uow.work.of_candidate(candidate_id),
        children=uow.candidates.children(candidate_id),
    )


def _is_its_own(search: Search, candidate: Candidate, measurement: Measurement) -> bool:
    """Whether it is not that of the same network at another precision, which is another candidate of the search."""
    if not search.spec.chooses_precision:
        return True
    return measurement.target.precision == (precision_of(candidate.architecture) or PRECISION.default)


def measurements_of(uow: UnitOfWork, search: Search, model_sha256: str) -> Sequence[Measurement]:
    """All of a file that count for this search, oldest first: of an imported one those that came with it."""
    if search.is_imported:
        return uow.evidence.imported_measurements(model_sha256, search.study_name)
    return uow.evidence.measurements_of(model_sha256, search.tenant)


def files_collected(candidate: Candidate, artifacts: Mapping[str, Artifact]) -> bool:
    """Whether the files of a candidate that was evaluated are kept no longer."""
    return candidate.evaluation_id is not None and ModelFormat.ONNX.file_name not in artifacts


def collected_files(uow: UnitOfWork, candidate: Candidate, artifacts: Mapping[str, Artifact]) -> frozenset[str]:
    """Names of the files that an evaluated candidate once had."""
    if candidate.evaluation_id is None or not files_collected(candidate, artifacts):
        return frozenset()
    exports = uow.evidence.evaluation(candidate.evaluation_id).exports
    return frozenset({WEIGHTS_FILE, *(export.format.file_name for export in exports)})
