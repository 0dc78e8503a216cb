"""The control process: advances searches that ask for it, and sweeps. `python -m workers.control`."""

import threading
import time

import structlog
from sqlalchemy.exc import SQLAlchemyError

from nas_service import logs, tracing
from nas_service.bootstrap import Service, bootstrap
from nas_service.domain.entities import Failure
from nas_service.domain.errors import PermanentError, RetryableError
from nas_service.search.memories import SqlMemories
from nas_service.search.orphans import delete_orphans
from nas_service.settings import Settings
from nas_service.use_cases.advance import abort, advance
from nas_service.use_cases.checkpoints import remove_needless
from nas_service.use_cases.collect import collect
from nas_service.use_cases.ports import Memories
from nas_service.use_cases.sweep import resend, sweep
from workers.stop_signals import set_on_stop
from workers.webhook_thread import WebhookThread

log = structlog.get_logger()

POLL_S = 0.05
SWEEP_S = 2.0
COLLECT_S = 60.0
WOKEN_AT_ONCE = 100


class Control:
    """What is decided about searches, whoever asks for it. Raises SQLAlchemyError where the database is away."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.memories: Memories = SqlMemories()
        self._collect_at = time.monotonic() + COLLECT_S

    def sweep(self) -> None:
        """Take back what was lost, and remove what nobody needs."""
        store = self.service.store
        expired = sweep(store)
        if expired:
            log.warning("leases expired", count=expired)
        sent = resend(store, self.service.dispatcher)
        if sent:
            log.warning("sent again", count=sent)
        self._remove_files()
        with store.write() as uow:
            delete_orphans(uow.connection)

    def _remove_files(self) -> None:
        """A bounded step every sweep while there is something to collect; then a look now and then."""
        service = self.service
        try:
            remove_needless(service.store, service.checkpoints)
            if time.monotonic() < self._collect_at:
                return
            step = collect(service.store, service.files, service.settings.artifact_grace_s)
        except RetryableError as error:
            log.warning("files not removed", reason=error.detail)
            return
        if step.freed.files:
            log.info("files collected", count=step.freed.files, size_bytes=step.freed.size_bytes)
        if not step.more:
            self._collect_at = time.monotonic() + COLLECT_S

    def take_woken(self) -> list[str]:
        """Searches that ask for `advance`; asking is over."""
        with self.service.store.read() as uow:
            if not uow.searches.any_woken():
                return []
        with self.service.store.write() as uow:
            return list(uow.searches.take_woken(WOKEN_AT_ONCE))

    def take_wake(self, search_id: str) -> bool:
        """Whether this search still asks for `advance`; asking is over."""
        with self.service.store.write() as uow:
            return uow.searches.take_wake(search_id)

    def advance(self, search_id: str) -> None:
        """One search's trouble must not stop the others; the next sweep looks at it again."""
        try:
            advance(self.service.store, self.memories, search_id)
        except SQLAlchemyError:
            raise
        except PermanentError as error:
            log.exception("the search cannot be advanced any more", search=search_id)
            abort(self.service.store, search_id, Failure(error.problem, error.detail))
        except Exception:
            log.exception("advance failed", search=search_id)


class ControlLoop:
    """Polls for searches that were woken and advances them."""

    def __init__(self, service: Service) -> None:
        self.control = Control(service)
        self.shutdown = threading.Event()
        self._swept_at = float("-inf")

    def run(self) -> None:
        """Until `shutdown` is set. A database that is away for a while is waited for."""
        while not self.shutdown.is_set():
            try:
                advanced = self.step()
            except SQLAlchemyError as error:
                log.warning("the database did not answer; trying again", error=str(error))
                advanced = 0
            if not advanced:
                self.shutdown.wait(POLL_S)

    def step(self) -> int:
        """One round: sweep if it is time, then advance every woken search. Returns how many."""
        if time.monotonic() - self._swept_at >= SWEEP_S:
            self.control.sweep()
            self._swept_at = time.monotonic()
        woken = self.control.take_woken()
        for search_id in woken:
            self.control.advance(search_id)
        return len(woken)


def main() -> None:
    """Run the control loop as configured by the environment."""
    logs.configure("control")
    settings = Settings()
    if settings.tracing:
        tracing.configure("control")
    service = bootstrap(settings)
    loop = ControlLoop(service)
    set_on_stop(loop.shutdown)
    WebhookThread(service).start()
    loop.run()


if __name__ == "__main__":
    main()
