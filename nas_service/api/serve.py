"""The API process: `python -m nas_service.api`, configured by NAS_ settings."""

import ipaddress
import sys

import structlog
import uvicorn

from nas_service import logs
from nas_service.api.app import create_app
from nas_service.bootstrap import bootstrap
from nas_service.settings import Settings

log = structlog.get_logger(__name__)

GRACE_S = 5
"""How long open requests may take after a request to stop."""


class ExposedAddressError(Exception):
    """There is no authentication, so other machines must not reach the service."""


def check_address(settings: Settings) -> None:
    """Raises ExposedAddressError for an address that other machines can reach, unless `insecure` is set."""
    if not settings.insecure and not _is_loopback(settings.host):
        raise ExposedAddressError(
            f"refusing to serve on {settings.host}: other machines could reach it, and there is no authentication. "
            "Use NAS_HOST=127.0.0.1, or set NAS_INSECURE=1 if everyone who can reach it may use it"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve(settings: Settings) -> None:
    """Serve until asked to stop by SIGTERM or SIGINT. Raises ExposedAddressError."""
    check_address(settings)
    logs.configure("api")
    config = uvicorn.Config(
        create_app(bootstrap(settings)),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    socket = config.bind_socket()
    socket.listen(config.backlog)  # whoever reads the line below may connect at once
    host, port = socket.getsockname()[:2]
    log.info("serving", url=f"http://{f'[{host}]' if ':' in host else host}:{port}")
    uvicorn.Server(config).run(sockets=[socket])


def main() -> None:
    """Settings from the environment; a refusal is one sentence and a status that is not 0."""
    try:
        serve(Settings())
    except ExposedAddressError as error:
        sys.exit(f"error: {error}")
