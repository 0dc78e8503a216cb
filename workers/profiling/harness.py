"""The process that times one model: `python -m workers.profiling.harness`.

It reads a job on stdin, gets everything ready, says `{"ready": true}` on stdout, and waits for a line on stdin: only
then it has the host to itself, warms up, samples, and writes the result.

Imports numpy and the runtime, nothing else, so that no other library's threads or memory disturb the figures.
Stdin stays open; when it closes, the parent is gone and the harness exits at once, leaving no orphan.
"""

import gc
import json
import os
import platform
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from workers.profiling import host
from workers.profiling.measurement import Job, MeasurementResult
from workers.profiling.runtimes import RUNTIMES, Array, LoadedModel, Runtime
from workers.profiling.sampling import Plan, Run, Samples, sample
from workers.profiling.statistics import FEWEST_FOR_INTERVAL, summarise

EXIT_ORPHANED = 3
FIRST_RUNS = 3
"""Runs before the peak of memory is read: some runtimes settle their memory plan on the second."""


class UnusableModelError(Exception):
    """The runtime cannot load or run this file; told to the parent as such, because a retry cannot help."""


def main() -> None:
    """Read the job, time it, write one JSON object a line: ready, then a result; or `{"refused": reason}`."""
    job = Job.from_json(sys.stdin.readline())
    try:
        answer = time_model(job, _wait_for_the_host).to_dict()
    except UnusableModelError as error:
        answer = {"refused": str(error)}
    _say(answer)


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _wait_for_the_host() -> None:
    """Return when the parent says so; from then on watch whether it lives."""
    _say({"ready": True})
    if not sys.stdin.readline():
        os._exit(EXIT_ORPHANED)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    sys.stdin.read()  # returns only at end of file
    os._exit(EXIT_ORPHANED)


def time_model(job: Job, wait_for_the_host: Callable[[], None]) -> MeasurementResult:
    """Load the job's model; once the host is free, warm up and sample it, interleaved with the reference."""
    started = datetime.now(UTC)
    start = time.perf_counter()
    pinned = host.pin(job.cores)
    runtime = RUNTIMES[job.runtime]
    runtime.start()
    refuse_strangers(runtime)
    gc.disable()
    run, facts = _load_subject(runtime, job)
    reference = runtime.load(Path(job.reference), job.threads)
    run_reference = _bind(reference, images_for(reference, 1))
    wait_for_the_host()
    switches = host.involuntary_switches()
    samples = sample(run, run_reference, Plan(job.budget_s, job.precision))
    birthplace = {
        "runtime": job.runtime,
        "versions": {"python": platform.python_version(), "numpy": np.__version__, **runtime.versions()},
        "threads": job.threads,
        "batch_size": job.batch_size,
        "pinned_cores": pinned,
        "involuntary_switches": host.involuntary_switches() - switches,
        "started_at": started.isoformat(),
        **host.clocks(pinned),
    }
    return _result(job, samples, facts, birthplace, time.perf_counter() - start)


def refuse_strangers(runtime: Runtime) -> None:
    """A torch that slipped in would bring its thread pools and 200 MiB into every figure."""
    if "torch" in sys.modules and not runtime.uses_torch:
        raise RuntimeError("torch was imported by the harness; keep its imports to numpy and the runtime")


def images_for(model: LoadedModel, batch_size: int) -> Array:
    """Fixed random pixels of the model's input shape; writing them has page-faulted their memory."""
    return np.random.default_rng(0).random((batch_size, *model.image_shape), dtype=np.float32)


def _bind(model: LoadedModel, images: Array) -> Run:
    return lambda: model.run(images)


def _load_subject(runtime: Runtime, job: Job) -> tuple[Run, dict[str, Any]]:
    """The subject ready to run, and what loading it and running it first cost."""
    before_mib = host.resident_mib()
    start = time.perf_counter()
    try:
        model = runtime.load(Path(job.model), job.threads)
        load_ms = (time.perf_counter() - start) * 1e3
        run = _bind(model, images_for(model, job.batch_size))
        for _ in range(FIRST_RUNS):
            run()
    except Exception as error:
        raise UnusableModelError(f"{type(error).__name__}: {error}") from error
    peak_mib = host.peak_resident_mib()
    grown_mib = None if before_mib is None or peak_mib is None else peak_mib - before_mib
    return run, {"load_ms": load_ms, "peak_memory_mib": grown_mib}


def _result(
    job: Job, samples: Samples, facts: dict[str, Any], birthplace: dict[str, Any], duration_s: float
) -> MeasurementResult:
    summary = summarise(samples.subject_ms, samples.reference_ms)
    blocks, samples_per_block = samples.subject_ms.shape
    bounded = blocks >= FEWEST_FOR_INTERVAL
    return MeasurementResult(
        median_ms=summary.median_ms,
        p10_ms=summary.p10_ms,
        p90_ms=summary.p90_ms,
        p99_ms=summary.p99_ms,
        mad_ms=summary.mad_ms,
        ci95_low_ms=summary.ci95_low_ms if bounded else None,
        ci95_high_ms=summary.ci95_high_ms if bounded else None,
        sample_count=samples.subject_ms.size,
        samples_per_block=samples_per_block,
        dropped_blocks=samples.dropped_blocks,
        warmup_count=samples.warmup_count,
        noisy=samples.disturbed or not summary.relative_half_width < job.precision,
        reference_median_ms=summary.reference_median_ms,
        reference_ratio=summary.reference_ratio,
        file_bytes=Path(job.model).stat().st_size,
        duration_s=duration_s,
        samples_ms=[round(float(ms), 6) for ms in samples.subject_ms.ravel()],
        birthplace=birthplace,
        **facts,
    )


if __name__ == "__main__":
    main()
