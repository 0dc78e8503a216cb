"""What a model card says: one declaration for those who write, read and check `card.json`.

Readers ignore fields that they do not know; `format` rises when a known one changes its meaning.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, computed_field

from nas_service.domain.formats import ModelFormat, PrecisionName
from nas_service.domain.spec import DatasetSpec, TargetSpec, TrainingSpec


class CardPart(BaseModel):
    """Frozen. Units stand in the names."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class SearchPart(CardPart):
    """The search that found the network."""

    id: str
    name: str
    seed: int


class CandidatePart(CardPart):
    """Which of its candidates this is."""

    id: str
    number: int
    architecture_key: str
    precision: PrecisionName | None = None
    """At which targets execute it: what its recipe gives, or else its architecture says; None: at their own."""


class SplitPart(CardPart):
    """Images in a split."""

    samples: int
    by_class: list[int]
    """In the order of `classes`."""


class DatasetPart(CardPart):
    """What the network was trained, selected and tested on."""

    spec: DatasetSpec
    fingerprint: str
    """sha256 of the content and of the rules that decoded and split it."""
    classes: list[str]
    channels: int
    height: int
    width: int
    mean: list[float]
    """Of the training images alone, by channel, of pixels in [0, 1]."""
    std: list[float]
    splits: dict[Literal["train", "validation", "test"], SplitPart]


class SharePart(CardPart):
    """Share of images classified correctly, in [0, 1], and of how many."""

    accuracy: float
    sample_count: int


class FilePart(CardPart):
    """The network in one format. Its accuracies are those of this file, run by `runtime`."""

    format: ModelFormat
    sha256: str
    size_bytes: int
    max_abs_error: float
    """Largest difference of its logits from the torch network's, on real images."""
    runtime: str
    validation: SharePart
    """What the search selected on: optimistic."""
    test: SharePart
    """Touched once, for this card."""

    @computed_field  # type: ignore[prop-decorator]  # as pydantic's documentation has it
    @property
    def name(self) -> str:
        """Of the file in the bundle."""
        return self.format.file_name


class CostPart(CardPart):
    """What the network costs anywhere: computed from its architecture, or of a compressed one counted on its files."""

    macs: int
    """Multiply-accumulates for one image."""
    params: int
    weight_bytes: int
    """Batch norm folded into the convolutions, in fp32, or in int8 with scales where the candidate's `precision` says
    so; of a compressed one all constants as they are deployed."""


HARNESS = frozenset({"python", "numpy"})
"""Of the versions of a birthplace those of what took the time, not of what was timed."""


class BirthplacePart(CardPart):
    """What a latency was timed on and with; clocks, load and cores stand beside these fields as they were read."""

    model_config = ConfigDict(extra="allow")

    device_id: str
    """Fingerprint of the hardware and the system."""
    device: str
    cpu: str
    versions: dict[str, str]
    reference_sha256: str
    """Of the reference model."""
    started_at: datetime

    @property
    def libraries(self) -> str:
        """What executed the model, such as `onnxruntime 1.31`."""
        return ", ".join(f"{name} {found}" for name, found in sorted(self.versions.items()) if name not in HARNESS)


class LatencyPart(CardPart):
    """Timed samples of an exported file on one target."""

    target: TargetSpec
    median_ms: float
    """While nothing disturbs the device, in terms of what the reference takes there then (`baseline`)."""
    timed_median_ms: float
    """As it was taken, like the quantiles below."""
    p10_ms: float
    p90_ms: float
    p99_ms: float
    mad_ms: float
    ci95_low_ms: float | None
    """95 % interval of the median, widened to the other final timings that are nearest to it; null where there were too
    few samples for one."""
    ci95_high_ms: float | None
    timings_ms: list[float] = []
    """Of all final timings, in turns with those of the search's other networks. `median_ms` is what they say together
    (Hodges-Lehmann), and all else here, but for the interval, is of the timing nearest to it."""
    sample_count: int
    noisy: bool
    """Whether the median is known less precisely than was asked for."""
    reference_median_ms: float
    """A fixed reference model, timed in turns with this one."""
    reference_ratio: float
    """This model against the reference: what slows the device down cancels in it."""
    baseline: dict[str, Any] | None
    """Of the device, with its version; without one `median_ms` is `timed_median_ms`."""
    peak_memory_mib: float | None
    load_ms: float
    birthplace: BirthplacePart

    @property
    def file_name(self) -> str:
        """The file that was timed."""
        return self.target.format.file_name


class TrainingPart(CardPart):
    """How the weights came to be."""

    spec: TrainingSpec
    evaluator: str
    """What the training began with: `scratch`, or `inherited` weights of a supernet."""
    seed: int
    epochs: int
    train_samples: int
    duration_s: float
    device: str
    precision: str
    torch_version: str
    validation_loss: float
    validation_accuracy: float
    """Of the torch network that the files were exported from."""
    curve: list[dict[str, Any]]
    """One entry an epoch."""


class SharpnessPart(CardPart):
    """How sharp the minimum is at which the weights stand, by the mean cross-entropy on `samples` training images."""

    loss_rise: float
    """The worst that was found within a distance of 0.5, in units of each weight's own magnitude; in nats."""
    top_eigenvalue: float
    """Of the Hessian over all weights."""
    samples: int


class PackedPart(CardPart):
    """`weights.packed`: the weights without loss and deflated, for `search_spaces.packed.unpack`."""

    size_bytes: int
    zero_share: float
    """Of all its numbers."""


class ComparedPart(CardPart):
    """A number of a compressed network beside that of the one it was made of."""

    parent: float
    child: float


class LineagePart(CardPart):
    """Of a compressed network what it was made of, how, and what came of it."""

    parent_id: str
    parent_number: int
    recipe: list[Any]
    """Its compression steps, with all their options."""
    steps: list[dict[str, Any]]
    """What each step did, with its facts and `duration_s`."""
    helps: bool
    """Whether it is better than its parent by any of the search's objectives, beyond noise."""
    reason: str
    comparison: dict[str, ComparedPart]
    """By metric key, those of the finished files."""
    further_files: list[str]
    """Beside the exported ones, as the steps gave them."""


class Card(CardPart):
    """Every number with its split, seed, epochs and birthplace."""

    format: Literal[2] = 2
    created_at: datetime
    search: SearchPart
    candidate: CandidatePart
    dataset: DatasetPart
    files: list[FilePart]
    """All exported files of the bundle, `model.onnx` first."""
    cost: CostPart
    latencies: list[LatencyPart]
    training: TrainingPart
    sharpness: SharpnessPart | None = None
    packed: PackedPart | None = None
    """None: no objective or constraint of the search is about its size."""
    lineage: LineagePart | None = None
    """None: the network is that of its architecture."""
    versions: dict[str, str]
    """Of the libraries that wrote this card."""
