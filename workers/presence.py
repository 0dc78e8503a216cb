"""A worker process is known to the service while it runs."""

import os
import platform
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from nas_service.domain.entities import Worker, new_id
from nas_service.use_cases.ports import Store
from workers.profiling.device import describe

log = structlog.get_logger()

PRESENCE_S = 2.0
LIBRARIES = ("nas-service", "torch", "onnxruntime")
"""What decides which results a worker gives."""


class Presence:
    """Notes that this process is alive and serves `queues`, every `PRESENCE_S` while the block runs."""

    def __init__(self, store: Store, queues: Sequence[str]) -> None:
        self.worker = Worker(
            id=new_id("worker"),
            host=socket.gethostname(),
            pid=os.getpid(),
            queues=tuple(queues),
            device=describe(),
            seen_s_ago=0.0,
            versions=_versions(),
            capacity=1,
        )
        self._store = store
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._stay, daemon=True, name="presence")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        with self._store.write() as uow:
            uow.workers.forget(self.worker.id)

    def _stay(self) -> None:
        while True:
            try:
                with self._store.write() as uow:
                    uow.workers.beat(self.worker)
            except SQLAlchemyError as error:
                log.warning("presence not noted", error=str(error))
            if self._over.wait(PRESENCE_S):
                return


def _versions() -> dict[str, str]:
    """Of Python and of the libraries that are installed here."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
