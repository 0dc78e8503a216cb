"""What was trained and timed, and its files."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from nas_service.domain.entities.names import JsonDict
from nas_service.domain.formats import ModelFormat
from nas_service.domain.spec import TargetSpec


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
