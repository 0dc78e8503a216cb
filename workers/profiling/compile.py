"""The process that compiles a model: `python -m workers.profiling.compile RUNTIME MODEL THREADS PACKAGE`.

It leads a process group of its own, and takes its compilers with it when its standard input ends: the parent is gone.
"""

import os
import signal
import sys
import threading
from pathlib import Path

from workers.profiling.runtimes import RUNTIMES, CompilingRuntime


def main(name: str, model: str, threads: str, package: str) -> None:
    """Write the package; what goes wrong ends the process with the library's own error."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    runtime = RUNTIMES[name]
    assert isinstance(runtime, CompilingRuntime)
    runtime.compile(Path(model), int(threads), Path(package))


def _end_with_parent() -> None:
    sys.stdin.read()  # returns only at end of file
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
