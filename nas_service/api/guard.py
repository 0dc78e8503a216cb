"""What a browser on this machine must not be talked into: foreign hosts, cross-site writes, sniffing, framing."""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nas_service.api.problems import problem_response

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}

NO_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"

DOCS_CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'none'"
)
"""The OpenAPI page starts itself by an inline script."""


class Guard:
    """Checks `Host` and `Origin`, and adds security headers to every answer that does not bring its own.

    Without the first, a web page could reach this service by a name of its own that resolves to loopback (DNS
    rebinding); without the second, by a form that needs no permission (CSRF). `hosts` None accepts every name.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Collection[str] | None,
        docs_paths: Collection[str],
        origins: Collection[str] = (),
    ) -> None:
        self.app = app
        self.origins = origins
        """Of other sites whose pages may write here."""
        self.hosts = hosts
        self.docs_paths = docs_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuses with 400 or 403, or lets the request pass."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        policy = DOCS_CONTENT_POLICY if scope["path"] in self.docs_paths else NO_CONTENT_POLICY

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in {**HEADERS, "Content-Security-Policy": policy}.items():
                    headers.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self.hosts is not None and _name(host) not in self.hosts:
            detail = f"this service answers to {', '.join(sorted(self.hosts))} only, not to {_name(host)!r}"
            refusal = problem_response(scope, 400, "unknown-host", detail)
            await refusal(scope, receive, send_guarded)
        elif scope["method"] not in SAFE_METHODS and not self._may_write(headers.get("origin"), host):
            refusal = problem_response(
                scope, 403, "cross-origin", "pages of other origins may not change anything here"
            )
            await refusal(scope, receive, send_guarded)
        else:
            await self.app(scope, receive, send_guarded)

    def _may_write(self, origin: str | None, host: str) -> bool:
        """Clients other than browsers send no origin."""
        return origin is None or origin in self.origins or origin.partition("://")[2] == host


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
