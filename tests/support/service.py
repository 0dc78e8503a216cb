"""The whole embedded service as a user runs it: a real supervisor with its children, in a home of its own."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from nas_service.client import Client
from nas_service.domain.entities import WorkItem, WorkKind
from nas_service.domain.states import WorkStatus
from nas_service.store.engine import make_engine
from nas_service.store.unit_of_work import SqlStore
from tests.support.marked import MARK, marked_processes
from tests.support.source import ROOT
from tests.support.waiting import wait_for

SHORT_INTERVALS = {
    "NAS_LEASE_S": "3",
    "NAS_HEARTBEAT_S": "0.3",
    "NAS_CHECKPOINT_S": "0.3",
    "NAS_MEASURE_S": "0.3",
    "NAS_FINAL_MEASURE_S": "0.3",
}
SPACES = ROOT / "tests" / "support" / "spaces"
START_TIMEOUT_S = 180.0
"""Imports are slow while other tests use the same cores."""
PATIENT_RETRIES = 12
"""A client that outlives restarts of the API: about half a minute of retries."""
LOG_TAIL_LINES = 15

WORKER, CONTROL, API, HARNESS = "workers.worker", "workers.control", "nas_service.api", "workers.profiling.harness"


@dataclass
class RunningService:
    """A supervisor on `home` and everything below it; it may be killed and started again."""

    home: Path
    workers: int
    environment: Mapping[str, str]
    port: int = field(init=False)
    client: Client = field(init=False)
    store: SqlStore = field(init=False)
    """The service's database, to look at what the API does not show."""
    supervisor: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.client = Client(self.url, retries=PATIENT_RETRIES)
        self.store = SqlStore(make_engine(self.database_url))

    @property
    def url(self) -> str:
        """The same after every start."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def database_url(self) -> str:
        """As in the service's settings."""
        return f"sqlite:///{self.home / 'nas.db'}"

    def start(self) -> None:
        """Start the supervisor and wait until everything is there."""
        (self.home / "logs").mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "workers.supervisor", f"--port={self.port}", f"--workers={self.workers}"]
        with (self.home / "logs" / "supervisor.log").open("ab") as log:
            self.supervisor = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **self.environment}, stdout=log, stderr=log
            )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """The API answers and every worker is there, as at the start."""
        wait_for(self._is_ready, "the service to be ready", START_TIMEOUT_S)

    def _is_ready(self) -> bool:
        assert self.supervisor.poll() is None, f"the supervisor ended with {self.supervisor.returncode}"
        try:
            if not httpx.get(f"{self.url}/readyz").is_success:
                return False
        except httpx.TransportError:
            return False
        present = {process.pid for process in self.processes(WORKER)}
        with self.store.read() as uow:
            return len(present & {worker.pid for worker in uow.workers.live()}) == self.workers

    def stop(self) -> None:
        """Stop in good order and see that nothing is left."""
        if self.supervisor.poll() is None:
            self.supervisor.send_signal(signal.SIGTERM)
        self.supervisor.wait()
        self.wait_until_gone()

    def kill(self) -> None:
        """As by a power cut of the supervisor: its children have to notice by themselves."""
        self.supervisor.kill()
        self.supervisor.wait()
        self.wait_until_gone()

    def wait_until_gone(self) -> None:
        """No process of this service, whoever started it, outlives the supervisor."""
        wait_for(lambda: not self.processes(), f"the end of all processes of {self.home}")

    def processes(self, module: str = "") -> list[psutil.Process]:
        """All living processes of this service; with `module` only those running it."""
        return marked_processes(str(self.home), module)

    def open_items(self, search_id: str, kind: WorkKind | None = None) -> list[WorkItem]:
        """Work that waits or is being done."""
        with self.store.read() as uow:
            items = uow.work.open(search_id)
        open_statuses = {WorkStatus.QUEUED, WorkStatus.LEASED}
        return [item for item in items if item.status in open_statuses and kind in {None, item.kind}]

    def item(self, item_id: str) -> WorkItem:
        """A work item as it is now."""
        with self.store.read() as uow:
            return uow.work.get(item_id)

    def progress_after(self, held: WorkItem) -> dict[str, Any]:
        """What the next holder of `held` first says of its progress."""

        def first_word() -> dict[str, Any] | None:
            now = self.item(held.id)
            return now.progress if now.token > held.token else None

        return wait_for(first_word, f"progress of {held.id} in other hands") or {}

    def leased(self, search_id: str, kind: WorkKind | None = None) -> list[WorkItem]:
        """Work in a worker's hands."""
        return [item for item in self.open_items(search_id, kind) if item.status is WorkStatus.LEASED]

    def worker_of(self, item: WorkItem) -> psutil.Process:
        """The process that holds a leased item."""
        with self.store.read() as uow:
            (pid,) = (worker.pid for worker in uow.workers.live() if worker.id == item.worker_id)
        return psutil.Process(pid)

    def log(self, name: str) -> str:
        """Everything that a child has written."""
        return (self.home / "logs" / f"{name}.log").read_text()

    def logs(self) -> str:
        """Everything that anyone has written."""
        return "\n".join(path.read_text() for path in sorted((self.home / "logs").iterdir()))

    def log_tails(self) -> str:
        """The end of each log: what is needed to understand a failed test."""
        tails = []
        for path in sorted((self.home / "logs").iterdir()):
            lines = [line for line in path.read_text().splitlines() if '"event": "request"' not in line]
            tails += [f"--- {path.name}", *lines[-LOG_TAIL_LINES:]]
        return "\n".join(tails)


@contextmanager
def running_service(home: Path, cache: Path, workers: int = 2, **environment: str) -> Iterator[RunningService]:
    """A started service in `home` that keeps what it knows of the machine in `cache`, stopped at the end."""
    home.mkdir(parents=True)
    cache.mkdir(parents=True, exist_ok=True)
    (home / "cache").symlink_to(cache, target_is_directory=True)
    own = {
        MARK: str(home),
        "NAS_HOME": str(home),
        "NAS_HOST_LOCK_DIR": str(home / "host-lock"),
        "NAS_SPACE_PATH": str(SPACES),
    }
    service = RunningService(home, workers, SHORT_INTERVALS | own | environment)
    try:
        service.start()
        yield service
    finally:
        try:
            service.stop()
        finally:
            service.client.close()
            service.store.engine.dispose()
