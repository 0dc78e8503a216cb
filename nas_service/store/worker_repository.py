"""Workers and devices in the database."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, delete, insert, or_, select, update

from nas_service.domain.entities import Device, Worker
from nas_service.domain.errors import NotFoundError
from nas_service.store.tables import devices, workers
from nas_service.store.types import now_epoch_s

LIVE_WITHIN_S = 15.0
"""A worker not heard of for this long is taken for gone."""
FORGOTTEN_AFTER_S = 600.0
"""A worker not heard of for this long is forgotten; should it come back, it notes itself again."""


_AGE_S = now_epoch_s() - workers.c.seen_at_s
_WORKERS = select(workers, devices.c.description, _AGE_S.label("age_s")).join(
    devices, devices.c.id == workers.c.device_id
)


class SqlWorkers:
    """Implements the WorkerRepository port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def beat(self, worker: Worker) -> None:
        """The worker is alive, here is what it can do."""
        device_id = _device_row_id(worker)
        mine = {"owner": worker.owner, "remote": worker.remote}
        self._put(devices, device_id, mine | {"description": worker.device})
        row = {
            "host": worker.host,
            "pid": worker.pid,
            "queues": list(worker.queues),
            "device_id": device_id,
            "versions": worker.versions,
            "capacity": worker.capacity,
        }
        self._put(workers, worker.id, mine | row)

    def _put(self, table: Table, key: str, row: dict[str, Any]) -> None:
        row = row | {"seen_at_s": now_epoch_s()}
        if self._connection.execute(update(table).where(table.c.id == key).values(row)).rowcount == 0:
            self._connection.execute(insert(table).values(row | {"id": key}))

    def get(self, worker_id: str) -> Worker:
        """Raises NotFoundError."""
        row = self._connection.execute(_WORKERS.where(workers.c.id == worker_id)).mappings().first()
        if row is None:
            raise NotFoundError("no-such-worker", f"there is no worker {worker_id!r}; it has to say who it is again")
        return _to_worker(row)

    def live(self) -> Sequence[Worker]:
        """Workers heard of lately."""
        query = _WORKERS.where(_AGE_S < LIVE_WITHIN_S).order_by(workers.c.id)
        return [_to_worker(row) for row in self._connection.execute(query).mappings()]

    def forget(self, worker_id: str) -> None:
        """The worker has left."""
        self._connection.execute(delete(workers).where(workers.c.id == worker_id))

    def forget_silent(self) -> None:
        """Those that were killed could not say that they leave."""
        self._connection.execute(delete(workers).where(_AGE_S > FORGOTTEN_AFTER_S))

    def devices(self, tenant: str) -> Sequence[Device]:
        """Every device ever connected that serves `tenant`."""
        live = {_device_row_id(worker) for worker in self.live()}
        query = (
            select(devices, (now_epoch_s() - devices.c.seen_at_s).label("age_s"))
            .where(or_(devices.c.owner.is_(None), devices.c.owner == tenant))
            .order_by(devices.c.id)
        )
        return [
            Device(row["description"], row["remote"], row["id"] in live, max(0.0, row["age_s"]))
            for row in self._connection.execute(query).mappings()
        ]


def _device_row_id(worker: Worker) -> str:
    """A local worker's device is known by its hardware; a remote one by its name, for its owner's targets name it."""
    if not worker.remote:
        return str(worker.device["id"])
    return hashlib.sha256(json.dumps([worker.owner, worker.device["name"]]).encode()).hexdigest()[:16]


def _to_worker(row: RowMapping) -> Worker:
    return Worker(
        id=row["id"],
        host=row["host"],
        pid=row["pid"],
        queues=tuple(row["queues"]),
        device=row["description"],
        seen_s_ago=max(0.0, row["age_s"]),
        versions=row["versions"],
        capacity=row["capacity"],
        owner=row["owner"],
        remote=row["remote"],
    )
