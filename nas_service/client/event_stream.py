"""A search's events as they happen: server-sent events, taken up again where a connection broke off."""

import time
from collections.abc import Iterable, Iterator

import httpx

from nas_service.client.errors import UnreachableError, error_of
from nas_service.client.transport import BusyError, Transport, pause_s
from nas_service.wire.searches import SearchEvent

SILENCE_S = 45.0
"""Three of the service's heartbeats: after a longer silence the connection is taken for dead."""

NO_CONTENT = 204
"""The service's answer where nothing will follow any more (and what makes a browser's EventSource stop)."""


def messages(chunks: Iterable[bytes]) -> Iterator[str]:
    """The data of each message of an event stream (WHATWG HTML, section 9.2). Comments are dropped.

    Lines are split by hand: `httpx.Response.iter_lines` also splits at U+2028, which JSON may contain.
    """
    buffer = b""
    data: list[str] = []
    for chunk in chunks:
        *lines, buffer = (buffer + chunk).split(b"\n")
        for line in lines:
            name, _, value = line.removesuffix(b"\r").partition(b":")
            if name == b"data":
                data.append(value.removeprefix(b" ").decode())
            elif not name and not value and data:
                yield "\n".join(data)
                data = []


def follow(transport: Transport, search_id: str, last_id: int = 0) -> Iterator[SearchEvent]:
    """Events after `last_id`, each once and in order, until the search is over and all are read.

    Raises ClientError, and UnreachableError when the service stays away for all retries in a row.
    """
    failures = 0
    while True:
        try:
            with transport.stream(f"/v1/searches/{search_id}/events", _headers(last_id), SILENCE_S) as response:
                if response.status_code == NO_CONTENT:
                    return
                for data in messages(response.iter_bytes()):
                    event = SearchEvent.model_validate_json(data)
                    last_id, failures = event.id, 0
                    yield event
        except (httpx.TransportError, BusyError) as error:
            failures += 1
            if failures > transport.retries:
                raise _given_up(transport, error) from error
        time.sleep(pause_s(failures))


def _headers(last_id: int) -> dict[str, str]:
    return {"Accept": "text/event-stream", "Last-Event-ID": str(last_id)}


def _given_up(transport: Transport, error: httpx.TransportError | BusyError) -> Exception:
    if isinstance(error, BusyError):
        return error_of(error.response)
    return UnreachableError(transport.url, error)
