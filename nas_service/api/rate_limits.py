"""How often one may ask: a moving window a key, or an address where there is no key; shared through Redis."""

import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from anyio.to_thread import run_sync
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter, RateLimiter

from nas_service.domain.errors import LimitError
from nas_service.settings import Settings

log = structlog.get_logger(__name__)

T = TypeVar("T")

REQUESTS, SUBMISSIONS, WRONG_KEYS = "requests", "submissions", "requests with wrong keys"
"""What is counted."""

ANSWER_TIMEOUT_S = 0.5
ALONE_S = 5.0
"""After Redis has failed a process counts alone for so long: a silent one must not cost every request its timeout."""


class RateLimits:
    """The windows of one process. Without Redis, or while it is away, every process grants the whole rate itself."""

    def __init__(self, settings: Settings) -> None:
        self._rates = {
            REQUESTS: _rate(settings.rate_limit),
            SUBMISSIONS: _rate(settings.submit_rate_limit),
            WRONG_KEYS: _rate(settings.wrong_key_rate_limit),
        }
        self._alone: RateLimiter = MovingWindowRateLimiter(MemoryStorage())
        self._shared = _shared(settings.broker_url) if settings.broker_url else None
        self._alone_until_s = float("-inf")

    async def count(self, kind: str, who: str) -> None:
        """One more of `kind`. Raises LimitError where that is one too many."""
        rate = self._rates[kind]
        if rate is not None and not await self._ask(lambda windows: windows.hit(rate, kind, who)):
            await self._refuse(rate, kind, who)

    async def check(self, kind: str, who: str) -> None:
        """Raises LimitError where one more would be too many."""
        rate = self._rates[kind]
        if rate is not None and not await self._ask(lambda windows: windows.test(rate, kind, who)):
            await self._refuse(rate, kind, who)

    async def _refuse(self, rate: RateLimitItem, kind: str, who: str) -> None:
        stats = await self._ask(lambda windows: windows.get_window_stats(rate, kind, who))
        detail = f"too many {kind}: at most {rate} are taken; come again later"
        raise LimitError("rate-limited", detail, stats.reset_time - time.time())

    async def _ask(self, question: Callable[[RateLimiter], T]) -> T:
        shared = self._shared
        if shared is not None and time.monotonic() >= self._alone_until_s:
            try:
                return await run_sync(question, shared)
            except shared.storage.base_exceptions as error:
                self._alone_until_s = time.monotonic() + ALONE_S
                log.warning("rates are not shared: Redis does not answer", error=type(error).__name__)
        return question(self._alone)


def _rate(text: str) -> RateLimitItem | None:
    return parse(text) if text else None


def _shared(url: str) -> RateLimiter:
    return MovingWindowRateLimiter(
        RedisStorage(
            url, key_prefix="nas-rates", socket_timeout=ANSWER_TIMEOUT_S, socket_connect_timeout=ANSWER_TIMEOUT_S
        )
    )
