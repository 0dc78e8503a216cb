"""A search's events as they happen: server-sent events, taken up again where a connection broke off."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator

import httpx

from nas_service.client.async_transport import AsyncTransport
from nas_service.client.busy import BusyError
from nas_service.client.errors import UnreachableError, error_of
from nas_service.client.flows import Patience
from nas_service.client.pauses import pause_s
from nas_service.client.transport import Transport
from nas_service.wire.searches import SearchEvent

SILENCE_S = 45.0
"""Three of the service's heartbeats: after a longer silence the connection is taken for dead."""

NO_CONTENT = 204
"""The service's answer where nothing will follow any more (and what makes a browser's EventSource stop)."""


class Decoder:
    """The data of each message of an event stream (WHATWG HTML, section 9.2). Comments are dropped.

    Lines are split by hand: `httpx.Response.iter_lines` also splits at U+2028, which JSON may contain.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> list[str]:
        """The messages that end in this chunk."""
        ended = []
        *lines, self._buffer = (self._buffer + chunk).split(b"\n")
        for line in lines:
            name, _, value = line.removesuffix(b"\r").partition(b":")
            if name == b"data":
                self._data.append(value.removeprefix(b" ").decode())
            elif not name and not value and self._data:
                ended.append("\n".join(self._data))
                self._data = []
        return ended


def messages(chunks: Iterable[bytes]) -> Iterator[str]:
    """The data of each message in a whole stream."""
    decoder = Decoder()
    for chunk in chunks:
        yield from decoder.feed(chunk)


class _Place:
    """How far a reader has come, and how often in a row it has failed."""

    def __init__(self, search_id: str, last_id: int, patience: Patience) -> None:
        self.path = f"/v1/searches/{search_id}/events"
        self._last_id, self._failures, self._patience = last_id, 0, patience

    def headers(self) -> dict[str, str]:
        return {"Accept": "text/event-stream", "Last-Event-ID": str(self._last_id)}

    def read(self, data: str) -> SearchEvent:
        event = SearchEvent.model_validate_json(data)
        self._last_id, self._failures = event.id, 0
        return event

    def failed(self, error: httpx.TransportError | BusyError) -> None:
        """Raises what stands for the last failure when there were too many in a row."""
        self._failures += 1
        if self._failures <= self._patience.retries:
            return
        if isinstance(error, BusyError):
            raise error_of(error.response) from error
        raise UnreachableError(self._patience.url, error) from error

    def pause_s(self) -> float:
        return pause_s(self._failures)


def follow(transport: Transport, search_id: str, last_id: int = 0) -> Iterator[SearchEvent]:
    """Events after `last_id`, each once and in order, until the search is over and all are read.

    Raises ClientError, and UnreachableError when the service stays away for all retries in a row.
    """
    place = _Place(search_id, last_id, transport.patience)
    while True:
        try:
            with transport.stream(place.path, place.headers(), SILENCE_S) as response:
                if response.status_code == NO_CONTENT:
                    return
                decoder = Decoder()
                for chunk in response.iter_bytes():
                    for data in decoder.feed(chunk):
                        yield place.read(data)
        except (httpx.TransportError, BusyError) as error:
            place.failed(error)
        time.sleep(place.pause_s())


async def follow_async(transport: AsyncTransport, search_id: str, last_id: int = 0) -> AsyncIterator[SearchEvent]:
    """As `follow`."""
    place = _Place(search_id, last_id, transport.patience)
    while True:
        try:
            async with transport.stream(place.path, place.headers(), SILENCE_S) as response:
                if response.status_code == NO_CONTENT:
                    return
                decoder = Decoder()
                async for chunk in response.aiter_bytes():
                    for data in decoder.feed(chunk):
                        yield place.read(data)
        except (httpx.TransportError, BusyError) as error:
            place.failed(error)
        await asyncio.sleep(place.pause_s())
