"""Do training and the runtimes that are timed work here? Asked in processes of their own: a crash is an answer too."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from nas_service.cli.doctor.finding import Finding, Level, fail, ok, warn

PROBE_TIMEOUT_S = 120.0
INSTALL_WORKER = "python -m pip install 'nas-service[worker]'"

TORCH_PROBE = """
import json, torch
images = torch.randn(2, 3, 8, 8).contiguous(memory_format=torch.channels_last)
network = torch.nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
network(images).sum().backward()
print(json.dumps({"version": torch.__version__, "threads": torch.get_num_threads(), "cuda": torch.cuda.is_available()}))
"""

RUNTIMES_PROBE = """
import json
from workers.profiling.device import runtimes
print(json.dumps(runtimes()))
"""

TRIAL_PROBE = """
from workers.profiling.trial import try_out
try_out({name!r})
print("true")
"""

REQUIRED_RUNTIME = "onnxruntime"
"""What a target without a runtime means."""
COMPILING = frozenset({"torch-compile"})
"""Compile each model for a minute when it is first timed, which is too long to try out."""

PINNING_PROBE = """
import json, os
before = os.sched_getaffinity(0)
os.sched_setaffinity(0, {min(before)})
print(json.dumps({"pinned": len(os.sched_getaffinity(0)), "cores": len(before)}))
"""


class ProbeError(Exception):
    """A probe died or gave no answer; the message is its last line."""


def probe(code: str) -> Any:
    """Run the code in a fresh interpreter and parse the JSON of its last line. Raises ProbeError."""
    try:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PROBE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise ProbeError(f"no answer within {PROBE_TIMEOUT_S:.0f} s") from None
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    if done.returncode != 0 or not lines:
        raise ProbeError(lines[-1] if lines else f"died with exit code {done.returncode}")
    return json.loads(lines[-1])


def check_torch() -> Finding:
    """Torch imports, and a convolution runs forward and backward."""
    try:
        facts = probe(TORCH_PROBE)
    except ProbeError as error:
        return fail("torch", str(error), INSTALL_WORKER)
    cuda = ", CUDA" if facts["cuda"] else ""
    return ok("torch", f"{facts['version']} trains with {facts['threads']} threads{cuda}")


def check_runtimes() -> Iterator[Finding]:
    """Each runtime that is installed computes right; of the others, what installs them."""
    try:
        known = probe(RUNTIMES_PROBE)
    except ProbeError as error:
        yield fail("runtimes", str(error), INSTALL_WORKER)
        return
    for name, facts in known.items():
        yield _check_available(name, facts["versions"]) if facts["available"] else _missing(name, facts["reason"])


def _check_available(name: str, versions: Mapping[str, str]) -> Finding:
    shown = ", ".join(f"{library} {version}" for library, version in versions.items())
    if name in COMPILING:
        return ok(f"runtime[{name}]", f"{shown}; models are compiled when first timed")
    try:
        probe(TRIAL_PROBE.format(name=name))
    except ProbeError as error:
        return fail(f"runtime[{name}]", f"{shown}: {error}", f"install {name} again, or time by another runtime")
    return ok(f"runtime[{name}]", f"{shown} computes the reference model")


def _missing(name: str, reason: str) -> Finding:
    """The reason ends with what mends it, after a semicolon."""
    why, _, mend = reason.partition("; ")
    if name == REQUIRED_RUNTIME:
        return fail(f"runtime[{name}]", why, mend)
    return Finding(f"runtime[{name}]", Level.OK, f"{why}; only for targets with runtime {name}", mend)


def check_pinning() -> Finding:
    """A process may be pinned to one core, without which the scheduler moves it while it is timed."""
    try:
        facts = probe(PINNING_PROBE)
    except ProbeError as error:
        detail = f"processes cannot be pinned to a core ({error})"
        return warn("pinning", detail, "latencies will be noisier; time on Linux for the tightest figures")
    return ok("pinning", f"a process can be pinned to 1 of {facts['cores']} cores")
