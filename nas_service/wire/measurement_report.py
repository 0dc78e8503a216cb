"""A measurement as a remote device reports it: bounded, finite, and true to its own samples."""

import base64
import binascii
import zlib
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

MOST_SAMPLES = 100_000
LONGEST_MS = 3.6e6
TOLERANCE = 1e-3
"""Relative difference allowed between a stated figure and that of the samples, which are kept as 32-bit floats."""
ROUNDED_MS = 1e-5

Milliseconds = Annotated[float, Field(gt=0, le=LONGEST_MS)]
Count = Annotated[int, Field(ge=0, le=10_000_000)]
Word = Annotated[str, StringConstraints(max_length=64)]
Text = Annotated[str, StringConstraints(max_length=200)]
Mebibytes = Annotated[float, Field(ge=0, le=1e9)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Report(BaseModel):
    """Untrusted: nothing beside what is named, and no number that is not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class BirthplaceReport(Report):
    """Where and under what the samples were taken."""

    runtime: Word
    versions: Annotated[dict[Word, Word], Field(max_length=16)]
    threads: Annotated[int, Field(ge=1, le=256)]
    batch_size: Annotated[int, Field(ge=1, le=4096)]
    precision: Word
    compile_s: Annotated[float, Field(ge=0, le=86_400)] | None
    """What compiling the model on the device took; null where the runtime compiles nothing beforehand."""
    pinned_cores: Annotated[tuple[Count, ...], Field(max_length=256)] | None
    real_time: bool
    computing_threads: Annotated[int, Field(ge=1, le=256)] | None
    involuntary_switches: Count
    started_at: AwareDatetime
    kernel: Text
    load_average: Annotated[float, Field(ge=0, le=1e6)]
    temperature_c: Annotated[float, Field(ge=-300, le=1e4)] | None
    governor: Word | None
    frequency_mhz: Annotated[float, Field(ge=0, le=1e6)] | None
    device_id: Word
    device: Text
    cpu: Text
    reference_sha256: Sha256


class BaselineReport(Report):
    """What the reference model takes on the device while nothing disturbs it."""

    version: Annotated[int, Field(ge=1, le=1_000_000)]
    reference_ms: Milliseconds
    established_at_s: Annotated[float, Field(ge=0, le=1e11)]
    measurements: Annotated[int, Field(ge=1, le=1_000_000)] = 1


class ThroughputReport(Report):
    """Of batches of one size."""

    batch_size: Annotated[int, Field(ge=1, le=4096)]
    images_per_s: Annotated[float, Field(gt=0, le=1e12)]
    median_ms: Milliseconds
    runs: Count


class MeasurementReport(Report):
    """What `workers.profiling.measurement.MeasurementResult` means, with its samples packed."""

    median_ms: Milliseconds
    timed_median_ms: Milliseconds
    p10_ms: Milliseconds
    p90_ms: Milliseconds
    p99_ms: Milliseconds
    mad_ms: Annotated[float, Field(ge=0, le=LONGEST_MS)]
    ci95_low_ms: Milliseconds | None
    ci95_high_ms: Milliseconds | None
    sample_count: Annotated[int, Field(ge=1, le=MOST_SAMPLES)]
    samples_per_block: Annotated[int, Field(ge=1, le=1000)]
    windows: Count
    sessions: Count
    dropped_blocks: Count
    dropped: Annotated[dict[Word, Count], Field(max_length=16)]
    warmup_count: Count
    noisy: bool
    reference_median_ms: Milliseconds
    reference_floor_ms: Milliseconds
    reference_ratio: Annotated[float, Field(gt=0, le=1e9)]
    baseline: BaselineReport | None
    peak_memory_mib: Mebibytes | None
    throughput: Annotated[tuple[ThroughputReport, ...], Field(max_length=16)] = ()
    energy_per_run_mj: Annotated[float, Field(ge=0, le=1e9)] | None
    load_ms: Annotated[float, Field(ge=0, le=LONGEST_MS)]
    file_bytes: Annotated[int, Field(ge=1, le=2**40)]
    held_s: Annotated[float, Field(ge=0, le=86_400)]
    duration_s: Annotated[float, Field(ge=0, le=86_400)]
    samples_f32_zlib_base64: Annotated[str, StringConstraints(max_length=8 * MOST_SAMPLES)]
    """Little-endian 32-bit floats, in ms."""
    references_f32_zlib_base64: Annotated[str, StringConstraints(max_length=8 * MOST_SAMPLES)]
    """Of the reference model, one beside each block of samples."""
    birthplace: BirthplaceReport

    @model_validator(mode="after")
    def _says_what_its_samples_say(self) -> Self:
        if not self.p10_ms <= self.p90_ms <= self.p99_ms:
            raise ValueError("the quantiles are not in order")
        if self.ci95_low_ms is not None and self.ci95_high_ms is not None and self.ci95_low_ms > self.ci95_high_ms:
            raise ValueError("the confidence interval is upside down")
        samples = _unpacked(self.samples_f32_zlib_base64, self.sample_count)
        if self.sample_count % self.samples_per_block:
            raise ValueError("sample_count is no multiple of samples_per_block")
        medians = np.median(samples.reshape(-1, self.samples_per_block), axis=1)
        _same("timed_median_ms", self.timed_median_ms, float(np.median(medians)), "that of the samples")
        references = _unpacked(self.references_f32_zlib_base64, len(medians))
        _same("reference_ratio", self.reference_ratio, float(np.median(medians / references)), "that of the samples")
        if self.baseline is not None:
            told = self.reference_ratio * self.baseline.reference_ms
            _same("median_ms", self.median_ms, told, "reference_ratio times that of the baseline")
        else:
            _same("median_ms", self.median_ms, self.timed_median_ms, "timed_median_ms, without a baseline,")
        return self


def _same(name: str, stated: float, found: float, what: str) -> None:
    if abs(found - stated) > TOLERANCE * found + ROUNDED_MS:
        raise ValueError(f"{name} is {stated}, but {what} is {found:.6f}")


def _unpacked(packed: str, count: int) -> NDArray[np.float32]:
    """`count` finite, positive samples. Never inflates more than that. Raises ValueError."""
    inflate = zlib.decompressobj()
    try:
        content = inflate.decompress(base64.b64decode(packed, validate=True), 4 * count + 1)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"the samples cannot be unpacked: {error}") from error
    if len(content) != 4 * count:
        raise ValueError(f"there are not {count} samples of 4 bytes each")
    samples = np.frombuffer(content, dtype="<f4")
    if not (np.isfinite(samples).all() and (samples > 0).all()):
        raise ValueError("a sample is not a positive, finite number")
    return samples
