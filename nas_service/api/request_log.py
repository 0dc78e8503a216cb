"""Outermost around every request: its id, one structured log line, its latency, and the answer of last resort."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nas_service import tracing
from nas_service.api.instruments import Instruments
from nas_service.api.problems import HIDDEN_DETAIL, problem_response

REQUEST_ID = "X-Request-ID"
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

log = structlog.get_logger(__name__)


class RequestLog:
    """Logs routes, never query strings, headers or bodies: they may hold secrets."""

    def __init__(self, app: ASGIApp, instruments: Instruments) -> None:
        self.app = app
        self.instruments = instruments

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An unexpected error becomes a problem without internals; the log has the trace."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        started_s = time.perf_counter()
        with _traced(scope) as span, structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_id)
            except Exception:
                log.exception("request failed", method=scope["method"], route=_route(scope))
                if status:
                    raise
                response = problem_response(scope, 500, "internal-error", HIDDEN_DETAIL)
                await response(scope, receive, send_with_id)
            finally:
                self._record(scope, status, time.perf_counter() - started_s)
                span.rename(f"{scope['method']} {_route(scope)}")
                span.note(http_method=scope["method"], http_route=_route(scope), http_status=status)

    def _record(self, scope: Scope, status: int, duration_s: float) -> None:
        method, route = scope["method"], _route(scope)
        self.instruments.answered(method, route, status, duration_s)
        log.info("request", method=method, route=route, status=status, duration_ms=round(duration_s * 1000, 2))


@contextmanager
def _traced(scope: Scope) -> Iterator[tracing.Span]:
    """Probes and scrapes come all day long, and a stream of events lasts as long as its search."""
    path: str = scope["path"]
    if not path.startswith("/v1/") or path.endswith("/events"):
        yield tracing.Span()
        return
    with tracing.span("request", Headers(scope=scope).get("traceparent"), "server") as span:
        yield span


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(REQUEST_ID, "")
    return given if _ACCEPTABLE_ID.fullmatch(given) else uuid4().hex


def _route(scope: Scope) -> str:
    """The route's template: ids in metric labels would make a series each. The OpenAPI page's own files have none."""
    return str(getattr(scope.get("route"), "path", "other"))
