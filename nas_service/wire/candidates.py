"""Candidates, fronts and downloads on the wire."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from nas_service.domain.formats import ModelFormat, PrecisionName
from nas_service.domain.spec import Across, Goal, Metric, RecipeEntry, TargetSpec
from nas_service.domain.states import CandidateStatus
from nas_service.wire.base import Document
from nas_service.wire.searches import FailureInfo, WorkInfo


class RungInfo(Document):
    """What a candidate reached at a rung of `strategy.schedule: asha`."""

    epochs: int
    accuracy: float
    """On the validation split, after so many epochs."""


class ComparedInfo(Document):
    """A number of a child beside its parent's."""

    parent: float
    child: float


class LineageInfo(Document):
    """A compressed candidate beside the one that it was made of, by the numbers of the finished files."""

    parent_id: str
    parent_number: int
    recipe: tuple[RecipeEntry, ...]
    helps: bool
    """Whether it is better than its parent by any objective, beyond noise; otherwise the parent is kept alone."""
    reason: str
    comparison: dict[str, ComparedInfo] = Field(
        examples=[{"latency_ms@0": {"parent": 0.21, "child": 0.09}, "size_bytes": {"parent": 52000, "child": 14100}}]
    )
    """By metric key; `test_accuracy` and `model_file_bytes` are of the file that is deployed."""


class ChildInfo(Document):
    """A candidate that was compressed from another."""

    id: str
    number: int
    status: CandidateStatus
    recipe: tuple[RecipeEntry, ...]
    lineage: LineageInfo | None
    """Once it is finished."""


class CandidateSummary(Document):
    """A candidate as it stands in lists."""

    id: str = Field(examples=["candidate-3f2a9c1b7d4e"])
    search_id: str
    number: int
    """From 0, in the order of proposal."""
    status: CandidateStatus
    architecture_key: str
    """Equal keys are equal networks."""
    architecture: dict[str, Any]
    """The canonical choice values."""
    precision: PrecisionName | None = None
    """At which targets execute it: what its recipe gives, or else its architecture says; None: at their own."""
    metrics: dict[str, float] = Field(examples=[{"accuracy": 0.975, "macs": 512000, "latency_ms@0": 0.21}])
    """By metric key; `@0` names the target, an index into the spec's `targets`. Latencies are measured. `accuracy`
    is the trained network's, `accuracy@0` that of the file which target 0 executes."""
    rungs: tuple[RungInfo, ...] = ()
    """Those it has reached, from the first on: `metrics` has the accuracy of the last. None with schedule `full`."""
    violations: dict[str, float]
    """By how much constraints are broken, in the metric's unit; empty where feasible."""
    evaluation_reused: bool
    """Whether the accuracy was already known from an equal evaluation."""
    parent_id: str | None = None
    """The finalized candidate that it was compressed from. Its architecture is that one's, its network is not."""
    recipe: tuple[RecipeEntry, ...] = ()
    """The compression steps that made it of its parent."""
    proposed_at: datetime
    finished_at: datetime | None
    failure: FailureInfo | None


class ExportInfo(Document):
    """A trained network in one format."""

    format: ModelFormat
    sha256: str
    size_bytes: int
    max_abs_error: float | None
    """Largest difference of its logits from the torch network's, on real images."""
    validation_accuracy: float | None
    """Of the file itself; None where it was written before files were tried themselves."""


class EvaluationInfo(Document):
    """An accuracy and what it cost."""

    id: str
    accuracy: float
    """Of the trained network in fp32, on the validation split."""
    fidelity: dict[str, Any]
    """Epochs, data, splits, seed and evaluator: what the accuracy is worth."""
    result: dict[str, Any]
    """Loss, learning curve, duration, device and precision."""
    exports: tuple[ExportInfo, ...]
    """The files written of it."""
    created_at: datetime


