"""One poller of the database a search, however many listen to it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog
from anyio.to_thread import run_sync

from nas_service.domain.entities import Event

POLL_S = 0.25
KEPT_EVENTS = 1000
"""Events held in memory a feed; listeners who lag further behind read their part from the database."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    """Events in order; `is_last` where none will follow any more."""

    events: Sequence[Event]
    is_last: bool


Read = Callable[[int], Batch]
"""Reads the next events after an id; called in a thread."""


class EventFeed:
    """Polls from event `start_id` on, and hands what it finds to all listeners."""

    def __init__(self, read: Read, start_id: int) -> None:
        self._read = read
        self._recent: deque[Event] = deque()
        self._floor = start_id
        """All events after it, up to the newest, are in `_recent`."""
        self._newest = start_id
        self._closed = False
        self._news = asyncio.Condition()

    async def poll(self) -> None:
        """Until no event will follow, or the database fails: then listeners end, and come back on their own."""
        try:
            while not self._closed:
                batch = await run_sync(self._read, self._newest)
                await self._take(batch)
                if not batch.events:
                    await asyncio.sleep(POLL_S)
        except Exception:
            log.exception("event feed failed")
            await self._take(Batch((), is_last=True))

    async def _take(self, batch: Batch) -> None:
        for event in batch.events:
            self._recent.append(event)
            self._newest = event.id
            if len(self._recent) > KEPT_EVENTS:
                self._floor = self._recent.popleft().id
        self._closed = batch.is_last
        if batch.events or batch.is_last:
            async with self._news:
                self._news.notify_all()

    async def listen(self, last_id: int) -> AsyncIterator[Event]:
        """Every event after `last_id`, once and in order, until none will follow."""
        while True:
            if last_id < self._floor:
                events = (await run_sync(self._read, last_id)).events
                if not events:
                    return
            else:
                events = [event for event in self._recent if event.id > last_id]
            for event in events:
                last_id = event.id
                yield event
            if not events:
                if self._closed:
                    return
                await self._wait_beyond(last_id)

    async def _wait_beyond(self, last_id: int) -> None:
        async with self._news:
            await self._news.wait_for(lambda: self._closed or self._newest > last_id)


@dataclass(slots=True)
class _Running:
    feed: EventFeed
    poller: asyncio.Task[None]
    listeners: int = 0


@dataclass(slots=True)
class EventFeeds:
    """The feeds of one process: begun by a search's first listener, ended with its last."""

    _running: dict[str, _Running] = field(default_factory=dict)

    @asynccontextmanager
    async def feed(self, search_id: str, read: Read, start_id: int) -> AsyncIterator[EventFeed]:
        """The search's feed, shared with everyone who is in this block at the same time."""
        running = self._running.get(search_id)
        if running is None or running.poller.done():
            feed = EventFeed(read, start_id)
            running = _Running(feed, asyncio.create_task(feed.poll()))
            self._running[search_id] = running
        running.listeners += 1
        try:
            yield running.feed
        finally:
            running.listeners -= 1
            if running.listeners == 0:
                if self._running.get(search_id) is running:
                    del self._running[search_id]
                running.poller.cancel()
