"""Makes a model's file ready for its runtime before anything is timed: a runtime of machine code compiles it here.

What was compiled is kept in a folder of the user's, so that a model timed again, and the reference beside every model,
is compiled once a machine.
"""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nas_service.domain.errors import PermanentError, RetryableError
from workers.profiling.device import cpu_model, instruction_sets
from workers.profiling.runtimes import CompilingRuntime, Runtime

LIMIT_S = 300.0
POLL_S = 0.05
STDERR_TAIL = 2_000
MOST_KEPT = 200
"""Packages; the ones not used for longest go first."""
ERROR = 1
"""Exit status of a Python process that ends with an exception."""


class CompilationFailedError(PermanentError):
    """The runtime's compiler refuses the model."""


class CompilerDiedError(RetryableError):
    """The compiler was killed, crashed or hung; the work item is tried again."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the runtime loads. `compile_s`: what compiling it took, now or when it was kept; None where nothing is."""

    model: Path
    compile_s: float | None = None


def prepared(runtime: Runtime, model: Path, threads: int, on_wait: Callable[[], None]) -> Prepared:
    """`model` as `runtime` loads it to run on `threads` threads; the file itself is only read.

    Raises CompilationFailedError, CompilerDiedError, and whatever `on_wait` raises, which is called a few times a
    second; no process is left behind.
    """
    if not isinstance(runtime, CompilingRuntime):
        return Prepared(model)
    folder = packages_dir()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    package = folder / f"{_identity(runtime, model, threads)}{runtime.package_suffix}"
    cost = package.with_suffix(".json")
    if not cost.exists():  # it is written last
        start = time.perf_counter()
        with _unfinished(package) as beside:
            _compile([runtime.name, str(model), str(threads), str(beside)], on_wait)
        cost.write_text(json.dumps({"compile_s": round(time.perf_counter() - start, 3)}))
        _evict(folder)
    cost.touch()
    return Prepared(package, json.loads(cost.read_text())["compile_s"])


def packages_dir() -> Path:
    """Not below /tmp: what lies here is executed, so nobody else may write to it."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache, "nas-service", "compiled")


def _identity(runtime: Runtime, model: Path, threads: int) -> str:
    """Changes with all that the machine code depends on."""
    facts = [runtime.name, runtime.versions(), threads, cpu_model(), instruction_sets()]
    content = model.read_bytes() + json.dumps(facts, sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()[:32]


@contextlib.contextmanager
def _unfinished(path: Path) -> Iterator[Path]:
    """A place beside `path` to write to; moved there at the end, so that others see the whole file or none."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        beside = Path(folder, path.name)
        yield beside
        beside.replace(path)


def _compile(arguments: list[str], on_wait: Callable[[], None]) -> None:
    command = [sys.executable, "-P", "-m", "workers.profiling.compile", *arguments]
    # One compiler at a time, without a dozen trials of what it can do for this processor, and nothing else kept.
    told = {"TORCHINDUCTOR_COMPILE_THREADS": "1", "TORCHINDUCTOR_VEC_ISA_OK": "1"}
    with (
        tempfile.TemporaryDirectory() as scratch,
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=os.environ | told | {"TORCHINDUCTOR_CACHE_DIR": scratch},
            start_new_session=True,
        ) as process,
    ):
        try:
            status = _wait(process, on_wait)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        errors.seek(0)
        said = errors.read().decode(errors="replace")[-STDERR_TAIL:].strip()
    if status == ERROR:
        raise CompilationFailedError("compilation-failed", f"{arguments[0]} cannot compile the model: {said}")
    if status:
        raise CompilerDiedError("compiler-died", f"exit status {status}: {said}")


def _wait(process: subprocess.Popen[bytes], on_wait: Callable[[], None]) -> int:
    """The exit status."""
    deadline = time.monotonic() + LIMIT_S
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(POLL_S)
        on_wait()
        if time.monotonic() >= deadline:
            raise CompilerDiedError("compiler-timeout", f"the model is not compiled after {LIMIT_S:g} s")


def _evict(folder: Path) -> None:
    """Leave the MOST_KEPT packages that were used last."""
    kept = sorted(folder.glob("*.json"), key=lambda cost: cost.stat().st_mtime, reverse=True)
    for cost in kept[MOST_KEPT:]:
        for path in folder.glob(f"{cost.stem}.*"):
            path.unlink(missing_ok=True)
