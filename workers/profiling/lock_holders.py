"""Who holds a lock, as Linux tells it: a holder that was stopped (SIGSTOP, Ctrl-Z) disturbs nobody.

Where a system does not tell, nobody counts as stopped.
"""

import os
from pathlib import Path

LOCKS = Path("/proc/locks")
STOPPED = frozenset("Tt")


def all_stopped(descriptor: int) -> bool:
    """Whether the file behind `descriptor` is locked by other processes, and each of them is stopped."""
    others = holders(descriptor) - {os.getpid()}
    return bool(others) and all(_state(pid) in STOPPED for pid in others)


def holders(descriptor: int) -> set[int]:
    """The processes that took the locks (flock) on the file; 0 is one that this process cannot see."""
    try:
        lines = LOCKS.read_text().splitlines()
    except OSError:
        return set()
    inode = str(os.fstat(descriptor).st_ino)
    # "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF"; those that wait for it have "->" after their number.
    fields = [line.split() for line in lines]
    found = {int(f[4]) for f in fields if f[1] == "FLOCK" and f[5].rpartition(":")[2] == inode}
    return {max(pid, 0) for pid in found}


def _state(pid: int) -> str:
    """The letter after the name in /proc/PID/stat; empty where there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
