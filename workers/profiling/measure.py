"""Times a model file in a fresh harness process: `measure`."""

import contextlib
import hashlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nas_service.domain.errors import PermanentError, RetryableError
from nas_service.domain.spec import TargetSpec
from workers.profiling.cores import cores_for
from workers.profiling.device import describe
from workers.profiling.measurement import Job, MeasurementResult
from workers.profiling.prepare import prepared
from workers.profiling.reference import reference_model
from workers.profiling.runtimes import RUNTIMES

POLL_S = 0.05
CALIBRATION_BUDGETS = 3
STDERR_TAIL = 2_000


@dataclass(frozen=True, slots=True)
class Effort:
    """How well and how long to measure.

    Sampling ends when the relative half-width of the median's 95 % interval is below `precision`, or after
    `budget_s` (the result is then noisy). A process without an answer after `limit_s` is killed. `throughput` asks for
    images a second at several batch sizes, too.
    """

    precision: float = 0.01
    budget_s: float = 5.0
    limit_s: float = 60.0
    throughput: bool = False

    @property
    def calibration_s(self) -> float:
        """How long the reference is timed once, where the host has no baseline yet."""
        return CALIBRATION_BUDGETS * self.budget_s


ROUGH = Effort(budget_s=0.6, precision=0.02)
"""For what a predictor learns from: many networks timed roughly teach more than few timed well."""


def effort_for(budget_s: float, *, final: bool, rough: bool) -> Effort:
    """What a work item asks for: throughput, too, where its candidate is `final`; no more than ROUGH where `rough`."""
    if rough:
        return replace(ROUGH, budget_s=min(budget_s, ROUGH.budget_s))
    return Effort(budget_s=budget_s, throughput=final)


class HarnessDiedError(RetryableError):
    """The harness was killed, crashed or hung; the work item is tried again."""


class ModelRefusedError(PermanentError):
    """The runtime cannot load or run the file."""


Alone = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a measurement needs from around it.

    `alone` gives the host to it alone (`host_lock.timing`); it is entered when everything is loaded, and left as soon
    as the last sample is taken. `on_wait` is called a few times a second and may raise to abandon the measurement.
    `baseline_dir` keeps what the reference takes on this host (`baseline`); without it times are told as taken.
    """

    alone: Alone = nullcontext
    on_wait: Callable[[], None] = lambda: None
    baseline_dir: Path | None = None


def measure(
    model: Path, target: TargetSpec, effort: Effort | None = None, around: Surroundings = Surroundings()
) -> MeasurementResult:
    """Time `model` on this device as `target` asks, in a process of its own; the file is only read.

    Raises PermanentError (runtime missing, too few cores, ModelRefusedError), HarnessDiedError, and whatever
    `around` raises; the process ends with it.
    """
    effort = effort or Effort()
    runtime = RUNTIMES[target.runtime]
    reason = runtime.missing()
    if reason:
        raise PermanentError("runtime-missing", f"target.runtime {target.runtime}: {reason}")
    device, content = describe(), reference_model(target.format)
    reference_sha256 = hashlib.sha256(content).hexdigest()
    with tempfile.TemporaryDirectory() as folder:
        reference = Path(folder, f"reference-{target.format.file_name}")
        reference.write_bytes(content)
        subject = prepared(runtime, model.resolve(strict=True), target.threads, around.on_wait)
        job = Job(
            model=str(subject.model),
            reference=str(prepared(runtime, reference, target.threads, around.on_wait).model),
            runtime=target.runtime,
            threads=target.threads,
            batch_size=target.batch_size,
            cores=cores_for(target.threads),
            budget_s=effort.budget_s,
            precision=effort.precision,
            baseline_dir=str(around.baseline_dir) if around.baseline_dir else None,
            calibration_s=effort.calibration_s,
            reference_facts={"device_id": device["id"], "reference_sha256": reference_sha256},
            throughput=effort.throughput,
        )
        answer = run_harness(job, effort.limit_s, around, Path(folder))
    if "refused" in answer:
        raise ModelRefusedError("model-refused", f"{target.runtime} refuses {model.name}: {answer['refused']}")
    answer["birthplace"] |= {
        "device_id": device["id"],
        "device": device["name"],
        "cpu": device["cpu_model"],
        "precision": target.precision,
        "compile_s": subject.compile_s,
        "reference_sha256": reference_sha256,
    }
    return MeasurementResult(**answer)


def run_harness(job: Job, limit_s: float, around: Surroundings, scratch: Path) -> dict[str, Any]:
    """Start the harness, let it sample alone, and leave no process behind whatever happens.

    What it unpacks goes to `scratch`; it is killed in the end and cannot tidy up itself.

    Its stdin stays open as long as this process lives: its end tells the harness to exit.
    """
    # -P: a file in the working directory must not shadow a library.
    command = [sys.executable, "-P", "-m", "workers.profiling.harness"]
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=_environment(scratch)
        ) as process,
    ):
        harness = _Harness(process, limit_s, around.on_wait)
        try:
            answer = harness.ask(job.to_json())
            if answer is not None and "ready" in answer:
                with around.alone():
                    answer = harness.ask("go")
            if answer is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=1)  # so that its own exit status is seen, not that of the kill
        finally:
            process.kill()
        if answer is None:
            errors.seek(0)
            tail = errors.read().decode(errors="replace")[-STDERR_TAIL:].strip()
            raise HarnessDiedError("harness-died", f"exit status {process.wait()}: {tail}")
        return answer


class _Harness:
    """Lines to and from a harness process."""

    def __init__(self, process: subprocess.Popen[bytes], limit_s: float, on_wait: Callable[[], None]) -> None:
        self._process, self._limit_s, self._on_wait = process, limit_s, on_wait
        self._received = b""

    def ask(self, line: str) -> dict[str, Any] | None:
        """Send a line and wait for the answer; None if the process ends without one.

        Raises HarnessDiedError after `limit_s`.
        """
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        deadline = time.monotonic() + self._limit_s
        while b"\n" not in self._received:
            if not self._receive():
                return None
            self._on_wait()
            if time.monotonic() >= deadline:
                raise HarnessDiedError(
                    "harness-timeout", f"no result within {self._limit_s:g} s; the model may be too slow"
                )
        answer, _, self._received = self._received.partition(b"\n")
        found: dict[str, Any] = json.loads(answer)
        return found

    def _receive(self) -> bool:
        """Wait a moment for output. False at its end."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        if not select.select([descriptor], [], [], POLL_S)[0]:
            return True
        received = os.read(descriptor, 1 << 16)
        self._received += received
        return bool(received)


def _environment(scratch: Path) -> dict[str, str]:
    """Ours without the allocator settings that suit training and without the service's own, secrets among them."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("GLIBC_TUNABLES", "MALLOC_", "NAS_"))
    }
    return kept | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "TMPDIR": str(scratch)}
