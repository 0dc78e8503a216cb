"""No orphans: a child process ends at once when its parent is gone, however the parent died.

The parent keeps the write end of a pipe open and never writes. The kernel closes it when the parent dies, and the
child, which waits for the read end in a thread, sees the end of file.

A started child is `python -m workers.lifeline MODULE`: it takes hold of the line first and then runs MODULE, so that
neither a slow import nor a module that knows nothing of lifelines can leave an orphan behind.
"""

import ctypes
import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import IO

LIFELINE = "NAS_LIFELINE_FD"
"""Environment variable with the descriptor of the read end."""

EXIT_ORPHANED = 75
PR_SET_PDEATHSIG = 1

_write_ends: dict[int, int] = {}
"""Of the children that run, by process id. The kernel closes them when this process ends."""


def start_child(module: str, environment: Mapping[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Run `module` in a process that dies with this one.

    It has its own session, so a terminal's Ctrl-C does not reach it, and does not import from the working directory
    (-P), where a user's file may bear the name of a library.
    """
    read_end, write_end = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "workers.lifeline", module],
            env={**environment, LIFELINE: str(read_end)},
            pass_fds=[read_end],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except BaseException:
        os.close(write_end)
        raise
    finally:
        os.close(read_end)
    _write_ends[process.pid] = write_end
    return process


def cut(process: subprocess.Popen[bytes]) -> None:
    """Close this end of the line to a child that has ended."""
    os.close(_write_ends.pop(process.pid))


def hold_on() -> None:
    """End with the parent from now on. Without a lifeline (started by hand) it does nothing."""
    descriptor = os.environ.pop(LIFELINE, None)
    if descriptor is None:
        return
    os.set_inheritable(int(descriptor), False)
    _be_killed_with_parent()
    threading.Thread(target=_wait_for_the_end, args=(int(descriptor),), daemon=True, name="lifeline").start()


def _be_killed_with_parent() -> None:
    """On Linux even a stopped child, which cannot notice anything, ends with the thread that started it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class ForkLine:
    """The same for children that the parent forks: made in the parent, held in each child.

    There the kernel is not asked to kill: its signal comes with the end of the forking thread, and Celery's ends
    before the children have given back what they have in hand.
    """

    def __init__(self) -> None:
        self._read_end, self._write_end = os.pipe()

    def hold_on(self) -> None:
        """End with the parent from now on."""
        os.close(self._write_end)
        threading.Thread(target=_wait_for_the_end, args=(self._read_end,), daemon=True, name="lifeline").start()


def _wait_for_the_end(descriptor: int) -> None:
    os.read(descriptor, 1)
    os._exit(EXIT_ORPHANED)


if __name__ == "__main__":
    hold_on()
    runpy.run_module(sys.argv[1], run_name="__main__", alter_sys=True)
