"""Downloads that are whole or not there: continued where they broke off, and checked against their sha256."""

import hashlib
import os
import tempfile
import zipfile
from pathlib import Path

from nas_service.client.errors import CorruptDownloadError
from nas_service.client.transport import Transport

PARTIAL_CONTENT = 206


def download(transport: Transport, path: str, to: Path) -> Path:
    """Fetch `path` into the file `to`, which appears only once its checksum has been verified.

    Raises ClientError; CorruptDownloadError where the content differs from what the service stores.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=to.parent, prefix=f".{to.name}.")
    os.close(descriptor)
    partial = Path(name)
    try:
        expected = transport.persist(lambda: _fetch(transport, path, partial))
        with partial.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise CorruptDownloadError(to.name, expected, found)
        # mkstemp makes files that only their owner may read.
        partial.chmod(0o644)
        return partial.replace(to)
    finally:
        partial.unlink(missing_ok=True)


def _fetch(transport: Transport, path: str, partial: Path) -> str:
    """Append what is missing to `partial`; the sha256 that the whole should have."""
    have_bytes = partial.stat().st_size
    headers = {"Accept-Encoding": "identity"}
    if have_bytes:
        headers["Range"] = f"bytes={have_bytes}-"
    with transport.stream(path, headers) as response:
        mode = "ab" if response.status_code == PARTIAL_CONTENT else "wb"
        with partial.open(mode) as file:
            for chunk in response.iter_bytes():
                file.write(chunk)
        return response.headers["etag"].strip('"')


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack a zip into `folder`. Names that would leave it are brought inside by `zipfile`."""
    with zipfile.ZipFile(archive) as bundle:
        bundle.extractall(folder)
    return folder
