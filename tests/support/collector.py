"""A stand-in for a collector of traces: takes OTLP over HTTP, and keeps what real processes send."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class CollectedSpan:
    """One span as it came."""

    process: str
    name: str
    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    """Empty for the first of a trace."""


@dataclass
class Collector:
    """Everything that has come so far."""

    url: str
    spans: list[CollectedSpan] = field(default_factory=list)

    def take(self, body: bytes) -> None:
        """Keep the spans of one request."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = {attribute.key: attribute.value.string_value for attribute in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [
                    CollectedSpan(names["service.name"], s.name, s.trace_id, s.span_id, s.parent_span_id)
                    for s in scope.spans
                ]

    def trace_of(self, name: str) -> list[CollectedSpan]:
        """All spans of the one trace that has a span of this name."""
        ids = {span.trace_id for span in self.spans if span.name == name}
        assert len(ids) <= 1, f"{name} is in {len(ids)} traces"
        return [span for span in self.spans if span.trace_id in ids]


@contextmanager
def running_collector() -> Iterator[Collector]:
    """One on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, name="collector")
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
