"""Traces of what becomes of a request, through every process. Off, and free, until `configure` is called.

A trace begins with a request. It goes on in other processes, for the rows of searches and work items, and Celery's
messages, carry the W3C `traceparent` of what made them. Spans bear kinds and ids, never anything that a user wrote.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from nas_service.tracing.exported import Tracer

Kind = Literal["internal", "server", "consumer"]

_tracer: "Tracer | None" = None


class Span:
    """Something that takes time; this one is not traced."""

    def rename(self, name: str) -> None:
        """Where its name is known only at its end."""

    def note(self, **attributes: str | int) -> None:
        """Add what is known only at its end."""

    def discard(self) -> None:
        """Nothing worth telling happened, and nothing was begun in it: it is not exported."""


_UNTRACED = Span()


class TracingMissingError(Exception):
    """Traces are asked for, and what makes them is not installed."""


def configure(process: str) -> None:
    """Trace as `process` from now on, to where the standard OTEL_ variables say. Raises TracingMissingError.

    In a pool of processes it is called after the fork: threads that export do not survive one.
    """
    global _tracer
    try:
        from nas_service.tracing.exported import Tracer, otlp_provider
    except ImportError as error:
        mend = "python -m pip install 'nas-service[tracing]', or unset NAS_TRACING"
        raise TracingMissingError(f"NAS_TRACING is set, and {error.name} is not installed: {mend}") from error
    _tracer = Tracer(otlp_provider(process))


@contextmanager
def span(name: str, parent: str | None = None, kind: Kind = "internal", **ids: str | int | None) -> Iterator[Span]:
    """Trace the block. `parent` is the traceparent of what caused it elsewhere.

    Inside a span of the same trace it becomes a part of that one; inside another trace it links to it.
    """
    if _tracer is None:
        yield _UNTRACED
        return
    with _tracer.span(name, parent, kind) as exported:
        exported.note(**{key: value for key, value in ids.items() if value is not None})
        yield exported


def traceparent() -> str | None:
    """Of the span that is being traced here, for rows and messages to carry on."""
    return _tracer.traceparent() if _tracer is not None else None


def trace_id() -> str | None:
    """Of the span that is being traced here, for log lines."""
    current = traceparent()
    return current.split("-")[1] if current is not None else None


def flush() -> None:
    """Export what is left, before this process ends."""
    if _tracer is not None:
        _tracer.flush()
