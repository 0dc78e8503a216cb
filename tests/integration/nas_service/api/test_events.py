"""Server-sent events, read from a real server: history, news, taking up again, the end."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event as sqlalchemy_event
from starlette.testclient import TestClient

from nas_service.api.open_streams import OpenStreams
from nas_service.api.routes import events as events_route
from nas_service.bootstrap import Service
from nas_service.client.event_stream import messages
from nas_service.search.memories import SqlMemories
from nas_service.use_cases import control
from nas_service.use_cases.advance import advance
from tests.support.api import serving
from tests.support.waiting import wait_for

WAIT_S = 20.0


@pytest.fixture
def url(app: FastAPI) -> Iterator[str]:
    """The application behind a real server: a test client would buffer the stream."""
    with serving(app) as url:
        yield url


class Listener(threading.Thread):
    """Collects one stream's events until the server ends it."""

    def __init__(self, url: str, search_id: str, last_id: int | None = None) -> None:
        super().__init__()
        self.url = f"{url}/v1/searches/{search_id}/events"
        self.headers = {} if last_id is None else {"Last-Event-ID": str(last_id)}
        self.events: list[dict[str, Any]] = []
        self.status = 0
        self.connected = threading.Event()

    def run(self) -> None:
        with httpx.stream("GET", self.url, headers=self.headers, timeout=WAIT_S) as answer:
            self.status = answer.status_code
            for data in messages(answer.iter_bytes()):
                self.events.append(json.loads(data))
                self.connected.set()

    def to_end(self) -> list[dict[str, Any]]:
        """Every event, once the stream has ended."""
        self.join(WAIT_S)
        assert not self.is_alive(), "the stream did not end"
        return self.events


def _listen(url: str, search_id: str, last_id: int | None = None) -> Listener:
    listener = Listener(url, search_id, last_id)
    listener.start()
    return listener


def _stored_ids(service: Service, search_id: str) -> list[int]:
    with service.store.read() as uow:
        return [event.id for event in uow.events.since(search_id, 0, 1000)]


def test_a_finished_search_sends_its_whole_history_and_ends(url: str, service: Service, finished_id: str) -> None:
    events = _listen(url, finished_id).to_end()
    assert [event["id"] for event in events] == _stored_ids(service, finished_id)
    assert events[0]["kind"] == "search.submitted"
    assert events[-1]["payload"]["status"] == "SUCCEEDED"


def test_listeners_hear_what_happens_and_end_with_the_search(url: str, service: Service, search_id: str) -> None:
    listeners = [_listen(url, search_id) for _ in range(3)]
    for listener in listeners:
        assert listener.connected.wait(WAIT_S)
    control.pause(service.store, search_id)
    control.cancel(service.store, search_id)
    advance(service.store, SqlMemories(), search_id)
    for listener in listeners:
        events = listener.to_end()
        assert [event["id"] for event in events] == _stored_ids(service, search_id)
        statuses = [event["payload"]["status"] for event in events if event["kind"] == "search.status"]
        assert statuses == ["PAUSED", "CANCELLING", "CANCELLED"]


def test_a_stream_is_taken_up_after_the_last_event(url: str, service: Service, finished_id: str) -> None:
    ids = _stored_ids(service, finished_id)
    events = _listen(url, finished_id, last_id=ids[3]).to_end()
    assert [event["id"] for event in events] == ids[4:]


def test_after_the_last_event_of_a_finished_search_there_is_nothing(
    url: str, service: Service, finished_id: str
) -> None:
    listener = _listen(url, finished_id, last_id=_stored_ids(service, finished_id)[-1])
    assert listener.to_end() == []
    assert listener.status == 204


def test_an_id_that_the_search_does_not_have_gives_everything(url: str, service: Service, finished_id: str) -> None:
    ids = _stored_ids(service, finished_id)
    events = _listen(url, finished_id, last_id=ids[-1] + 1000).to_end()
    assert [event["id"] for event in events] == ids


def test_a_deleted_search_ends_its_streams(url: str, service: Service, search_id: str) -> None:
    listener = _listen(url, search_id)
    assert listener.connected.wait(WAIT_S)
    with service.store.write() as uow:
        uow.searches.delete(search_id)
    assert [event["kind"] for event in listener.to_end()] == ["search.submitted"]


def test_silence_is_broken_by_heartbeats(url: str, search_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_route, "HEARTBEAT_S", 0.05)
    with httpx.stream("GET", f"{url}/v1/searches/{search_id}/events", timeout=WAIT_S) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert any(line == ": still here" for line in answer.iter_lines())


def test_the_database_is_not_read_more_often_for_more_listeners(url: str, service: Service, search_id: str) -> None:
    listeners = [_listen(url, search_id) for _ in range(20)]
    for listener in listeners:
        assert listener.connected.wait(WAIT_S)
    control.cancel(service.store, search_id)
    reads: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "FROM events" in statement:
            reads.append(statement)

    sqlalchemy_event.listen(service.store.engine, "before_cursor_execute", note)
    advance(service.store, SqlMemories(), search_id)
    for listener in listeners:
        assert listener.to_end()[-1]["payload"]["status"] == "CANCELLED"
    assert len(reads) < len(listeners)


def test_a_tenant_holds_a_limited_number_of_streams_open_and_closing_one_makes_room(
    app: FastAPI, url: str, search_id: str
) -> None:
    app.state.open_streams = OpenStreams(most=1)
    events = f"{url}/v1/searches/{search_id}/events"
    with httpx.stream("GET", events, timeout=WAIT_S) as first:
        lines = first.iter_lines()
        next(lines)
        refused = httpx.get(events)
        assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-streams")
        assert int(refused.headers["Retry-After"]) > 0
    wait_for(lambda: not app.state.open_streams.count("default"), "the closed stream to be let go", WAIT_S)
    with httpx.stream("GET", events, timeout=WAIT_S) as again:
        assert again.status_code == 200


def test_a_malformed_last_event_id_is_refused(client: TestClient, search_id: str) -> None:
    answer = client.get(f"/v1/searches/{search_id}/events", headers={"Last-Event-ID": "new"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "header.Last-Event-ID"
