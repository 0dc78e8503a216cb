"""What clients do in several steps, without doing any itself: see `nas_service.client.effects`."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from nas_service.client.busy import BusyError
from nas_service.client.calls import Call, T
from nas_service.client.effects import Effect, Flow, Send, Sleep
from nas_service.client.errors import UnreachableError, error_of
from nas_service.client.pauses import pause_s
from nas_service.wire.searches import SearchDetail
from nas_service.wire.service import Readiness

NOT_MODIFIED = 304

OnUpdate = Callable[[SearchDetail], None]


@dataclass(frozen=True, slots=True)
class Patience:
    """With whom, and how often a request is repeated on connection errors and while the service is busy."""

    url: str
    retries: int


def persist(effect: Effect, patience: Patience) -> Flow[Any]:
    """Do it until it works. Raises ClientError, UnreachableError when the retries are used up."""
    for attempt in range(patience.retries):
        try:
            return (yield effect)
        except httpx.TransportError:
            yield Sleep(pause_s(attempt))
        except BusyError as error:
            yield Sleep(pause_s(attempt, error.retry_after_s))
    try:
        return (yield effect)
    except httpx.TransportError as error:
        raise UnreachableError(patience.url, error) from error
    except BusyError as error:
        raise error_of(error.response) from error


def answer(call: Call[T], patience: Patience) -> Flow[T]:
    """The answer to a call. Raises ClientError."""
    often = patience if call.repeatable else Patience(patience.url, 0)
    response: httpx.Response = yield from persist(Send(call.method, call.path, call.options), often)
    return call.read(response.content)


def readiness(patience: Patience) -> Flow[Readiness]:
    """Asked once: a service that is not ready says so with 503 and its reasons."""
    try:
        response: httpx.Response = yield Send("GET", "/readyz")
    except BusyError as error:
        response = error.response
    except httpx.TransportError as error:
        raise UnreachableError(patience.url, error) from error
    return Readiness.model_validate_json(response.content)


@dataclass(frozen=True, slots=True)
class Watch:
    """How to wait for the end of a search."""

    search_id: str
    on_update: OnUpdate | None
    poll_s: float
    timeout_s: float | None


def wait(watch: Watch, patience: Patience) -> Flow[SearchDetail]:
    """Poll until the search is over. Raises TimeoutError."""
    deadline_s = None if watch.timeout_s is None else time.monotonic() + watch.timeout_s
    etag = ""
    while True:
        asked = Send("GET", f"/v1/searches/{watch.search_id}", {"headers": {"If-None-Match": etag}})
        response: httpx.Response = yield from persist(asked, patience)
        if response.status_code != NOT_MODIFIED:
            etag = response.headers["etag"]
            search = SearchDetail.model_validate_json(response.content)
            if watch.on_update is not None:
                watch.on_update(search)
            if search.is_over:
                return search
        if deadline_s is not None and time.monotonic() + watch.poll_s > deadline_s:
            raise TimeoutError(
                f"search {watch.search_id} is not over after {watch.timeout_s} s; it goes on in the service"
            )
        yield Sleep(watch.poll_s)
