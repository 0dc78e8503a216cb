"""The embedded service: API, control and worker processes under one parent. `python -m workers.supervisor`.

Children that die are started again; all of them die with this process, however it ends.
"""

import argparse
import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from nas_service import logs
from nas_service.migrate import migrate
from nas_service.settings import Settings
from workers import lifeline
from workers.environment import TRAINING_ENVIRONMENT
from workers.stop_signals import set_on_stop

log = structlog.get_logger()

POLL_S = 0.1
GRACE_S = 8.0
"""How long children have to checkpoint and leave before they are killed."""
FIRST_BACKOFF_S, MAX_BACKOFF_S, SETTLED_S = 0.2, 5.0, 30.0


@dataclass
class Child:
    """One process that should always be running."""

    name: str
    module: str
    environment: dict[str, str]
    log_path: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    backoff_s: float = FIRST_BACKOFF_S
    start_at: float = field(default_factory=time.monotonic)

    def keep_running(self) -> None:
        """Start it if it is not running; after a death only after a pause that grows while deaths repeat."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            log.warning("child died", child=self.name, exit_status=self.process.returncode)
            lived_s = now - self.started_at
            self.backoff_s = FIRST_BACKOFF_S if lived_s > SETTLED_S else min(2 * self.backoff_s, MAX_BACKOFF_S)
            self.start_at = now + self.backoff_s
            self._let_go()
        if self.process is None and now >= self.start_at:
            with self.log_path.open("ab") as out:
                self.process = lifeline.start_child(self.module, self.environment, out)
            self.started_at = now

    def stop(self, how: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)

    def wait(self, deadline: float) -> None:
        """Wait for its end until `deadline`, then kill it."""
        if self.process is None:
            return
        try:
            self.process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._let_go()

    def _let_go(self) -> None:
        if self.process is not None:
            lifeline.cut(self.process)
            self.process = None


class Supervisor:
    """Keeps the service's processes running until told to stop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.shutdown = threading.Event()
        home = settings.home.resolve()
        self._service_file = home / "service.json"
        logs_dir = home / "logs"
        logs_dir.mkdir(parents=True, exist_ok=True)
        self.port = settings.port or _free_port(settings.host)
        environment = os.environ | {
            "NAS_HOME": str(home),
            "NAS_PORT": str(self.port),
            "NAS_HOST": settings.host,
            "NAS_TORCH_THREADS": str(settings.threads_per_worker),
            "OMP_NUM_THREADS": "1",
            # Its workers look into the database: messages to a broker would pile up there.
            "NAS_BROKER_URL": "",
        }
        modules = {"api": "nas_service.api", "control": "workers.control"}
        modules |= {f"worker-{i}": "workers.worker" for i in range(settings.worker_count)}
        trains = environment | TRAINING_ENVIRONMENT
        self.children = [
            Child(name, module, trains if module == "workers.worker" else environment, logs_dir / f"{name}.log")
            for name, module in modules.items()
        ]

    @property
    def url(self) -> str:
        """Where the API answers."""
        return f"http://{self.settings.host}:{self.port}"

    def run(self) -> None:
        """Start everything and keep it running until `shutdown` is set; then stop everything in good order."""
        temporary = self._service_file.with_suffix(".tmp")
        temporary.write_text(json.dumps({"url": self.url, "pid": os.getpid()}))
        temporary.replace(self._service_file)
        log.info("started", url=self.url, workers=self.settings.worker_count)
        try:
            while not self.shutdown.is_set():
                for child in self.children:
                    child.keep_running()
                self.shutdown.wait(POLL_S)
        finally:
            self._service_file.unlink(missing_ok=True)
            self._stop()

    def _stop(self) -> None:
        for child in self.children:
            child.stop(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        for child in self.children:
            child.wait(deadline)


def _free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def only_one(home: Path) -> Iterator[None]:
    """One supervisor a home. Raises SystemExit with where the other one is."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "supervisor.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"a service already runs on {home}; stop it, or set NAS_HOME to another folder") from None
        yield


def main() -> None:
    """Run the embedded service as configured by the environment and the few options below."""
    parser = argparse.ArgumentParser(prog="python -m workers.supervisor", description=__doc__)
    parser.add_argument("--port", type=int, help="port of the API; 0 takes a free one")
    parser.add_argument("--workers", type=int, help="worker processes; 0 means one a core")
    parser.add_argument("--until-stdin-closes", action="store_true", help="stop in good order when standard input ends")
    options = parser.parse_args()
    changes = {name: value for name in ("port", "workers") if (value := getattr(options, name)) is not None}
    settings = Settings(**changes)
    logs.configure("supervisor")
    with only_one(settings.home):
        migrate(settings)
        supervisor = Supervisor(settings)
        set_on_stop(supervisor.shutdown)
        if options.until_stdin_closes:
            threading.Thread(target=_stop_at_end_of_input, args=(supervisor.shutdown,), daemon=True).start()
        supervisor.run()


def _stop_at_end_of_input(shutdown: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    shutdown.set()


if __name__ == "__main__":
    main()
