"""Agents that wait for work: one look at the database a moment for all of them, and none while nobody waits."""

import asyncio
from collections.abc import Callable

import structlog
from anyio.to_thread import run_sync

POLL_S = 0.25
MOST_WAITING = 500
"""Connections of one process that may wait; others are told to come back."""

Waiting = frozenset[tuple[str, str]]
"""Queue and tenant of what could be claimed."""

log = structlog.get_logger(__name__)


class WorkFeed:
    """Looks while at least one agent waits, and wakes those whose work has come."""

    def __init__(self, look: Callable[[], Waiting]) -> None:
        self._look = look
        self._listeners = 0
        self._begun = self._finished = 0
        """Numbers of the newest look, and of the newest that is done."""
        self._found: Waiting = frozenset()
        self._news = asyncio.Condition()
        self._poller: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        """Whether no more may wait."""
        return self._listeners >= MOST_WAITING

    async def wait(self, wanted: Callable[[Waiting], bool], timeout_s: float) -> bool:
        """Whether work came that is wanted, seen by a look that began after this call."""
        self._listeners += 1
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        before = self._begun
        try:
            async with asyncio.timeout(timeout_s), self._news:
                await self._news.wait_for(lambda: self._finished > before and wanted(self._found))
        except TimeoutError:
            return False
        finally:
            self._listeners -= 1
        return True

    async def _poll(self) -> None:
        """Until nobody waits. A look that fails finds nothing; the next may."""
        while self._listeners:
            self._begun += 1
            try:
                self._found = await run_sync(self._look)
            except Exception:
                log.exception("looking for work failed")
                self._found = frozenset()
            self._finished = self._begun
            async with self._news:
                self._news.notify_all()
            await asyncio.sleep(POLL_S)
