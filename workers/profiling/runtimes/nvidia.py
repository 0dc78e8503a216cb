"""Which NVIDIA GPUs this machine has, as its driver's own tool tells."""

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache

TOOL = "nvidia-smi"
QUERY = ("--query-gpu=name,driver_version", "--format=csv,noheader")
TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU and the driver that serves it."""

    name: str
    driver: str


@cache
def gpus() -> tuple[Gpu, ...]:
    """All of them, in the driver's order; none where there is no driver. Asked once a process."""
    tool = shutil.which(TOOL)
    if tool is None:
        return ()
    try:
        done = subprocess.run([tool, *QUERY], capture_output=True, text=True, check=True, timeout=TIMEOUT_S)
    except (subprocess.SubprocessError, OSError):
        return ()
    lines = (line.rpartition(",") for line in done.stdout.strip().splitlines())
    return tuple(Gpu(name.strip(), driver.strip()) for name, _, driver in lines)


def missing_gpu() -> str | None:
    """Why nothing can run on a GPU here, or None."""
    if gpus():
        return None
    return f"no NVIDIA GPU is found ({TOOL} lists none); time on a machine with a GPU and its driver"
