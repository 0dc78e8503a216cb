"""One poller and many listeners, against a log of events in memory."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_service.api import event_feed
from nas_service.api.event_feed import Batch, EventFeed, EventFeeds
from nas_service.domain.entities import Event

ROWS = 7


def _event(event_id: int) -> Event:
    return Event(event_id, "search-1", datetime(2026, 1, 1, tzinfo=UTC), "tick", {})


class Log:
    """A search's events; counts how often it is read."""

    def __init__(self, ids: Sequence[int] = (), *, is_over: bool = False) -> None:
        self.events = [_event(event_id) for event_id in ids]
        self.is_over = is_over
        self.reads = 0

    def read(self, last_id: int) -> Batch:
        self.reads += 1
        found = [event for event in self.events if event.id > last_id][:ROWS]
        return Batch(found, is_last=self.is_over and len(found) < ROWS)


async def _heard(feeds: EventFeeds, log: Log, last_id: int) -> list[int]:
    async with feeds.feed("search-1", log.read, last_id) as feed:
        return [event.id async for event in feed.listen(last_id)]


@given(
    ids=st.sets(st.integers(1, 200), max_size=60).map(sorted),
    places=st.lists(st.integers(0, 60), min_size=1, max_size=5),
    kept=st.integers(1, 20),
)
def test_every_listener_hears_every_later_event_once_and_in_order(ids: list[int], places: list[int], kept: int) -> None:
    starts = [ids[place] if place < len(ids) else 0 for place in places]

    async def listen() -> list[list[int]]:
        feeds, log = EventFeeds(), Log(ids, is_over=True)
        return await asyncio.gather(*(_heard(feeds, log, start) for start in starts))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(event_feed, "KEPT_EVENTS", kept)
        heard = asyncio.run(listen())
    assert heard == [[event_id for event_id in ids if event_id > start] for start in starts]


def test_news_reach_listeners_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_feed, "POLL_S", 0.001)

    async def listen() -> list[int]:
        feeds, log = EventFeeds(), Log([1])
        listening = asyncio.create_task(_heard(feeds, log, 0))
        async with feeds.feed("search-1", log.read, 0) as feed:
            assert (await anext(aiter(feed.listen(0)))).id == 1
            log.events.append(_event(2))
            log.is_over = True
            return await listening

    assert asyncio.run(listen()) == [1, 2]


def test_listeners_share_one_poller_that_ends_with_the_last_of_them() -> None:
    async def listen() -> None:
        feeds, log = EventFeeds(), Log([1])
        async with feeds.feed("search-1", log.read, 0) as first, feeds.feed("search-1", log.read, 0) as second:
            assert first is second
            pollers = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            assert len(pollers) == 1
        await asyncio.wait(pollers)
        assert pollers[0].cancelled()

    asyncio.run(listen())


def test_a_failing_database_ends_the_listeners() -> None:
    def fail(_last_id: int) -> Batch:
        raise ConnectionError("the database is gone")

    async def listen() -> list[Event]:
        feed = EventFeed(fail, 0)
        await feed.poll()
        return [event async for event in feed.listen(0)]

    assert asyncio.run(listen()) == []
