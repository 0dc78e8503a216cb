"""The process that times one model: `python -m workers.profiling.harness`.

It reads a job on stdin, gets everything ready, says `{"ready": true}` on stdout, and waits for a line on stdin: only
then it has the host to itself, warms up, samples, and writes the result.

Imports numpy and the runtime, nothing else, so that no other library's threads or memory disturb the figures.
Stdin stays open; when it closes, the parent is gone and the harness exits at once, leaving no orphan.
"""

import gc
import json
import math
import os
import platform
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.profiling import host
from workers.profiling.baseline import Baseline, BaselineFile
from workers.profiling.contention import Usual
from workers.profiling.energy import energy_per_run_mj
from workers.profiling.measurement import Job, MeasurementResult
from workers.profiling.runtimes import RUNTIMES, Array, LoadedModel, Runtime
from workers.profiling.sampling import LEAST_WINDOWS, Meter, Plan, Run, Samples, Session, sample
from workers.profiling.statistics import summarise
from workers.profiling.throughput import BATCH_SIZES, BUDGET_SHARE, throughput

EXIT_ORPHANED = 3
FIRST_RUNS = 3
"""Runs before the peak of memory is read: some runtimes settle their memory plan on the second."""
LOADING_S = 0.5
"""Sessions are loaded anew for so long at most: a runtime that compiles for seconds gets one."""
WATCHED_NS = 50_000_000
BUSY_SHARE = 0.05
"""A thread that had less of the busiest one's time than this did not compute: it watches stdin."""


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
    model, facts = _load_subject(runtime, job)
    subject = _bind(model, images_for(model, job.batch_size))
    sessions = _load_sessions(runtime, job, subject)
    wait_for_the_host()
    held_from = time.perf_counter()
    with host.real_time(pinned) as real_time:
        baselines = _baselines(job, runtime.versions())
        meter = Meter(stolen=lambda: host.stolen_ticks(pinned))
        _calibrate(baselines, sessions, job, meter)
        computing = threads_in_effect(subject, job.threads)
        switches = host.involuntary_switches()
        samples = sample(sessions, Plan(job.budget_s, job.precision, _usual(baselines)), meter)
        facts["energy_per_run_mj"] = energy_per_run_mj(subject)
        batch_sizes = BATCH_SIZES if job.throughput else ()
        facts["throughput"] = [asdict(found) for found in throughput(model, batch_sizes, BUDGET_SHARE * job.budget_s)]
    facts["held_s"] = time.perf_counter() - held_from
    facts["sessions"] = len(sessions)
    birthplace = {
        "runtime": job.runtime,
        "versions": {"python": platform.python_version(), "numpy": np.__version__, **runtime.versions()},
        "threads": job.threads,
        "batch_size": job.batch_size,
        "pinned_cores": pinned,
        "real_time": real_time,
        "computing_threads": computing,
        "involuntary_switches": host.involuntary_switches() - switches,
        "started_at": started.isoformat(),
        **host.clocks(pinned),
    }
    baseline = baselines.note(float(np.median(samples.reference_ms))) if baselines else None
    return _result(job, samples, baseline, facts | {"duration_s": time.perf_counter() - start}, birthplace)


def refuse_strangers(runtime: Runtime) -> None:
    """A torch that slipped in would bring its thread pools and 200 MiB into every figure."""
    if "torch" in sys.modules and not runtime.uses_torch:
        raise RuntimeError("torch was imported by the harness; keep its imports to numpy and the runtime")


def images_for(model: LoadedModel, batch_size: int) -> Array:
    """Fixed random pixels of the model's input shape; writing them has page-faulted their memory."""
    return np.random.default_rng(0).random((batch_size, *model.image_shape), dtype=np.float32)


def _bind(model: LoadedModel, images: Array) -> Run:
    return lambda: model.run(images)


def _load_subject(runtime: Runtime, job: Job) -> tuple[LoadedModel, dict[str, Any]]:
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
    return model, {"load_ms": load_ms, "peak_memory_mib": grown_mib}


