"""The identity of this device: what a latency belongs to, and which runtimes can be timed here."""

import hashlib
import json
import platform
import subprocess
from pathlib import Path
from typing import Any

import psutil

from workers.profiling.runtimes import RUNTIMES, Runtime
from workers.profiling.runtimes.nvidia import gpus

CPUINFO = Path("/proc/cpuinfo")
GIB = 1024**3

X86_SETS = frozenset(
    {"sse4_2", "avx", "avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512bw", "avx512vl", "avx512_vnni"}
    | {"avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16"}
)
ARM_SETS = frozenset({"asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2", "sme"})
INSTRUCTION_SETS = X86_SETS | ARM_SETS
"""Those that decide which kernels a runtime picks; of the dozens of other flags none changes a latency."""


def describe(name: str | None = None) -> dict[str, Any]:
    """This device as plain JSON types, under `name` or its host name.

    `id` is a fingerprint of the hardware and system only: it outlives reboots and runtime upgrades, and two
    devices of one make share it.
    """
    hardware: dict[str, Any] = {
        "cpu_model": cpu_model(),
        "physical_cores": psutil.cpu_count(logical=False),
        "logical_cores": psutil.cpu_count(),
        "instruction_sets": instruction_sets(),
        "os": platform.system(),
        "architecture": platform.machine(),
    }
    if found := gpus():
        hardware["gpus"] = [gpu.name for gpu in found]
    memory_bytes = psutil.virtual_memory().total
    return {
        "id": fingerprint(hardware, memory_bytes),
        "name": name or platform.node(),
        **hardware,
        "memory_bytes": memory_bytes,
        "runtimes": runtimes(),
    }


def fingerprint(hardware: dict[str, Any], memory_bytes: int) -> str:
    """A stable id. Memory counts in whole GiB: the kernel keeps a little more or less of it at every boot."""
    facts = hardware | {"memory_gib": round(memory_bytes / GIB)}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def runtimes() -> dict[str, dict[str, Any]]:
    """Each known runtime: its versions, or why it cannot be used here."""
    return {name: _availability(runtime) for name, runtime in RUNTIMES.items()}


def _availability(runtime: Runtime) -> dict[str, Any]:
    reason = runtime.missing()
    if reason:
        return {"available": False, "reason": reason}
    return {"available": True, "versions": runtime.versions()}


def cpu_model() -> str:
    """The processor as it names itself."""
    if platform.system() == "Darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def instruction_sets() -> list[str]:
    """Those of INSTRUCTION_SETS that the processor has; empty where the system does not list them (macOS)."""
    listed = _cpuinfo("flags") or _cpuinfo("Features") or ""
    return sorted(INSTRUCTION_SETS & set(listed.split()))


def _cpuinfo(field: str) -> str | None:
    """The first core's value of a field of /proc/cpuinfo."""
    if not CPUINFO.exists():
        return None
    for line in CPUINFO.read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == field:
            return value.strip()
    return None
