"""Facts about the host that the harness can read without any library: memory, clocks, load, threads, pinning.

Where a system does not tell, the answer is None and never a guess.
"""

import os
import platform
import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")
STAT = Path("/proc/stat")
TASKS = Path("/proc/self/task")
THERMAL = Path("/sys/class/thermal")
CPUFREQ = "/sys/devices/system/cpu/cpu{core}/cpufreq/{name}"
STEAL = 8
"""Position of the stolen time in a core's line of /proc/stat."""


def pin(cores: Sequence[int]) -> list[int] | None:
    """Pin this process to `cores`; the cores it is pinned to now, or None when it is not (asked or able)."""
    if not cores or not hasattr(os, "sched_setaffinity"):
        return None
    os.sched_setaffinity(0, cores)
    return sorted(os.sched_getaffinity(0))


@contextmanager
def real_time(cores: Sequence[int] | None) -> Iterator[bool]:
    """Let no ordinary process take `cores` from this one's threads, where the system allows it; yields whether it does.

    Never where that would leave nothing to the rest of the machine. Allowed to root and with CAP_SYS_NICE, on Linux.
    Threads take turns (SCHED_RR): first in, first out, one that samples would never let the one in that watches stdin,
    and a harness that has lost its parent would keep the core.
    """
    possible = cores and len(cores) < (os.cpu_count() or 1) and hasattr(os, "sched_setscheduler") and TASKS.exists()
    granted = bool(possible) and _schedule(os.SCHED_RR, 1)
    try:
        yield granted
    finally:
        if granted:
            _schedule(os.SCHED_OTHER, 0)


def _schedule(policy: int, priority: int) -> bool:
    """Set how every thread of this process is scheduled. False where that is not allowed."""
    try:
        for task in TASKS.iterdir():
            os.sched_setscheduler(int(task.name), policy, os.sched_param(priority))
    except PermissionError:
        return False
    return True


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


def stolen_ticks(cores: Sequence[int] | None) -> int:
    """How long the hypervisor has withheld `cores` (None: all) since boot, in clock ticks; 0 where nobody tells."""
    text = _read(STAT) or ""
    wanted = {"cpu"} if cores is None else {f"cpu{core}" for core in cores}
    lines = (line.split() for line in text.splitlines() if line.startswith("cpu"))
    return sum(int(fields[STEAL]) for fields in lines if fields[0] in wanted and len(fields) > STEAL)


def thread_times_ns() -> dict[int, int]:
    """The processor time that each thread of this process has had so far; empty where the system does not tell."""
    if not TASKS.exists():
        return {}
    times = {int(task.name): _read(task / "schedstat") for task in TASKS.iterdir()}
    return {thread: int(time.split()[0]) for thread, time in times.items() if time}


def temperature_c() -> float | None:
    """Of the hottest thermal zone."""
    found = [_read(zone / "temp") for zone in THERMAL.glob("thermal_zone*")]
    return max((int(text) / 1000 for text in found if text), default=None)


def clocks(cores: Sequence[int] | None) -> dict[str, Any]:
    """Kernel, load average of the last minute, temperature, and how the first pinned core is clocked."""
    core = cores[0] if cores else 0
    frequency = _read(CPUFREQ.format(core=core, name="scaling_cur_freq"))
    return {
        "kernel": platform.release(),
        "load_average": round(os.getloadavg()[0], 2),
        "temperature_c": temperature_c(),
        "governor": _read(CPUFREQ.format(core=core, name="scaling_governor")),
        "frequency_mhz": int(frequency) / 1000 if frequency else None,
    }


def _read(path: str | Path) -> str | None:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None
