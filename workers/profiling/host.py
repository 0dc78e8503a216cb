"""Facts about the host that the harness can read without any library: memory, clocks, load, pinning.

Where a system does not tell, the answer is None and never a guess.
"""

import os
import resource
from collections.abc import Sequence
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")
CPUFREQ = "/sys/devices/system/cpu/cpu{core}/cpufreq/{name}"


def pin(cores: Sequence[int]) -> list[int] | None:
    """Pin this process to `cores`; the cores it is pinned to now, or None when it is not (asked or able)."""
    if not cores or not hasattr(os, "sched_setaffinity"):
        return None
    os.sched_setaffinity(0, cores)
    return sorted(os.sched_getaffinity(0))


def resident_mib() -> float | None:
    """Resident memory now."""
    return _status_mib("VmRSS")


def peak_resident_mib() -> float | None:
    """Largest resident memory since this program started.

    Not `ru_maxrss`: on Linux that survives exec, so a small program started by a large one reports the
    large one's memory.
    """
    return _status_mib("VmHWM")


def _status_mib(field: str) -> float | None:
    if not STATUS.exists():
        return None
    for line in STATUS.read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return None


def involuntary_switches() -> int:
    """How often so far the scheduler took the core away from this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


def clocks(cores: Sequence[int] | None) -> dict[str, Any]:
    """Load average of the last minute and, where readable, governor and frequency of the first pinned core."""
    core = cores[0] if cores else 0
    frequency = _read(CPUFREQ.format(core=core, name="scaling_cur_freq"))
    return {
        "load_average": round(os.getloadavg()[0], 2),
        "governor": _read(CPUFREQ.format(core=core, name="scaling_governor")),
        "frequency_mhz": int(frequency) / 1000 if frequency else None,
    }


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None
