"""The application: routes, problems, guards and the OpenAPI page, around one service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware

from nas_service import tracing
from nas_service.api import openapi, problems
from nas_service.api.answers import Answers
from nas_service.api.body_limit import BodyLimit
from nas_service.api.event_feed import EventFeeds
from nas_service.api.event_source import StoredEvents
from nas_service.api.guard import LOOPBACK_HOSTS, Guard
from nas_service.api.instruments import Instruments
from nas_service.api.key_ring import KeyRing
from nas_service.api.open_streams import OpenStreams
from nas_service.api.rate_limits import RateLimits
from nas_service.api.request_log import RequestLog
from nas_service.api.routes import (
    agents,
    artifacts,
    candidates,
    catalog,
    datasets,
    events,
    exchange,
    figures,
    keys,
    operations,
    predictors,
    quotas,
    searches,
    webhooks,
)
from nas_service.api.sessions import Sessions
from nas_service.api.work_feed import Waiting, WorkFeed
from nas_service.bootstrap import Service
from nas_service.dashboard import pages

DOCS = "/docs"

CORS: dict[str, Any] = {
    "allow_methods": ["GET", "POST", "PUT", "DELETE"],
    "allow_headers": ["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Last-Event-ID", "Range"],
    "expose_headers": ["ETag", "Location", "Idempotent-Replay", "Retry-After", "X-Request-ID"],
}
"""For the origins of `cors_origins`; without credentials, for a browser adds none by itself: keys are not cookies."""

INSPECTIONS = 2
"""Uploads inspected at once; each is a process that takes all cores it can get."""

DESCRIPTION = """
Finds small, fast networks for your data on your hardware.

Submit a search, follow it by polling or by its events, read its front, download the bundles of its members.
Errors are problem documents (RFC 9457) with a stable `type`. Field names carry units; times are UTC.
"""


@asynccontextmanager
async def _export_the_last_spans(_: FastAPI) -> AsyncIterator[None]:
    """The server ends its process by the signal that it was sent, past everything that runs at a usual exit."""
    yield
    await run_sync(tracing.flush)


def create_app(service: Service) -> FastAPI:
    """The ASGI application. It owns no process and opens no socket; `nas_service.api.serve` does."""
    app: FastAPI = FastAPIOffline(
        lifespan=_export_the_last_spans,
        docs_url=DOCS,
        redoc_url=None,
        title="NAS service",
        version=version("nas-service"),
        description=DESCRIPTION,
        responses=problems.refusals(400, 401, 403, 422, 429, 500, 503),
        separate_input_output_schemas=False,
        generate_unique_id_function=lambda route: route.name,
        swagger_ui_parameters={"tryItOutEnabled": True, "validatorUrl": None, "docExpansion": "list"},
    )
    app.state.service = service
    app.state.answers = Answers()
    app.state.work_feed = WorkFeed(lambda: _waiting_for_devices(service))
    app.state.inspections = CapacityLimiter(INSPECTIONS)
    app.state.event_feeds = EventFeeds(StoredEvents(service.store))
    app.state.open_streams = OpenStreams(service.settings.event_streams)
    app.state.rate_limits = RateLimits(service.settings)
    app.state.key_ring = KeyRing(service.store)
    app.state.sessions = Sessions(service.settings)
    app.state.instruments = Instruments(service)
    service_parts = (agents, keys, quotas, webhooks, operations)
    work_parts = (searches, exchange, events, figures, candidates, artifacts, datasets, catalog, predictors)
    for part in (*work_parts, *service_parts):
        app.include_router(part.router)
    pages.install(app)
    problems.install(app)
    app.openapi = openapi.corrected(app)  # type: ignore[method-assign]
    # The last one added is the outermost.
    # A page that gets here by DNS rebinding has no key, so only where none is needed the name must be right.
    hosts = None if service.settings.insecure or service.settings.keys_required else LOOPBACK_HOSTS
    app.add_middleware(BodyLimit, own_limits={"/v1/datasets", "/v1/searches/import"})
    origins = service.settings.cors_origins
    if origins:
        app.add_middleware(CORSMiddleware, allow_origins=origins, **CORS)
    app.add_middleware(Guard, hosts=hosts, docs_paths={DOCS}, origins=origins)
    app.add_middleware(RequestLog, instruments=app.state.instruments)
    return app


def _waiting_for_devices(service: Service) -> Waiting:
    with service.store.read() as uow:
        return uow.work.waiting_for_devices()