class HistogramInfo(Document):
    """Samples in bins of equal width, up to where the usual ends (Tukey's outer fence)."""

    edges_ms: tuple[float, ...]
    """One more than there are counts."""
    counts: tuple[int, ...]
    slower_count: int
    """Samples beyond the last edge."""


class MeasurementInfo(Document):
    """A latency as a distribution with a birthplace."""

    id: str
    target: TargetSpec
    device_id: str
    median_ms: float
    """While nothing disturbs the device (`result.baseline`); `result.timed_median_ms` is as it was taken."""
    peak_memory_mib: float | None
    noisy: bool
    """Whether it missed the precision asked for."""
    result: dict[str, Any]
    """Quantiles, confidence interval, samples and birthplace."""
    histogram: HistogramInfo | None
    """Of the samples, as they were taken; None where they are not kept."""
    created_at: datetime


class ArtifactInfo(Document):
    """A file of a candidate."""

    name: str = Field(examples=["model.onnx"])
    sha256: str
    """Of the content; also its ETag."""
    size_bytes: int
    media_type: str


class CandidateDetail(CandidateSummary):
    """A candidate with its evidence and files."""

    evaluation: EvaluationInfo | None
    measurements: tuple[MeasurementInfo, ...]
    artifacts: tuple[ArtifactInfo, ...]
    files_collected: bool
    """Whether its weights and model were deleted after the search, as `finalize.keep` says."""
    work: tuple[WorkInfo, ...]
    """All work on it, oldest first."""
    final: dict[str, Any] | None
    """Once finalized: test accuracy, latencies measured again, and the bundle."""
    lineage: LineageInfo | None = None
    """Of a finished child, how it compares with its parent."""
    children: tuple[ChildInfo, ...] = ()
    """What it was compressed to."""


class CandidatePage(Document):
    """Candidates by number."""

    items: tuple[CandidateSummary, ...]
    next_cursor: str | None
    """Pass it as `cursor` for the next page; None on the last."""


class AxisInfo(Document):
    """One axis of a front."""

    key: str = Field(examples=["latency_ms@0"])
    """The metric key under which each member's `metrics` holds the value."""
    metric: Metric
    goal: Goal
    target: int | None
    across: Across | None
    weights: tuple[float, ...] | None
    relative_to: tuple[float, ...] | None


class FrontMember(Document):
    """A feasible candidate, where it stands, and how sure that is."""

    values: tuple[float, ...]
    """Its place, in axis order."""
    intervals: tuple[tuple[float, float] | None, ...]
    """Of each value the 95 % confidence interval; None where it is exact, or its error is not known."""
    metrics: dict[str, float]
    """The numbers that this front is made of: see `figures`."""
    probability: float
    """That it is on the front, if every error is independent of the others: by simulation, standard error 1.6 %."""
    certain: bool
    """Whether no other candidate can dominate it, wherever in their intervals both may lie."""
    rivals: tuple[str, ...]
    """Ids of candidates that may dominate it within noise, the likeliest members of the front first; at most 20."""
    candidate: CandidateSummary


class FrontInfo(Document):
    """The front so far, computed when asked."""

    search_id: str
    axes: tuple[AxisInfo, ...]
    figures: Literal["search", "final"]
    """`search`: all numbers are those that the search goes by. `final`, once it has succeeded: they are those of the
    finished files (validation accuracy of the exported file, latency measured again), and only finalized candidates
    are on the front."""
    members: tuple[FrontMember, ...]
    """From the first axis's best to its worst."""
    near: tuple[FrontMember, ...]
    """Dominated by the values, but none of these dominations is certain; by probability, at most 50."""
    near_count: int
    dominated: tuple[FrontMember, ...]
    """Finalized, and dominated by the final numbers for certain; their bundles are kept."""
    reference: tuple[float, ...] | None
    """The worst value of each axis among completed candidates, widened by a tenth of its range."""
    hypervolume: float
    """What the members dominate up to `reference`, in the product of the axes' units."""
    hypervolume_ratio: float
    """The same as a share of the box between `reference` and the best value of each axis."""
