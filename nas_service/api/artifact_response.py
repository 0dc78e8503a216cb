"""A stored file as an answer: Range, an ETag that is its sha256, and problems where a range cannot be served."""

from typing import Any

from starlette.datastructures import Headers
from starlette.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from nas_service.api.problems import problem_response, refusals

_BYTES = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}

DOWNLOAD: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file; its `ETag` is its sha256", "content": _BYTES["content"]},
    206: {"description": "The part asked for by `Range`", "content": _BYTES["content"]},
    304: {"description": "You have it already"},
    **refusals(404, 410, 416),
}
"""OpenAPI's description of a download."""

REFUSED = {400: "malformed-range", 416: "range-not-satisfiable"}


class ArtifactResponse(FileResponse):
    """A FileResponse whose refusals are problem documents, as all others."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Relays the file; holds back a refusal's plain text and sends a problem in its place."""
        refusal: Message | None = None

        async def relay(message: Message) -> None:
            nonlocal refusal
            if message["type"] == "http.response.start" and message["status"] in REFUSED:
                refusal = message
            elif refusal is None:
                await send(message)

        await super().__call__(scope, receive, relay)
        if refusal is None:
            return
        size = {k: v for k, v in Headers(raw=refusal["headers"]).items() if k == "content-range"}
        detail = "the Range header asks for nothing that this file has; its size is in the artifact's `size_bytes`"
        status = refusal["status"]
        await problem_response(scope, status, REFUSED[status], detail, headers=size)(scope, receive, send)
