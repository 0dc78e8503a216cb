"""Times a model file in a fresh harness process: `measure`."""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from nas_service.domain.errors import PermanentError, RetryableError
from nas_service.domain.spec import TargetSpec
from workers.profiling.cores import cores_for
from workers.profiling.device import describe
from workers.profiling.measurement import Job, MeasurementResult
from workers.profiling.reference import reference_model
from workers.profiling.runtimes import RUNTIMES

POLL_S = 0.05
STDERR_TAIL = 2_000


@dataclass(frozen=True, slots=True)
class Effort:
    """How well and how long to measure.

    Sampling ends when the relative half-width of the median's 95 % interval is below `precision`, or after
    `budget_s` (the result is then noisy). A process without an answer after `limit_s` is killed.
    """

    precision: float = 0.01
    budget_s: float = 5.0
    limit_s: float = 60.0


class HarnessDiedError(RetryableError):
    """The harness was killed, crashed or hung; the work item is tried again."""


class ModelRefusedError(PermanentError):
    """The runtime cannot load or run the file."""


def measure(
    model: Path, target: TargetSpec, effort: Effort | None = None, on_wait: Callable[[], None] = lambda: None
) -> MeasurementResult:
    """Time `model` on this device as `target` asks, in a process of its own; the file is only read.

    Call it with the host to yourself (`host_lock.timing`). `on_wait` is called a few times a second meanwhile and
    may raise to abandon the measurement; the process ends with it.
    Raises PermanentError (runtime missing, too few cores, ModelRefusedError) and HarnessDiedError.
    """
    effort = effort or Effort()
    reason = RUNTIMES[target.runtime].missing()
    if reason:
        raise PermanentError("runtime-missing", f"target.runtime {target.runtime}: {reason}")
    with tempfile.TemporaryDirectory() as folder:
        reference = Path(folder, "reference.onnx")
        reference.write_bytes(content := reference_model())
        job = Job(
            model=str(model.resolve(strict=True)),
            reference=str(reference),
            runtime=target.runtime,
            threads=target.threads,
            batch_size=target.batch_size,
            cores=cores_for(target.threads),
            budget_s=effort.budget_s,
            precision=effort.precision,
        )
        answer = run_harness(job, effort.limit_s, on_wait)
    if "refused" in answer:
        raise ModelRefusedError("model-refused", f"{target.runtime} refuses {model.name}: {answer['refused']}")
    device = describe()
    answer["birthplace"] |= {
        "device_id": device["id"],
        "device": device["name"],
        "cpu": device["cpu_model"],
        "precision": target.precision,
        "reference_sha256": hashlib.sha256(content).hexdigest(),
    }
    return MeasurementResult(**answer)


def run_harness(job: Job, limit_s: float, on_wait: Callable[[], None]) -> dict[str, Any]:
    """Start the harness, wait for its answer, and leave no process behind whatever happens.

    Its stdin stays open as long as this process lives: its end tells the harness to exit.
    """
    # -P: a file in the working directory must not shadow a library.
    command = [sys.executable, "-P", "-m", "workers.profiling.harness"]
    with (
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command, bufsize=0, stdin=subprocess.PIPE, stdout=output, stderr=errors, env=_environment()
        ) as process,
    ):
        try:
            _send(process, job)
            _wait(process, limit_s, on_wait)
        finally:
            process.kill()
        if process.wait() != 0:
            detail = f"exit status {process.returncode}: {_text(errors)[-STDERR_TAIL:].strip()}"
            raise HarnessDiedError("harness-died", detail)
        answer: dict[str, Any] = json.loads(_text(output))
        return answer


def _environment() -> dict[str, str]:
    """Ours without the allocator settings that suit training and without the service's own, secrets among them."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "NAS_"))}
    return kept | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _send(process: subprocess.Popen[bytes], job: Job) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # it died at its start: its exit status says more
        process.stdin.write(job.to_json().encode() + b"\n")


def _wait(process: subprocess.Popen[bytes], limit_s: float, on_wait: Callable[[], None]) -> None:
    deadline = time.monotonic() + limit_s
    while True:
        try:
            process.wait(timeout=POLL_S)
            return
        except subprocess.TimeoutExpired:
            on_wait()
        if time.monotonic() >= deadline:
            raise HarnessDiedError("harness-timeout", f"no result within {limit_s:g} s; the model may be too slow")


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
