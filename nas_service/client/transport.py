"""Requests that survive a passing fault: repeated with growing pauses while the service is away or busy."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, TypeVar

import httpx

from nas_service.client.errors import UnreachableError, error_of

BUSY = frozenset({502, 503, 504})
TOO_MANY_REQUESTS = 429
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
MAX_DOUBLINGS = 16

NO_HEADERS: Mapping[str, str] = MappingProxyType({})

T = TypeVar("T")


class BusyError(Exception):
    """The service answered that it cannot answer now."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"status {response.status_code}")
        self.response = response

    @property
    def retry_after_s(self) -> float:
        """The pause it asked for; 0 if none."""
        return _retry_after_s(self.response)


def pause_s(attempt: int, at_least_s: float = 0.0) -> float:
    """How long to wait after failed attempt 0, 1, ...: doubling, with jitter so that clients do not come in step."""
    longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(attempt, MAX_DOUBLINGS))
    return min(LONGEST_PAUSE_S, max(at_least_s, longest * random.uniform(0.5, 1.0)))


class Transport:
    """One connection pool to one service. Every request through it may be repeated without harm."""

    def __init__(
        self,
        url: str,
        timeout_s: float,
        retries: int,
        token: str | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        self.url = url.rstrip("/")
        self.retries, self.timeout_s = retries, timeout_s
        key = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(
            base_url=self.url, timeout=timeout_s, headers={"User-Agent": "nas-client", **key, **headers}
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer, with status below 400. Raises ClientError, UnreachableError when the retries are used up."""
        return self.persist(lambda: self.attempt(method, path, **options))

    def attempt(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request, not repeated. Raises ClientError, BusyError, httpx.TransportError."""
        response = self._http.request(method, path, **options)
        _raise_if_refused(response)
        return response

    @contextmanager
    def stream(self, path: str, headers: dict[str, str], timeout_s: float | None = None) -> Iterator[httpx.Response]:
        """One GET whose body is read as it comes; not repeated. Raises ClientError, BusyError, httpx.TransportError."""
        timeout = self._http.timeout if timeout_s is None else httpx.Timeout(timeout_s)
        with self._http.stream("GET", path, headers=headers, timeout=timeout) as response:
            if response.status_code >= 400:
                response.read()
                _raise_if_refused(response)
            yield response

    def persist(self, once: Callable[[], T], retries: int | None = None) -> T:
        """Call `once` until it works, at most `retries` times more; by default as often as this transport does."""
        for attempt in range(self.retries if retries is None else retries):
            try:
                return once()
            except httpx.TransportError:
                time.sleep(pause_s(attempt))
            except BusyError as error:
                time.sleep(pause_s(attempt, error.retry_after_s))
        try:
            return once()
        except httpx.TransportError as error:
            raise UnreachableError(self.url, error) from error
        except BusyError as error:
            raise error_of(error.response) from error


def _retry_after_s(response: httpx.Response) -> float:
    value = str(response.headers.get("retry-after", ""))
    return float(value) if value.isdigit() else 0.0


def _is_busy(response: httpx.Response) -> bool:
    """A rate limit passes within seconds; a quota does not, and its refusal is worth more than a wait."""
    soon = _retry_after_s(response) <= LONGEST_PAUSE_S
    return response.status_code in BUSY or (response.status_code == TOO_MANY_REQUESTS and soon)


def _raise_if_refused(response: httpx.Response) -> None:
    if _is_busy(response):
        raise BusyError(response)
    if response.status_code >= 400:
        raise error_of(response)
