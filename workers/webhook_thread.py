"""Delivers webhooks beside the control loop: a slow receiver must not hold up any search."""

import threading

import structlog
from sqlalchemy.exc import SQLAlchemyError

from nas_service.bootstrap import Service
from nas_service.use_cases.webhooks import deliver_due

log = structlog.get_logger()

POLL_S = 1.0


class WebhookThread:
    """Looks for due messages until it is stopped. Several processes may do so: a message is one's at a time."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._shutdown = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        """Return at once; it ends with the process at the latest."""
        self._thread.start()

    def stop(self) -> None:
        """End it, with the message in hand sent."""
        self._shutdown.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._shutdown.wait(POLL_S):
            try:
                deliver_due(self._service.store, self._service.send_webhook)
            except SQLAlchemyError as error:
                log.warning("webhooks wait for the database", error=str(error))
