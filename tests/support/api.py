"""A real service in a folder of its own, and a real server in front of it."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from starlette.types import ASGIApp

from nas_service.bootstrap import Service, bootstrap
from nas_service.settings import Settings
from tests.support.migrated import migrated_home

START_TIMEOUT_S = 60.0


@contextmanager
def plain_logs() -> Iterator[None]:
    """Log lines without structlog's coloured tracebacks, which take seconds each to draw."""
    with_context = structlog.contextvars.merge_contextvars
    structlog.configure(
        [with_context, structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()],
        cache_logger_on_first_use=False,
    )
    yield
    structlog.reset_defaults()


@contextmanager
def new_service(home: Path, **settings: Any) -> Iterator[Service]:
    """A service on an empty, migrated SQLite database in `home`, with these settings."""
    shutil.copytree(migrated_home(), home)
    service = bootstrap(Settings(home=home, **settings))
    try:
        yield service
    finally:
        service.store.engine.dispose()


@contextmanager
def serving(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Serve `app` on a loopback port (by default a free one), in a thread; yields its URL."""
    config = uvicorn.Config(app, port=port, log_level="critical", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    socket = config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, name="test-server")
    thread.start()
    try:
        _wait_until_started(server, thread)
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        socket.close()


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    end_s = time.monotonic() + START_TIMEOUT_S
    while not server.started:
        assert thread.is_alive(), "the test server did not start"
        assert time.monotonic() < end_s, "the test server did not start in time"
        thread.join(timeout=0.01)
