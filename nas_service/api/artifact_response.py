"""A stored file as an answer: Range, an ETag that is its sha256, and problems where a range cannot be served."""

import shutil
from pathlib import Path
from typing import Any

from anyio.to_thread import run_sync
from starlette.datastructures import Headers
from starlette.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from nas_service.api.problems import problem_response, refusals

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BYTES = {"content": {"application/octet-stream": _BINARY}}

DOWNLOAD: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file; its `ETag` is its sha256", "content": _BYTES["content"]},
    206: {"description": "The part asked for by `Range`", "content": _BYTES["content"]},
    304: {"description": "You have it already"},
    **refusals(404, 410, 416),
}
"""OpenAPI's description of a download."""

EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file; its `ETag` is its sha256", "content": {"application/zip": _BINARY}},
    206: {"description": "The part asked for by `Range`", "content": {"application/zip": _BINARY}},
    **refusals(404, 409, 416),
}
"""OpenAPI's description of a search in one file."""

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


class PassingFileResponse(ArtifactResponse):
    """A file that was made for this answer, alone in its folder: both go with the answer, whatever becomes of it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As the artifacts."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await run_sync(shutil.rmtree, Path(self.path).parent)
