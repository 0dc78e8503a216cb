"""The things the service remembers, as frozen values: searches, candidates, work, and the evidence about them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

from nas_service.domain.estimates import Estimates, Interval
from nas_service.domain.formats import ModelFormat
from nas_service.domain.spec import RecipeEntry, SearchSpec, TargetSpec
from nas_service.domain.states import CandidateStatus, SearchPhase, SearchStatus, WorkStatus

JsonDict = dict[str, Any]

DEFAULT_TENANT = "default"
"""Owns everything where nobody needs a key."""

IMPORTED = "imported:"
"""How the study name of an imported search begins. It has no study; and no tenant is called so."""

CANDIDATES = "candidate-"
"""How the id of a candidate begins."""


def new_id(prefix: str) -> str:
    """A fresh identifier such as `search-3f2a9c1b7d4e`."""
    return f"{prefix}-{uuid4().hex[:12]}"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something failed: a stable slug and a sentence with the mend."""

    problem: str
    detail: str

    def to_json(self) -> JsonDict:
        """As stored and served."""
        return {"problem": self.problem, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """What the search needs to know about its data set, found in the prepare phase."""

    fingerprint: str
    classes: tuple[str, ...]
    channels: int
    height: int
    width: int
    summary: JsonDict
    """Counts per split and class, mean and standard deviation: for people and model cards."""


@dataclass(frozen=True, slots=True)
class SpaceFacts:
    """The space as resolved for the data set: `preset: auto` has become a name."""

    name: str
    preset: str
    choices: dict[str, list[Any]]
    size: str
    """The exact number of distinct networks; a string, for it can exceed 64 bits."""


@dataclass(frozen=True, slots=True)
class SupernetFacts:
    """The shared weights of a search's candidates, and whether it relies on them."""

    sha256: str
    """Of the file that holds the weights."""
    epochs: int
    """Passes over the training data, of all its trainings."""
    duration_s: float
    """Of all its trainings."""
    curve: list[JsonDict]
    """One entry an epoch, with the accuracies of the largest and of the smallest network."""
    comparisons: list[JsonDict] = field(default_factory=list)
    """Architectures whose inherited accuracy was held against that of a training from scratch."""
    agreement: JsonDict | None = None
    """Kendall's tau of the two, with its interval, beside the tau of MACs; None where that could not be measured."""
    trusted: bool | None = None
    """Whether candidates inherit from it; None until that is decided."""
    reused: bool = False
    """Whether an earlier search has trained it."""


@dataclass(frozen=True, slots=True)
class Search:
    """One job."""

    id: str
    name: str
    spec: SearchSpec
    status: SearchStatus
    phase: SearchPhase
    version: int
    """Rises with every change; the ETag."""
    candidate_count: int
    """Candidates proposed so far; also the next candidate's number. Children are numbered behind the last."""
    study_name: str
    active_s: float
    """Time spent in the search phase, pauses excluded, up to `active_since`."""
    active_since: datetime | None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    stop_reason: str | None = None
    """Why the search phase ended: which budget, or that the space was exhausted."""
    failure: Failure | None = None
    dataset: DatasetFacts | None = None
    space: SpaceFacts | None = None
    supernet: SupernetFacts | None = None
    """Once it is trained or found, where the strategy asks for one."""
    idempotency_key: str | None = None
    tenant: str = DEFAULT_TENANT
    """Whose it is; nobody else sees it."""
    traceparent: str | None = None
    """Of the request that submitted it, where that was traced."""
    priority: int = 0
    """Among its tenant's searches the higher is served first."""
    baselines: JsonDict = field(default_factory=dict)
    """What all of its latencies are told in (`told`): by target and device the reference's latency in ms."""

    @property
    def is_imported(self) -> bool:
        """Whether it came in by a file: nothing that it says was seen by this service, and nothing of it is reused."""
        return self.study_name.startswith(IMPORTED)


@dataclass(frozen=True, slots=True)
class Rung:
    """What a candidate reached at one rung: its accuracy after that many epochs, by which evaluation."""

    epochs: int
    accuracy: float
    evaluation_id: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One architecture within one search, which is one Optuna trial; or its finished network compressed, a child."""

    id: str
    search_id: str
    number: int
    status: CandidateStatus
    architecture_key: str
    architecture: JsonDict
    """The canonical choice values."""
    trial_id: int
    """A child has its parent's."""
    metrics: dict[str, float]
    """By metric key: `accuracy`, `macs`, `latency_ms@0` (measured on target 0)."""
    proposed_at: datetime
    intervals: dict[str, Interval] = field(default_factory=dict)
    """By metric key the 95 % confidence interval, where the metric was measured."""
    finished_at: datetime | None = None
    evaluation_id: str | None = None
    evaluation_reused: bool = False
    failure: Failure | None = None
    violations: JsonDict = field(default_factory=dict)
    """Constraint to the amount by which it is broken; empty where feasible."""
    remeasured: dict[str, str | None] = field(default_factory=dict)
    """By target the measurement that was taken again because the front hung on it; None: it could not be."""
    final: JsonDict | None = None
    """Set when finalized: test accuracy, re-measured latencies, bundle."""
    rungs: tuple[Rung, ...] = ()
    """Those it has reached, from the first on; `metrics` has the accuracy of the last. None where all candidates are
    trained to the end at once."""
    parent_id: str | None = None
    """The finalized candidate that it was compressed from: its architecture is that one's, its network is not."""
    recipe: tuple[RecipeEntry, ...] = ()
    """The compression steps that made it of its parent, with all their options."""

    @property
    def known(self) -> Estimates:
        """Its metrics with their intervals."""
        return Estimates(self.metrics, self.intervals)


@dataclass(frozen=True, slots=True)
class Completed:
    """Of a completed candidate what its search's standing depends on."""

    id: str
    known: Estimates
    reused: bool
    """Whether its accuracy was already known from an equal evaluation."""
    final: JsonDict | None = None
    """As of the candidate."""
    parent_id: str | None = None
    """As of the candidate."""


@dataclass(frozen=True, slots=True)
class Runner:
    """Of a candidate that has reached a rung what successive halving asks about."""

    id: str
    status: CandidateStatus
    metrics: dict[str, float]
    rungs: tuple[Rung, ...]


class WorkKind(StrEnum):
    """What a worker is asked to do."""

    PREPARE = "prepare"
    SUPERNET = "supernet"
    COMPARE = "compare"
    EVALUATE = "evaluate"
    EXPORT = "export"
    """Write weights that are known in formats that another search had no use for."""
    PROFILE = "profile"
    FINALIZE = "finalize"
    COMPRESS = "compress"
    """Make a child of a finalized candidate, and evaluate it."""
    FIT = "fit"


TRAIN_QUEUE = "train"


PROFILE_QUEUES = "profile."


def profile_queue(device: str) -> str:
    """The queue that only workers on `device` serve."""
    return PROFILE_QUEUES + device


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A row of work: the database is the truth, whatever delivers it."""

    id: str
    search_id: str
    candidate_id: str | None
    kind: WorkKind
    queue: str
    payload: JsonDict
    status: WorkStatus
    attempt: int
    max_attempts: int
    token: int
    """Fencing token: rises with each lease, and only its newest holder may commit a result."""
    worker_id: str | None = None
    started_at: datetime | None = None
    """When its last lease began."""
    traceparent: str | None = None
    """Of the decision that it be done, where the search is traced."""
    progress: JsonDict | None = None
    result: JsonDict | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """A trained network written in one format, and what became of it there."""

    format: ModelFormat
    sha256: str
    size_bytes: int
    max_abs_error: float | None
    """Largest difference of its logits from the torch network's, on real images."""
    validation_accuracy: float | None
    """Of the file itself, run by the format's stock runtime. None, as the error may be, where the file was written
    before files were tried themselves."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An accuracy and what it cost, reusable by every search that asks for the same."""

    id: str
    reuse_key: str | None
    """Under which it is found; None once a later one, whose files are kept, has taken the key over."""
    accuracy: float
    fidelity: JsonDict
    """Epochs, data fingerprint, splits, seed, evaluator: what the accuracy is worth."""
    result: JsonDict
    """Loss, learning curve, duration, device, precision, and the sha256 of the weights."""
    created_at: datetime
    exports: tuple[Export, ...] = ()
    """The files written of it, which are kept as long as its weights are."""

    def export(self, model_format: ModelFormat) -> Export:
        """The file in this format. Raises KeyError where there is none."""
        return {export.format: export for export in self.exports}[model_format]

    def lacking(self, formats: Iterable[ModelFormat]) -> list[ModelFormat]:
        """Those of `formats` that were not written yet, or whose accuracy is not known."""
        known = {export.format for export in self.exports if export.validation_accuracy is not None}
        return [model_format for model_format in formats if model_format not in known]


@dataclass(frozen=True, slots=True)
class Measurement:
    """Timed samples of one exported model on one target."""

    id: str
    model_sha256: str
    target: TargetSpec
    device_id: str
    median_ms: float
    peak_memory_mib: float | None
    """None where the system does not tell."""
    noisy: bool
    result: JsonDict
    """Quantiles, confidence interval, samples and birthplace."""
    created_at: datetime
    half_width_ratio: float | None = None
    """Half of the median's 95 % interval, as a share of the median; None where it has no interval."""
    owner: str | None = None
    """The tenant whose device took it, and who alone reuses it; None: a device that serves everybody. Of an imported
    one the search's study name: it is shown there, and no tenant's query finds it."""
    subject_key: str | None = None
    """Of which networks it tells something (`predictors.Subject`); None: it was taken before that was noted."""
    architecture: JsonDict | None = None
    """The network's canonical choice values."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A stored file by its content."""

    sha256: str
    size_bytes: int
    media_type: str


WEIGHTS_FILE = "weights.safetensors"
PACKED_FILE = "weights.packed"
"""The file of an evaluation that all its exports come from."""

SUPERNET_FILE = "supernet.safetensors"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a search, in order."""

    id: int
    search_id: str
    at: datetime
    kind: str
    payload: JsonDict


@dataclass(frozen=True, slots=True)
class Noise:
    """How steady a device's timings were of late."""

    measurement_count: int
    """The last ones, up to 100."""
    noisy_share: float
    """Of those that missed the precision asked for."""
    half_width_ratio: float | None
    """The median of their precisions: half of a 95 % interval as a share of the latency. None where none is known."""
    last_at: datetime
    history: tuple[float, ...] = ()
    """Their precisions where they are known, oldest first."""


@dataclass(frozen=True, slots=True)
class Device:
    """A piece of hardware that was ever connected."""

    description: JsonDict
    """Name, fingerprint, processor, cores, instruction sets, memory, system and runtimes."""
    remote: bool
    """Whether a target may name it: it has connected by that name, over HTTP."""
    live: bool
    """Whether a worker on it was heard of lately."""
    seen_s_ago: float


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process and what it can do."""

    id: str
    host: str
    pid: int
    queues: tuple[str, ...]
    device: JsonDict
    """Identity of the hardware it runs on, with the runtimes available."""
    seen_s_ago: float
    versions: dict[str, str] = field(default_factory=dict)
    """Of this service and of the libraries that decide what a result is worth."""
    capacity: int = 1
    """Work items it does at once."""
    owner: str | None = None
    """The tenant that it serves alone; None: it serves everybody."""
    remote: bool = False
    """Whether it reaches the service over HTTP alone, and so neither database nor broker."""
