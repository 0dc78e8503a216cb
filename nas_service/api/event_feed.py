"""One poller of the database for all event streams of a process, however many searches and listeners there are."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from anyio.to_thread import run_sync

from nas_service.api.event_source import Batch, EventSource, Mark
from nas_service.domain.entities import Event

POLL_S = 0.25
KEPT_EVENTS = 1000
"""Events held in memory a search; listeners who lag further behind read their part from the database."""

log = structlog.get_logger(__name__)


class EventFeed:
    """One search's events from `start_id` on, handed to all of its listeners."""

    def __init__(self, source: EventSource, search_id: str, start_id: int) -> None:
        self._source, self._search_id = source, search_id
        self._recent: deque[Event] = deque()
        self._floor = start_id
        """All events after it, up to the mark's, are in `_recent`."""
        self.mark = Mark(start_id)
        self.closed = False
        self.listeners = 0
        self._news = asyncio.Condition()

    async def take(self, batch: Batch) -> None:
        """Go on by a batch that begins at the mark."""
        for event in batch.events:
            self._recent.append(event)
            if len(self._recent) > KEPT_EVENTS:
                self._floor = self._recent.popleft().id
        self.mark, self.closed = batch.mark, batch.is_last
        if batch.events or batch.is_last:
            async with self._news:
                self._news.notify_all()

    async def listen(self, last_id: int) -> AsyncIterator[Event]:
        """Every event after `last_id`, once and in order, until none will follow."""
        while True:
            if last_id < self._floor:
                events = list(await run_sync(self._source.after, self._search_id, last_id))
                if not events:
                    return
            else:
                events = [event for event in self._recent if event.id > last_id]
            for event in events:
                last_id = event.id
                yield event
            if not events:
                if self.closed:
                    return
                await self._wait_beyond(last_id)

    async def _wait_beyond(self, last_id: int) -> None:
        async with self._news:
            await self._news.wait_for(lambda: self.closed or self.mark.last_id > last_id)


class EventFeeds:
    """The feeds of one process, begun by a search's first listener and ended with its last, and their one poller."""

    def __init__(self, source: EventSource) -> None:
        self._source = source
        self._feeds: dict[str, EventFeed] = {}
        self._poller: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()

    @asynccontextmanager
    async def feed(self, search_id: str, start_id: int) -> AsyncIterator[EventFeed]:
        """The search's feed, shared with everyone who is in this block at the same time."""
        feed = self._feeds.get(search_id)
        if feed is None or feed.closed:
            feed = self._feeds[search_id] = EventFeed(self._source, search_id, start_id)
            self._begun.set()
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        feed.listeners += 1
        try:
            yield feed
        finally:
            feed.listeners -= 1
            if feed.listeners == 0 and self._feeds.get(search_id) is feed:
                del self._feeds[search_id]
            if not self._feeds and self._poller is not None:
                self._poller.cancel()
                self._poller = None

    async def _poll(self) -> None:
        """While somebody listens. If the database fails, all listeners end, and come back on their own."""
        try:
            while True:
                self._begun.clear()
                followed = {search_id: feed for search_id, feed in self._feeds.items() if not feed.closed}
                news = await run_sync(self._source.news, {name: feed.mark for name, feed in followed.items()})
                for search_id, batch in news.items():
                    await followed[search_id].take(batch)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._begun.wait(), POLL_S)
        except Exception:
            log.exception("event feeds failed")
            for feed in list(self._feeds.values()):
                await feed.take(Batch((), feed.mark, is_last=True))