def _load_sessions(runtime: Runtime, job: Job, subject: Run) -> list[Session]:
    """The subject with a reference, and as many more of both as LOADING_S allows, up to one for each window.

    All stay loaded, so that each lies in memory of its own.
    """
    start = time.perf_counter()
    sessions = [Session(subject, _loaded(runtime, Path(job.reference), job.threads, 1))]
    while len(sessions) < LEAST_WINDOWS:
        spent_s = time.perf_counter() - start
        if spent_s * (len(sessions) + 1) / len(sessions) > LOADING_S:
            break
        again = _loaded(runtime, Path(job.model), job.threads, job.batch_size)
        sessions.append(Session(again, _loaded(runtime, Path(job.reference), job.threads, 1)))
    return sessions


def _loaded(runtime: Runtime, path: Path, threads: int, batch_size: int) -> Run:
    model = runtime.load(path, threads)
    run = _bind(model, images_for(model, batch_size))
    for _ in range(FIRST_RUNS):
        run()
    return run


def _baselines(job: Job, versions: dict[str, str]) -> BaselineFile | None:
    if job.baseline_dir is None:
        return None
    facts = {"runtime": job.runtime, "versions": versions, "threads": job.threads, **job.reference_facts}
    return BaselineFile(Path(job.baseline_dir), facts)


def _calibrate(baselines: BaselineFile | None, sessions: list[Session], job: Job, meter: Meter) -> None:
    """Where this host has no baseline yet: time the reference beside itself, as it is beside a subject later."""
    if baselines is not None and baselines.current is None:
        beside_itself = [Session(session.reference, session.reference) for session in sessions]
        samples = sample(beside_itself, Plan(job.calibration_s, precision=0), meter)
        baselines.note(float(np.median(samples.reference_ms)))


def _usual(baselines: BaselineFile | None) -> Usual | None:
    current = baselines.current if baselines else None
    return Usual(current.reference_ms * 1e6, current.is_proven) if current else None


def threads_in_effect(run: Run, threads: int) -> int | None:
    """How many threads compute while `run` runs; None where the system does not tell.

    Raises UnusableModelError when they are more than asked for: the latency would be another target's.
    """
    before_ns, start_ns = host.thread_times_ns(), time.perf_counter_ns()
    while time.perf_counter_ns() - start_ns < WATCHED_NS:
        run()
    after_ns = host.thread_times_ns()
    spent_ns = [time_ns - before_ns.get(thread, 0) for thread, time_ns in after_ns.items()]
    busy = sum(time_ns > BUSY_SHARE * max(spent_ns) for time_ns in spent_ns)
    if busy > threads:
        raise UnusableModelError(f"{busy} threads computed, but target.threads is {threads}")
    return busy or None


def _result(
    job: Job, samples: Samples, baseline: Baseline | None, facts: dict[str, Any], birthplace: dict[str, Any]
) -> MeasurementResult:
    summary = summarise(samples.subject_ms, samples.reference_ms, samples.windows)
    unit_ms = baseline.reference_ms if baseline else summary.median_ms / summary.ratio.median
    bounded = math.isfinite(summary.ratio.high)
    return MeasurementResult(
        median_ms=summary.ratio.median * unit_ms,
        ci95_low_ms=summary.ratio.low * unit_ms if bounded else None,
        ci95_high_ms=summary.ratio.high * unit_ms if bounded else None,
        timed_median_ms=summary.median_ms,
        p10_ms=summary.p10_ms,
        p90_ms=summary.p90_ms,
        p99_ms=summary.p99_ms,
        mad_ms=summary.mad_ms,
        reference_ratio=summary.ratio.median,
        reference_median_ms=summary.reference_median_ms,
        reference_floor_ms=samples.floor_ms,
        baseline=asdict(baseline) if baseline else None,
        sample_count=samples.subject_ms.size,
        samples_per_block=samples.subject_ms.shape[1],
        windows=len(set(samples.windows.tolist())),
        dropped_blocks=samples.dropped.total(),
        dropped={str(cause): count for cause, count in samples.dropped.items()},
        warmup_count=samples.warmup_count,
        noisy=samples.disturbed or not summary.ratio.relative_half_width < job.precision,
        file_bytes=Path(job.model).stat().st_size,
        samples_ms=_rounded(samples.subject_ms),
        references_ms=_rounded(samples.reference_ms),
        birthplace=birthplace,
        **facts,
    )


def _rounded(times_ms: NDArray[np.float64]) -> list[float]:
    return [round(float(time_ms), 6) for time_ms in times_ms.ravel()]


if __name__ == "__main__":
    main()
