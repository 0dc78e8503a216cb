"""Sends Celery tasks by name through Redis. What it cannot send, the next sweep sends again."""

import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import structlog
from celery import Celery
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from nas_service import tracing
from nas_service.dispatch.messages import ADVANCE, CONTROL_QUEUE, TRACEPARENT, WORK
from nas_service.use_cases.outbox import Outbox

log = structlog.get_logger()

CONNECT_TIMEOUT_S, ANSWER_TIMEOUT_S = 1.0, 2.0
PAUSE_S = 2.0
"""After a failure nothing is tried for this long: a silent broker must not cost every request its timeout."""


class CeleryDispatcher:
    """Implements the Dispatcher port. Safe for threads, and for processes that are forked before its first use."""

    def __init__(self, broker_url: str) -> None:
        self._app = Celery("nas", broker=broker_url, set_as_current=False)
        self._app.conf.update(
            task_serializer="json",
            broker_transport_options={
                "socket_connect_timeout": CONNECT_TIMEOUT_S,
                "socket_timeout": ANSWER_TIMEOUT_S,
                "socket_keepalive": True,
                "max_retries": 0,
            },
        )
        self._held_back_until = float("-inf")

    def send(self, outbox: Outbox) -> None:
        """Send one message for each work item and each search. Never raises for a broker that is away."""
        if self._is_held_back():
            return
        headers = {TRACEPARENT: traceparent} if (traceparent := tracing.traceparent()) else {}
        messages = [(ADVANCE, search_id, CONTROL_QUEUE) for search_id in sorted(outbox.searches)]
        messages += [(WORK, queue, queue) for queue in outbox.work.values()]
        with self._forgiving(), self._app.producer_pool.acquire(block=True, timeout=ANSWER_TIMEOUT_S) as producer:
            for name, argument, queue in messages:
                self._app.send_task(
                    name, (argument,), queue=queue, producer=producer, ignore_result=True, retry=False, headers=headers
                )

    def missing(self, outbox: Outbox) -> Outbox:
        """The part of `outbox` whose queues carry fewer messages than it needs; nothing where the broker is away.

        Where a queue carries as many, workers have enough to do until it does not. So a long queue is not made longer,
        and no worker is idle while a message is missing. What is sent twice finds nothing to claim.
        """
        needed = Counter(outbox.work.values())
        if outbox.searches:
            needed[CONTROL_QUEUE] = len(outbox.searches)
        short: set[str] = set()
        if needed and not self._is_held_back():
            with self._forgiving(), self._app.pool.acquire(block=True, timeout=ANSWER_TIMEOUT_S) as connection:
                channel = connection.default_channel
                short = {queue for queue, count in needed.items() if channel.queue_declare(queue).message_count < count}
        return Outbox(
            work={item_id: queue for item_id, queue in outbox.work.items() if queue in short},
            searches=outbox.searches if CONTROL_QUEUE in short else set(),
        )

    def discard(self, queues: Collection[str]) -> None:
        """Delete the messages of these queues. Never raises for a broker that is away."""
        if not queues or self._is_held_back():
            return
        with self._forgiving(), self._app.pool.acquire(block=True, timeout=ANSWER_TIMEOUT_S) as connection:
            for queue in queues:
                connection.default_channel.queue_purge(queue)

    def is_reachable(self) -> bool:
        """Whether the broker answers a ping now; without asking, False shortly after it did not."""
        if self._is_held_back():
            return False
        with self._forgiving(), self._app.pool.acquire(block=True, timeout=ANSWER_TIMEOUT_S) as connection:
            return bool(connection.default_channel.client.ping())
        return False

    def _is_held_back(self) -> bool:
        return time.monotonic() < self._held_back_until

    @contextmanager
    def _forgiving(self) -> Iterator[None]:
        try:
            yield
        except (KombuError, RedisError, OSError) as error:
            log.warning("the broker did not answer; a sweep will send again", error=str(error))
            self._held_back_until = time.monotonic() + PAUSE_S
