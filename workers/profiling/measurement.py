"""What is asked of the harness process and what comes back, as values that travel as JSON.

Standard library only: the harness imports it.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Job:
    """One model to time. `cores` empty means unpinned; `precision` is the relative half-width asked for."""

    model: str
    reference: str
    runtime: str
    threads: int
    batch_size: int
    cores: tuple[int, ...]
    budget_s: float
    precision: float

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        values = json.loads(text)
        return cls(**values | {"cores": tuple(values["cores"])})


@dataclass(frozen=True, slots=True)
class MeasurementResult:
    """A latency as a distribution with its birthplace.

    median_ms: median of the medians of blocks of `samples_per_block` consecutive `samples_ms`.
    ci95_low_ms, ci95_high_ms: 95 % order-statistic interval of that median; null below six blocks.
    p10_ms .. mad_ms: of all samples.
    dropped_blocks: left out because the scheduler took the core away during them.
    noisy: the interval's half-width is not below the precision asked for, relative to the median, or more than
        half of the blocks were disturbed.
    reference_median_ms, reference_ratio: of the fixed reference model timed between the blocks, and the median
        over blocks of block / reference: what slows both alike cancels in it.
    load_ms: creating the session, the first one in a fresh process.
    peak_memory_mib: peak resident memory of the harness process through loading, warm-up and first runs of the
        model, minus its resident memory just before loading, when runtime and inputs were already there.
        Null where the system does not tell.
    birthplace: device, cores, threads, versions, clocks, load and time, under which the samples were taken.
    """

    median_ms: float
    p10_ms: float
    p90_ms: float
    p99_ms: float
    mad_ms: float
    ci95_low_ms: float | None
    ci95_high_ms: float | None
    sample_count: int
    samples_per_block: int
    dropped_blocks: int
    warmup_count: int
    noisy: bool
    reference_median_ms: float
    reference_ratio: float
    peak_memory_mib: float | None
    load_ms: float
    file_bytes: int
    duration_s: float
    samples_ms: list[float]
    birthplace: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)
