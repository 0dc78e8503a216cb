"""What is asked of the harness process and what comes back, as values that travel as JSON.

Standard library only: the harness imports it.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Job:
    """One model to time.

    cores: empty means unpinned.
    precision: the relative half-width asked for.
    baseline_dir: where this host's baselines are kept; None tells times as they were taken.
    calibration_s: how long the reference is timed where there is no baseline yet.
    reference_facts: what beside runtime, versions and threads the reference's latency depends on.
    throughput: whether several batch sizes are timed in the end.
    """

    model: str
    reference: str
    runtime: str
    threads: int
    batch_size: int
    cores: tuple[int, ...]
    budget_s: float
    precision: float
    baseline_dir: str | None
    calibration_s: float
    reference_facts: dict[str, str]
    throughput: bool

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        values = json.loads(text)
        return cls(**values | {"cores": tuple(values["cores"])})


@dataclass(frozen=True, slots=True)
class MeasurementResult:
    """A latency as a distribution with its birthplace.

    median_ms: the latency: reference_ratio times the baseline's reference_ms, that is the median on this host while
        nothing disturbs it. Without a baseline it is timed_median_ms.
    ci95_low_ms, ci95_high_ms: 95 % interval of it, by a bootstrap over windows; null below six windows.
    timed_median_ms: as it was taken: median of the medians of rounds of `samples_per_block` consecutive `samples_ms`.
    p10_ms .. mad_ms: of all samples, as they were taken.
    reference_ratio: the median over rounds of the round's median / the reference's beside it (references_ms): what
        slows both alike cancels.
    reference_median_ms, reference_floor_ms: of the reference: its median, and the lower quartile of its medians
        over windows.
    baseline: version, reference_ms, established_at_s and measurements of the host's baseline that median_ms is told in,
        or null.
    windows, sessions: how many windows of time the samples come from, and how often subject and reference were
        loaded anew for them.
    dropped_blocks, dropped: rounds that the machine's other work spoilt, in all and by cause.
    noisy: the interval's half-width is not below the precision asked for, relative to the median, or more than
        half of the rounds were spoilt.
    load_ms: creating the session, the first one in a fresh process.
    peak_memory_mib: peak resident memory of the harness process through loading, warm-up and first runs of the
        model, minus its resident memory just before loading, when runtime and inputs were already there.
        Null where the system does not tell.
    energy_per_run_mj: of all processor packages while one run lasts; null where it cannot be read.
    throughput: images_per_s, median_ms and runs by batch_size (`throughput`), where asked for.
    held_s: how long the host was held for this measurement: every training on it paused as long.
    birthplace: device, cores, threads, versions, clocks, load and time, under which the samples were taken.
    """

    median_ms: float
    ci95_low_ms: float | None
    ci95_high_ms: float | None
    timed_median_ms: float
    p10_ms: float
    p90_ms: float
    p99_ms: float
    mad_ms: float
    reference_ratio: float
    reference_median_ms: float
    reference_floor_ms: float
    baseline: dict[str, Any] | None
    sample_count: int
    samples_per_block: int
    windows: int
    sessions: int
    dropped_blocks: int
    dropped: dict[str, int]
    warmup_count: int
    noisy: bool
    peak_memory_mib: float | None
    energy_per_run_mj: float | None
    throughput: list[dict[str, Any]]
    load_ms: float
    file_bytes: int
    held_s: float
    duration_s: float
    samples_ms: list[float]
    references_ms: list[float]
    birthplace: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)
