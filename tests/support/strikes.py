"""Everything that may happen to a distributed service while it works, each as one call."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import psutil
from sqlalchemy import text

from nas_service.domain.entities import WorkItem, WorkKind
from nas_service.domain.states import WorkStatus
from tests.support.distributed import DistributedService
from tests.support.redis import OwnRedis
from tests.support.waiting import wait_for

WORKER = "worker"
"""The names of Celery workers begin with it; each has a pool of processes."""
TAKEN_OVER_S = 60.0
TRIES = 50

REFUSED = "done, but the lease was lost: result refused"
DROPPED = "dropped"


class Strike(StrEnum):
    """What can happen."""

    PROCESS = "kill a worker process"
    POOL = "kill a worker with its pool"
    CONTROL = "kill control"
    API = "kill the API"
    BROKER = "restart Redis, its data lost"
    DATABASE = "cut all database connections"
    LATE = "stop a worker process past its lease"


@dataclass
class Striker:
    """Strikes at one search. Who is hit is drawn from `rng`."""

    service: DistributedService
    broker: OwnRedis
    search_id: str
    rng: random.Random
    late: list[WorkItem] = field(default_factory=list)
    """Items as they were in the hands of a process that was stopped."""

    def strike(self, what: Strike) -> None:
        """Do it, and start again what died of it."""
        actions: dict[Strike, Callable[[], None]] = {
            Strike.PROCESS: self._kill_process,
            Strike.POOL: self._kill_pool,
            Strike.CONTROL: lambda: self._kill("control"),
            Strike.API: lambda: self._kill("api"),
            Strike.BROKER: self._restart_broker,
            Strike.DATABASE: self._cut_connections,
            Strike.LATE: self._stop_past_lease,
        }
        actions[what]()
        self.service.start_again()

    def _pools(self) -> dict[str, list[psutil.Process]]:
        """The processes of every worker that has some now."""
        found = {}
        for name, process in sorted(self.service.processes.items()):
            if name.startswith(WORKER):
                try:
                    children = psutil.Process(process.pid).children()
                except psutil.NoSuchProcess:
                    continue
                found[name] = sorted(children, key=lambda child: child.pid)
        return {name: children for name, children in found.items() if children}

    def _kill_process(self) -> None:
        processes = wait_for(lambda: [child for pool in self._pools().values() for child in pool], "a worker process")
        try:
            self.rng.choice(processes).kill()
        except psutil.NoSuchProcess:
            return

    def _kill_pool(self) -> None:
        self._kill(self.rng.choice(wait_for(lambda: list(self._pools()), "a worker")))

    def _kill(self, name: str) -> None:
        process = self.service.processes[name]
        process.kill()
        process.wait()

    def _restart_broker(self) -> None:
        self.broker.stop()
        self.broker.start()

    def _cut_connections(self) -> None:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        with self.service.service.store.write() as uow:
            uow.connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))

    def _stop_past_lease(self) -> None:
        """Until another has taken its item; it is then told that it is late, or its result is refused."""
        for _ in range(TRIES):
            item, process = wait_for(self._in_hand, "a training in hand")
            process.suspend()
            try:
                if not self._is_held(item):
                    continue  # it was faster
                wait_for(lambda item=item: self._taken_over(item), "another worker to take over", TAKEN_OVER_S)
            finally:
                process.resume()
            self.late.append(item)
            wait_for(lambda item=item: refusals(self.service, item.id), "the late worker to learn it")
            return
        raise AssertionError(f"no training could be stopped in {TRIES} tries: make it longer")

    def _in_hand(self) -> tuple[WorkItem, psutil.Process] | None:
        """A training that another may still take over, and the process that does it."""
        with self.service.service.store.read() as uow:
            leased = [item for item in uow.work.open(self.search_id) if item.status is WorkStatus.LEASED]
            pids = {worker.id: worker.pid for worker in uow.workers.live()}
        for item in leased:
            pid = pids.get(str(item.worker_id))
            may_go_on = item.kind is WorkKind.EVALUATE and item.attempt < item.max_attempts
            if may_go_on and pid is not None and psutil.pid_exists(pid):
                return item, psutil.Process(pid)
        return None

    def _now(self, item: WorkItem) -> WorkItem:
        with self.service.service.store.read() as uow:
            return uow.work.get(item.id)

    def _is_held(self, item: WorkItem) -> bool:
        now = self._now(item)
        return now.token == item.token and now.status is WorkStatus.LEASED

    def _taken_over(self, item: WorkItem) -> bool:
        now = self._now(item)
        return now.token > item.token and now.status is not WorkStatus.QUEUED


def log_lines(service: DistributedService, prefix: str = "") -> Iterator[dict[str, Any]]:
    """What processes whose names begin with `prefix` have logged. A line that a kill cut off is left out."""
    for path in sorted((service.home / "logs").glob(f"{prefix}*.log")):
        for line in path.read_text(errors="replace").splitlines():
            try:
                found = json.loads(line)
            except json.JSONDecodeError:
                continue
            if isinstance(found, dict):
                yield found


def refusals(service: DistributedService, item_id: str | None = None) -> int:
    """How often a worker was told that its work is not wanted any more, for others hold the item (or that one)."""
    return sum(
        line.get("event") == REFUSED or (line.get("event") == DROPPED and line.get("signal") == "lost")
        for line in log_lines(service, WORKER)
        if item_id in {None, line.get("item")}
    )
