"""The body of an upload: written to disk as it comes, in constant memory, and gone when the request is over."""

import hashlib
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio.to_thread import run_sync
from fastapi import Request
from starlette.requests import ClientDisconnect

from nas_service.api.problems import RefusedRequestError

PREFIX = "upload-"
ABANDONED_S = 24 * 3600.0
"""No upload takes this long."""
BLOCK_BYTES = 2**20
"""Written at once: each write is a trip to a thread."""

MEDIA_TYPES = ("application/zip", "application/x-zip-compressed", "application/octet-stream")
"""What the body may be called; what it is, is seen from its content. Windows' browsers use the second."""


UPLOAD_BODY: dict[str, Any] = {
    "required": True,
    "content": {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in MEDIA_TYPES},
}
"""OpenAPI's description of an upload."""


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A body on disk."""

    path: Path
    sha256: str
    size_bytes: int


def stated_bytes(request: Request, limit_bytes: int) -> int:
    """Length of the body, 0 where the sender does not say it. Raises RefusedRequestError (413) over `limit_bytes`."""
    stated = request.headers.get("content-length", "")
    size_bytes = int(stated) if stated.isdigit() else 0
    if size_bytes > limit_bytes:
        raise _too_large(limit_bytes)
    return size_bytes


@asynccontextmanager
async def received_file(request: Request, folder: Path, limit_bytes: int) -> AsyncIterator[ReceivedFile]:
    """The whole body in a file that lasts as long as the block.

    Raises RefusedRequestError: 413 with the first byte more than `limit_bytes`; 415; 400 where the sender breaks off.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        detail = f"send the file itself as {MEDIA_TYPES[0]} or {MEDIA_TYPES[-1]}, not {media_type or 'without a type'}"
        raise RefusedRequestError(415, "unsupported-media-type", detail)
    await run_sync(make_room, folder)
    with tempfile.TemporaryDirectory(dir=folder, prefix=PREFIX) as scratch:
        yield await _write(request, Path(scratch, "upload"), limit_bytes)


async def _write(request: Request, path: Path, limit_bytes: int) -> ReceivedFile:
    digest, size_bytes, block = hashlib.sha256(), 0, bytearray()
    with path.open("wb", buffering=0) as file:

        def write() -> None:
            digest.update(block)
            file.write(block)
            block.clear()

        try:
            async for chunk in request.stream():
                size_bytes += len(chunk)
                if size_bytes > limit_bytes:
                    raise _too_large(limit_bytes)
                block += chunk
                if len(block) >= BLOCK_BYTES:
                    await run_sync(write)
        except ClientDisconnect as error:
            raise RefusedRequestError(400, "upload-broken-off", "the upload broke off; send it again") from error
        await run_sync(write)
    return ReceivedFile(path, digest.hexdigest(), size_bytes)


def make_room(folder: Path) -> None:
    """The folder, without what a killed process left in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{PREFIX}*"):
        with suppress(FileNotFoundError):  # another process clears it too
            if time.time() - left.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(left)


def _too_large(limit_bytes: int) -> RefusedRequestError:
    detail = f"an upload has at most {limit_bytes:,} bytes here; NAS_MAX_UPLOAD_BYTES of the service sets the limit"
    return RefusedRequestError(413, "body-too-large", detail)
