"""Spans by OpenTelemetry's SDK. The only file that imports it; the extra `tracing` brings it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from nas_service import tracing

HTTP_NAMES = {
    "http_method": "http.request.method",
    "http_route": "http.route",
    "http_status": "http.response.status_code",
}

_PROPAGATOR = TraceContextTextMapPropagator()
_HEADER = "traceparent"


def otlp_provider(process: str) -> TracerProvider:
    """Exports in the background by OTLP over HTTP, as the OTEL_ variables say."""
    name = os.environ.get("OTEL_SERVICE_NAME", f"nas-{process}")
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


class Exported(tracing.Span):
    """A span that is exported when its block ends."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self.discarded = False

    def rename(self, name: str) -> None:
        """Change its name."""
        self._span.update_name(name)

    def note(self, **attributes: str | int) -> None:
        """Add attributes: `http_...` in the words of OpenTelemetry's conventions, all others as `nas.NAME`."""
        for name, value in attributes.items():
            self._span.set_attribute(HTTP_NAMES.get(name, f"nas.{name}"), value)

    def discard(self) -> None:
        """OpenTelemetry exports what ends."""
        self.discarded = True

    def end(self, error: BaseException | None) -> None:
        """Of an error only its type: its words may be a user's."""
        if error is not None:
            self._span.set_status(trace.StatusCode.ERROR, type(error).__name__)
        if not self.discarded:
            self._span.end()


class Tracer:
    """Makes spans of one provider."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("nas_service")

    @contextmanager
    def span(self, name: str, parent: str | None, kind: tracing.Kind) -> Iterator[Exported]:
        """A span around the block."""
        # What a server answers was caused elsewhere: a kept connection may still bear the request before this one.
        context = Context() if kind == "server" else None
        here = trace.get_current_span(context).get_span_context()
        links = []
        if parent is not None:
            caused = _PROPAGATOR.extract({_HEADER: parent})
            if trace.get_current_span(caused).get_span_context().trace_id != here.trace_id:
                context, links = caused, [trace.Link(here)] if here.is_valid else []
        span = self._tracer.start_span(name, context, trace.SpanKind[kind.upper()], links=links)
        exported, error = Exported(span), None
        try:
            with trace.use_span(span, record_exception=False, set_status_on_exception=False):
                yield exported
        except BaseException as raised:
            error = raised
            raise
        finally:
            exported.end(error)

    def traceparent(self) -> str | None:
        """Of the current span."""
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        return carrier.get(_HEADER)

    def flush(self) -> None:
        """Export what is left."""
        self._provider.force_flush()
