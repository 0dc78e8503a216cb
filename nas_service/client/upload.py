"""Uploads: sent as they are read, and packed first where they are folders."""

import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from nas_service.client.transport import Transport
from nas_service.wire.datasets import UploadInfo

BLOCK_BYTES = 2**18
CHECK_TIMEOUT_S = 1800.0
"""How long to wait for an answer: the service looks at every image first."""
FIRST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)

OnProgress = Callable[[int, int], None]


def upload(transport: Transport, path: Path, name: str, on_progress: OnProgress | None) -> UploadInfo:
    """Upload a file, or a folder as a zip. Sending it twice does no harm. Raises ClientError."""
    if path.is_file():
        return _send(transport, path, name, on_progress)
    with tempfile.TemporaryDirectory(prefix="nas-upload-") as scratch:
        return _send(transport, pack_folder(path, Path(scratch, "folder.zip")), name, on_progress)


def pack_folder(folder: Path, to: Path) -> Path:
    """Pack all files that are not hidden, such that equal folders give equal bytes wherever they are packed.

    Names are sorted, dates left out, and nothing is compressed: compressors differ, and images are compressed already.
    """
    files = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(to, "w", zipfile.ZIP_STORED) as archive:
        for name, path in files:
            if any(part.startswith(".") for part in name.split("/")):
                continue
            info = zipfile.ZipInfo(name, FIRST_ZIP_DATE)
            info.create_system, info.external_attr = 3, 0o100644 << 16
            info.file_size = path.stat().st_size
            with path.open("rb") as source, archive.open(info, "w") as packed:
                while block := source.read(BLOCK_BYTES):
                    packed.write(block)
    return to


def _send(transport: Transport, path: Path, name: str, on_progress: OnProgress | None) -> UploadInfo:
    size_bytes = path.stat().st_size

    def once() -> httpx.Response:
        return transport.attempt(
            "POST",
            "/v1/datasets",
            params={"name": name},
            content=_blocks(path, size_bytes, on_progress),
            headers={"Content-Type": "application/octet-stream", "Content-Length": str(size_bytes)},
            timeout=httpx.Timeout(transport.timeout_s, read=CHECK_TIMEOUT_S),
        )

    return UploadInfo.model_validate_json(transport.persist(once).content)


def _blocks(path: Path, size_bytes: int, on_progress: OnProgress | None) -> Iterator[bytes]:
    sent_bytes = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block
            sent_bytes += len(block)
            if on_progress is not None:
                on_progress(sent_bytes, size_bytes)
