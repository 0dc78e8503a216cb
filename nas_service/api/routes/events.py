"""A search's events as server-sent events."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Request, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from nas_service.api.converters import search_event
from nas_service.api.dependencies import SearchId
from nas_service.api.event_feed import EventFeeds
from nas_service.api.identity import Reader, TenantStore
from nas_service.api.open_streams import OpenStreams
from nas_service.api.problems import refusals
from nas_service.domain.entities import Event
from nas_service.domain.states import is_over
from nas_service.use_cases.ports import Store
from nas_service.wire.searches import SearchEvent

router = APIRouter(tags=["searches"])

HEARTBEAT_S = 15
MAX_EVENT_ID = 2**53

STREAM: dict[str, Any] = {
    "itemSchema": {
        "type": "object",
        "properties": {
            "id": {"type": "string", "description": "Pass it as `Last-Event-ID` to go on from here."},
            "event": {"type": "string", "description": "The event's kind."},
            "data": {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": SearchEvent.model_json_schema(),
            },
        },
    }
}


@router.get(
    "/v1/searches/{search_id}/events",
    response_class=EventSourceResponse,
    responses={
        200: {"content": {"text/event-stream": STREAM}},
        204: {"description": "The search is over and you have all of its events: do not reconnect"},
        **refusals(404),
    },
)
async def search_events(
    request: Request,
    reader: Reader,
    store: TenantStore,
    search_id: SearchId,
    last_event_id: Annotated[
        int | None,
        Header(
            alias="Last-Event-ID",
            ge=0,
            le=MAX_EVENT_ID,
            description="The last event that you have; the stream goes on after it.",
        ),
    ] = None,
) -> Response:
    """Events from the first on, or after `Last-Event-ID`, as they happen.

    The stream ends when the search is over and all its events are sent; asked again, the answer is 204, at which an
    `EventSource` stops reconnecting. A comment is sent every 15 s while nothing happens.
    """
    streams: OpenStreams = request.app.state.open_streams
    streams.check(reader.tenant)
    start = await run_sync(_start, store, search_id, last_event_id or 0)
    if start is None:
        return Response(status_code=204)
    stream = _stream(streams, request.app.state.event_feeds, reader.tenant, search_id, start)
    return EventSourceResponse(stream, sep="\n", ping=HEARTBEAT_S, ping_message_factory=_heartbeat)


async def _stream(
    streams: OpenStreams, feeds: EventFeeds, tenant: str, search_id: str, last_id: int
) -> AsyncIterator[ServerSentEvent]:
    """Counted from its first byte on, so that one that is never begun is never left over."""
    with streams.counted(tenant):
        async with feeds.feed(search_id, last_id) as feed:
            async for event in feed.listen(last_id):
                yield _message(event)


def _message(event: Event) -> ServerSentEvent:
    return ServerSentEvent(search_event(event).model_dump_json(), id=str(event.id), event=event.kind, sep="\n")


def _heartbeat() -> ServerSentEvent:
    return ServerSentEvent(comment="still here", sep="\n")


def _start(store: Store, search_id: str, asked_id: int) -> int | None:
    """The event to start after: the one asked for, or 0 if this search has no such event. None: nothing will follow.

    Raises NotFoundError.
    """
    with store.read() as uow:
        search = uow.searches.get(search_id)
        known = uow.events.since(search_id, asked_id - 1, limit=1) if asked_id else ()
        start_id = asked_id if known and known[0].id == asked_id else 0
        if is_over(search.status) and not uow.events.since(search_id, start_id, limit=1):
            return None
    return start_id
