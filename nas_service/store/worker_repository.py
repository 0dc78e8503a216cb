"""Workers and devices in the database."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update

from nas_service.domain.entities import JsonDict, Worker
from nas_service.store.tables import devices, workers
from nas_service.store.types import now_epoch_s

LIVE_WITHIN_S = 15.0
"""A worker not heard of for this long is taken for gone."""
FORGOTTEN_AFTER_S = 600.0
"""A worker not heard of for this long is forgotten; should it come back, it notes itself again."""


class SqlWorkers:
    """Implements the WorkerRepository port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def beat(self, worker: Worker) -> None:
        """The worker is alive, here is what it can do."""
        device_id = worker.device["id"]
        self._put(devices, device_id, {"description": worker.device})
        row = {
            "host": worker.host,
            "pid": worker.pid,
            "queues": list(worker.queues),
            "device_id": device_id,
            "versions": worker.versions,
            "capacity": worker.capacity,
        }
        self._put(workers, worker.id, row)

    def _put(self, table: Table, key: str, row: dict[str, Any]) -> None:
        row = row | {"seen_at_s": now_epoch_s()}
        if self._connection.execute(update(table).where(table.c.id == key).values(row)).rowcount == 0:
            self._connection.execute(insert(table).values(row | {"id": key}))

    def live(self) -> Sequence[Worker]:
        """Workers heard of lately."""
        age = now_epoch_s() - workers.c.seen_at_s
        query = (
            select(workers, devices.c.description, age.label("age_s"))
            .join(devices, devices.c.id == workers.c.device_id)
            .where(age < LIVE_WITHIN_S)
            .order_by(workers.c.id)
        )
        return [
            Worker(
                id=row["id"],
                host=row["host"],
                pid=row["pid"],
                queues=tuple(row["queues"]),
                device=row["description"],
                seen_s_ago=max(0.0, row["age_s"]),
                versions=row["versions"],
                capacity=row["capacity"],
            )
            for row in self._connection.execute(query).mappings()
        ]

    def forget(self, worker_id: str) -> None:
        """The worker has left."""
        self._connection.execute(delete(workers).where(workers.c.id == worker_id))

    def forget_silent(self) -> None:
        """Those that were killed could not say that they leave."""
        age = now_epoch_s() - workers.c.seen_at_s
        self._connection.execute(delete(workers).where(age > FORGOTTEN_AFTER_S))

    def devices(self) -> Sequence[JsonDict]:
        """Every device ever connected, with how long ago it was last seen."""
        query = select(devices, (now_epoch_s() - devices.c.seen_at_s).label("age_s")).order_by(devices.c.id)
        return [
            row["description"] | {"seen_s_ago": round(max(0.0, row["age_s"]), 1)}
            for row in self._connection.execute(query).mappings()
        ]
