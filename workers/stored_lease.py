"""The lease of a worker that reaches the database."""

import threading

import structlog
from sqlalchemy.exc import SQLAlchemyError

from nas_service.domain.entities import JsonDict, WorkItem
from nas_service.domain.signals import Signal
from nas_service.use_cases import work
from nas_service.use_cases.ports import Store
from workers.lease import Lease, LeaseTimes

log = structlog.get_logger()


def stored_lease(store: Store, item: WorkItem, times: LeaseTimes, shutdown: threading.Event) -> Lease:
    """A hold on `item` that is renewed in `store`."""

    def beat(progress: JsonDict | None) -> Signal | None:
        try:
            return work.heartbeat(store, item, times.lease_s, progress)
        except SQLAlchemyError as error:
            log.warning("heartbeat failed", item=item.id, error=str(error))
            return None

    return Lease(item.id, beat, times, shutdown)
