"""Agents that wait share one look at the database, and each is woken by its own work alone."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from nas_service.api import work_feed
from nas_service.api.work_feed import Waiting, WorkFeed

SHED, PHONE = ("profile.shed", "default"), ("profile.phone", "default")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks come one right after the other."""
    monkeypatch.setattr(work_feed, "POLL_S", 0.001)


class Queue:
    """What a look finds, and how many there were."""

    def __init__(self) -> None:
        self.waiting: Waiting = frozenset()
        self.looks = 0
        self.failures = 0

    def look(self) -> Waiting:
        self.looks += 1
        if self.failures:
            self.failures -= 1
            raise OSError("the database is away")
        return self.waiting

    async def looked(self, more: int) -> None:
        """So many looks later."""
        goal = self.looks + more
        async with asyncio.timeout(10):
            while self.looks < goal:
                await asyncio.sleep(0.001)


def of(wanted: tuple[str, str]) -> Callable[[Waiting], bool]:
    return lambda waiting: wanted in waiting


def test_work_wakes_those_who_want_it_and_no_others() -> None:
    async def scenario() -> tuple[bool, bool]:
        queue = Queue()
        feed = WorkFeed(queue.look)
        async with asyncio.TaskGroup() as group:
            shed = group.create_task(feed.wait(of(SHED), 10))
            phone = group.create_task(feed.wait(of(PHONE), 0.1))
            await queue.looked(2)
            queue.waiting = frozenset({SHED})
        return shed.result(), phone.result()

    assert asyncio.run(scenario()) == (True, False)


def test_many_who_wait_cost_no_more_looks_than_one_and_nobody_none() -> None:
    async def scenario() -> None:
        queue, at_once = Queue(), 0
        most_at_once = 0
        lock = threading.Lock()

        def look() -> Waiting:
            nonlocal at_once, most_at_once
            with lock:
                at_once += 1
                most_at_once = max(most_at_once, at_once)
            found = queue.look()
            with lock:
                at_once -= 1
            return found

        feed = WorkFeed(look)
        async with asyncio.TaskGroup() as group:
            for _ in range(100):
                group.create_task(feed.wait(of(SHED), 10))
            await queue.looked(3)
            queue.waiting = frozenset({SHED})
        assert most_at_once == 1
        assert queue.looks < 100
        async with asyncio.timeout(10):
            while len(asyncio.all_tasks()) > 1:  # the one that looks, until it sees that nobody waits
                await asyncio.sleep(0.001)

    asyncio.run(scenario())


def test_what_an_earlier_look_saw_wakes_nobody() -> None:
    """It may have been taken since; who asks has just looked and found nothing."""

    async def scenario() -> bool:
        queue, begun, go_on = Queue(), threading.Event(), threading.Event()

        def look() -> Waiting:
            found = frozenset({SHED}) if queue.looks == 0 else frozenset[tuple[str, str]]()
            queue.look()
            begun.set()
            go_on.wait(10)
            return found

        feed = WorkFeed(look)
        early = asyncio.create_task(feed.wait(of(SHED), 10))
        await asyncio.to_thread(begun.wait, 10)
        late = asyncio.create_task(feed.wait(of(SHED), 0.1))
        await asyncio.sleep(0)
        go_on.set()
        assert await early
        return await late

    assert not asyncio.run(scenario())


def test_a_look_that_fails_is_made_again() -> None:
    async def scenario() -> bool:
        queue = Queue()
        queue.failures, queue.waiting = 2, frozenset({SHED})
        return await WorkFeed(queue.look).wait(of(SHED), 10)

    assert asyncio.run(scenario())


def test_no_more_wait_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_feed, "MOST_WAITING", 2)

    async def scenario() -> tuple[list[bool], bool]:
        queue, full = Queue(), []
        feed = WorkFeed(queue.look)
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                full.append(feed.is_full)
                group.create_task(feed.wait(of(SHED), 10))
                await asyncio.sleep(0)
            full.append(feed.is_full)
            queue.waiting = frozenset({SHED})
        return full, feed.is_full

    assert asyncio.run(scenario()) == ([False, False, True], False)
