"""Real agent processes that need nothing of this environment but Python."""

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

STOP_TIMEOUT_S = 60.0
HARNESS = "workers.profiling.harness"


@dataclass
class AgentProcess:
    """`nas agent` for one device, its output in a file."""

    program: Path
    """`nas` of the environment that it runs in."""
    url: str
    device: str
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        environment = {
            "PATH": os.defpath,
            "OMP_NUM_THREADS": "1",
            "NAS_HOST_LOCK_DIR": str(self.folder / "host-lock"),
            **self.environment,
        }
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, "agent", "--server", self.url, "--device", self.device],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
            )

    @property
    def _log(self) -> Path:
        return self.folder / f"{self.device}.log"

    @property
    def output(self) -> str:
        """Everything that it has written."""
        return self._log.read_text()

    def is_timing(self) -> bool:
        """Whether a harness of it runs."""
        return bool(self.harnesses())

    def harnesses(self) -> list[psutil.Process]:
        """Its children that time: it starts others, to find out what its device is, before it asks for work."""
        try:
            children = psutil.Process(self.process.pid).children(recursive=True)
            return [child for child in children if HARNESS in child.cmdline()]
        except psutil.NoSuchProcess:
            return []

    def freeze(self) -> None:
        """Stand still, as a device whose battery is empty, with all it has started."""
        for process in (psutil.Process(self.process.pid), *self.harnesses()):
            process.suspend()

    def thaw(self) -> None:
        """Go on as if nothing had been."""
        for process in (psutil.Process(self.process.pid), *self.harnesses()):
            process.resume()

    def kill(self) -> None:
        """End at once."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to leave; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_TIMEOUT_S)

    def close(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.kill()
