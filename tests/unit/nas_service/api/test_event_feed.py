"""One poller, many searches and listeners, against a log of events in memory."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_service.api import event_feed
from nas_service.api.event_feed import EventFeeds
from nas_service.api.event_source import Batch, Mark
from nas_service.domain.entities import Event

ROWS = 7


def _event(event_id: int) -> Event:
    return Event(event_id, "search-1", datetime(2026, 1, 1, tzinfo=UTC), "tick", {})


class Log:
    """Events of searches, all with the same ids; counts how often it is asked for news."""

    def __init__(self, ids: Sequence[int] = (), *, is_over: bool = False) -> None:
        self.events = [_event(event_id) for event_id in ids]
        self.is_over = is_over
        self.asked = 0

    def news(self, marks: Mapping[str, Mark]) -> Mapping[str, Batch]:
        self.asked += 1
        return {search_id: self._batch(mark) for search_id, mark in marks.items()}

    def _batch(self, mark: Mark) -> Batch:
        found = self.after("", mark.last_id)
        last_id = found[-1].id if found else mark.last_id
        return Batch(found, Mark(last_id), is_last=self.is_over and len(found) < ROWS)

    def after(self, _search_id: str, last_id: int) -> Sequence[Event]:
        return [event for event in self.events if event.id > last_id][:ROWS]


async def _heard(feeds: EventFeeds, last_id: int, search_id: str = "search-1") -> list[int]:
    async with feeds.feed(search_id, last_id) as feed:
        return [event.id async for event in feed.listen(last_id)]


@pytest.fixture(autouse=True)
def _polls_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_feed, "POLL_S", 0.001)


@given(
    ids=st.sets(st.integers(1, 200), max_size=60).map(sorted),
    places=st.lists(st.integers(0, 60), min_size=1, max_size=5),
    kept=st.integers(1, 20),
)
def test_every_listener_hears_every_later_event_once_and_in_order(ids: list[int], places: list[int], kept: int) -> None:
    starts = [ids[place] if place < len(ids) else 0 for place in places]

    async def listen() -> list[list[int]]:
        feeds = EventFeeds(Log(ids, is_over=True))
        return await asyncio.gather(*(_heard(feeds, start) for start in starts))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(event_feed, "KEPT_EVENTS", kept)
        heard = asyncio.run(listen())
    assert heard == [[event_id for event_id in ids if event_id > start] for start in starts]


def test_news_reach_listeners_that_wait() -> None:
    async def listen() -> list[int]:
        log = Log([1])
        feeds = EventFeeds(log)
        listening = asyncio.create_task(_heard(feeds, 0))
        async with feeds.feed("search-1", 0) as feed:
            assert (await anext(aiter(feed.listen(0)))).id == 1
            log.events.append(_event(2))
            log.is_over = True
            return await listening

    assert asyncio.run(listen()) == [1, 2]


def test_all_searches_share_one_poller_that_ends_with_the_last_listener() -> None:
    async def listen() -> None:
        feeds = EventFeeds(Log([1]))
        async with feeds.feed("search-1", 0) as first, feeds.feed("search-1", 0) as again, feeds.feed("search-2", 0):
            assert first is again
            pollers = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            assert len(pollers) == 1
        await asyncio.wait(pollers)
        assert pollers[0].cancelled()

    asyncio.run(listen())


def test_who_comes_just_as_the_last_one_leaves_is_served() -> None:
    async def listen() -> list[int]:
        feeds = EventFeeds(Log([1], is_over=True))
        async with feeds.feed("search-1", 0):
            pass
        return await _heard(feeds, 0)

    assert asyncio.run(listen()) == [1]


def test_news_of_many_searches_are_asked_for_at_once() -> None:
    async def listen() -> int:
        log = Log([1, 2], is_over=True)
        feeds = EventFeeds(log)
        heard = await asyncio.gather(*(_heard(feeds, 0, f"search-{number}") for number in range(200)))
        assert heard == [[1, 2]] * 200
        return log.asked

    assert asyncio.run(listen()) <= 3


def test_a_failing_database_ends_the_listeners_and_those_who_come_back_are_served() -> None:
    class Failing(Log):
        def news(self, marks: Mapping[str, Mark]) -> Mapping[str, Batch]:
            if self.asked == 0:
                self.asked += 1
                raise ConnectionError("the database is gone")
            return super().news(marks)

    async def listen() -> tuple[list[int], list[int]]:
        feeds = EventFeeds(Failing([1], is_over=True))
        return await _heard(feeds, 0), await _heard(feeds, 0)

    assert asyncio.run(listen()) == ([], [1])
