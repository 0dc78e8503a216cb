"""Spans in memory: what is a part of what, and what they do not tell."""

import sys
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

from nas_service import tracing
from nas_service.bootstrap import Service
from nas_service.domain.entities import WorkItem
from nas_service.search.memories import SqlMemories
from nas_service.tracing.exported import Tracer
from nas_service.use_cases.advance import advance
from tests.integration.nas_service.api.conftest import SPEC

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Everything that was traced and has ended."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", Tracer(provider))
    yield exporter
    provider.shutdown()


def named(spans: InMemorySpanExporter, name: str) -> ReadableSpan:
    (span,) = [span for span in spans.get_finished_spans() if span.name == name]
    return span


def only_item(service: Service, search_id: str) -> WorkItem:
    with service.store.read() as uow:
        (item,) = uow.work.open(search_id)
    return item


def test_a_decision_is_a_part_of_the_request_that_led_to_it(
    client: TestClient, service: Service, spans: InMemorySpanExporter
) -> None:
    search_id = client.post("/v1/searches", json=SPEC, headers={"traceparent": CALLER}).json()["id"]
    advance(service.store, SqlMemories(), search_id)
    request, decision = named(spans, "POST /v1/searches"), named(spans, "advance")
    assert request.parent is not None
    assert request.parent.span_id == int(CALLER.split("-")[2], 16)
    assert decision.parent is not None
    assert decision.parent.span_id == request.context.span_id
    carried = (only_item(service, search_id).traceparent or "").split("-")
    assert [int(part, 16) for part in carried[1:3]] == [decision.context.trace_id, decision.context.span_id]


def test_spans_tell_ids_and_nothing_that_a_user_wrote(
    client: TestClient, service: Service, spans: InMemorySpanExporter
) -> None:
    headers = {"Idempotency-Key": "key-of-mine", "User-Agent": "a-client-of-mine", "Cookie": "mine=1"}
    search_id = client.post("/v1/searches?by=me", json=SPEC, headers=headers).json()["id"]
    advance(service.store, SqlMemories(), search_id)
    told = [span.to_json() for span in spans.get_finished_spans()]
    assert any(search_id in span for span in told)
    assert not any(word in span for span in told for word in ("made-up", "digits", "mine", "by=me"))


def test_a_decision_that_changes_nothing_is_not_exported(
    client: TestClient, service: Service, spans: InMemorySpanExporter
) -> None:
    search_id = client.post("/v1/searches", json=SPEC).json()["id"]
    advance(service.store, SqlMemories(), search_id)
    spans.clear()
    advance(service.store, SqlMemories(), search_id)
    assert spans.get_finished_spans() == ()


def test_a_span_nests_in_its_own_trace_and_links_to_another(spans: InMemorySpanExporter) -> None:
    with tracing.span("cause"):
        cause = tracing.traceparent()
        with tracing.span("sent", cause), tracing.span("nested", cause):
            pass
    with tracing.span("elsewhere"), tracing.span("linked", cause):
        pass
    nested, linked = named(spans, "nested"), named(spans, "linked")
    assert nested.parent is not None
    assert nested.parent.span_id == named(spans, "sent").context.span_id
    assert linked.parent is not None
    assert linked.parent.span_id == named(spans, "cause").context.span_id
    assert [link.context for link in linked.links] == [named(spans, "elsewhere").context]


def test_an_error_is_told_by_its_type_alone(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="of mine"), tracing.span("failing"):
        raise ValueError("a word of mine")
    failing = named(spans, "failing")
    assert failing.status.description == "ValueError"
    assert "mine" not in failing.to_json()


def test_probes_are_not_traced(client: TestClient, spans: InMemorySpanExporter) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        client.get(path)
    assert spans.get_finished_spans() == ()


def test_nothing_is_carried_where_nothing_is_traced(client: TestClient, service: Service, search_id: str) -> None:
    advance(service.store, SqlMemories(), search_id)
    assert only_item(service, search_id).traceparent is None


def test_what_is_missing_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "nas_service.tracing.exported")
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(tracing.TracingMissingError, match=r"opentelemetry.*pip install 'nas-service\[tracing\]'"):
        tracing.configure("test")


def test_a_request_is_no_part_of_the_one_that_its_connection_served_before(spans: InMemorySpanExporter) -> None:
    with tracing.span("before", kind="server"), tracing.span("after", kind="server"):
        pass
    after = named(spans, "after")
    assert (after.parent, list(after.links)) == (None, [])
