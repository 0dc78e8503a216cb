"""No request body may be larger than its reader expects: uploads limit their own, everything else is small."""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nas_service.api.problems import problem_response

MAX_BODY_BYTES = 2 * 2**20


class BodyLimit:
    """Answers 413 for a body that says it is too large, and for one that turns out to be, without reading the rest."""

    def __init__(self, app: ASGIApp, own_limits: Collection[str]) -> None:
        self.app = app
        self.own_limits = own_limits
        """Paths whose routes limit their bodies themselves."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Whatever the application makes of a body that was cut off, the client gets the refusal."""
        if scope["type"] != "http" or scope["path"] in self.own_limits:
            await self.app(scope, receive, send)
            return
        said = Headers(scope=scope).get("content-length", "")
        received_bytes = int(said) if said.isdigit() and int(said) > MAX_BODY_BYTES else 0
        started = False

        async def receive_limited() -> Message:
            nonlocal received_bytes
            message = await receive()
            received_bytes += len(message.get("body", b""))
            # To its reader the client is gone: all of them know what to do then.
            return message if received_bytes <= MAX_BODY_BYTES else {"type": "http.disconnect"}

        async def send_unless_refused(message: Message) -> None:
            nonlocal started
            if received_bytes <= MAX_BODY_BYTES or started:
                started = True
                await send(message)

        if received_bytes == 0:
            try:
                await self.app(scope, receive_limited, send_unless_refused)
            except ClientDisconnect:
                if received_bytes <= MAX_BODY_BYTES:
                    raise
        if received_bytes > MAX_BODY_BYTES and not started:
            detail = f"a request body here has at most {MAX_BODY_BYTES} bytes"
            await problem_response(scope, 413, "body-too-large", detail)(scope, receive, send)
