"""The API process: `python -m nas_service.api`, configured by NAS_ settings."""

import sys
from collections.abc import Callable

import structlog
import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from nas_service import logs, tracing
from nas_service.api.app import create_app
from nas_service.bootstrap import Service, bootstrap
from nas_service.settings import Settings

log = structlog.get_logger(__name__)

GRACE_S = 5
"""How long open requests may take after a request to stop."""


class ExposedAddressError(Exception):
    """Other machines could reach the service without anybody having decided that they may."""


def check_address(settings: Settings, has_keys: Callable[[], bool]) -> None:
    """Raises ExposedAddressError for an address that other machines can reach, unless keys or `insecure` are set."""
    if settings.insecure or not settings.is_exposed:
        return
    if not settings.keys_required:
        missing = "NAS_REQUIRE_KEYS is off. Leave it unset"
    elif not has_keys():
        missing = "there is no API key yet. Make the first one with `nas keys create NAME`"
    else:
        return
    raise ExposedAddressError(
        f"refusing to serve on {settings.host}: other machines could reach it, and {missing}; or use "
        "NAS_HOST=127.0.0.1; or set NAS_INSECURE=1 (`--insecure`) if everyone who can reach it may use it"
    )


def _has_keys(service: Service) -> bool:
    try:
        with service.store.read() as uow:
            return uow.keys.any_active()
    except SQLAlchemyError as error:
        raise ExposedAddressError(
            f"the API keys cannot be read ({type(error).__name__}): check NAS_DATABASE_URL, then run `nas migrate`"
        ) from error


def serve(settings: Settings) -> None:
    """Serve until asked to stop by SIGTERM or SIGINT. Raises ExposedAddressError."""
    service = bootstrap(settings)
    check_address(settings, lambda: _has_keys(service))
    logs.configure("api")
    if settings.tracing:
        tracing.configure("api")
    config = uvicorn.Config(
        create_app(service),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    socket = config.bind_socket()
    socket.listen(config.backlog)  # whoever reads the line below may connect at once
    host, port = socket.getsockname()[:2]
    log.info("serving", url=f"http://{f'[{host}]' if ':' in host else host}:{port}")
    if settings.is_exposed and not settings.keys_required:
        log.warning("everyone who can reach this address may do everything", host=settings.host, mend="nas keys create")
    uvicorn.Server(config).run(sockets=[socket])


def main() -> None:
    """Settings from the environment; a refusal is one sentence and a status that is not 0."""
    try:
        serve(Settings())
    except ExposedAddressError as error:
        sys.exit(f"error: {error}")
