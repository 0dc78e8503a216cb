"""Downloads that are whole or not there, continued where they broke off and checked by their sha256; and uploads."""

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx

from nas_service.client.effects import Fetch, Flow, OnProgress, SendFile, Work
from nas_service.client.errors import CorruptDownloadError
from nas_service.client.flows import Patience, persist
from nas_service.client.packing import pack_folder
from nas_service.wire.datasets import UploadInfo
from nas_service.wire.searches import SearchDetail

CHECK_TIMEOUT_S = 1800.0
"""How long to wait for the answer to an upload: the service looks at every image first."""


def download(path: str, to: Path, patience: Patience) -> Flow[Path]:
    """Fetch `path` into the file `to`, which appears only once its checksum has been verified.

    Raises ClientError; CorruptDownloadError where the content differs from what the service stores.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=to.parent, prefix=f".{to.name}.")
    os.close(descriptor)
    unfinished = Path(name)
    try:
        expected: str = yield from persist(Fetch(path, unfinished), patience)
        found: str = yield Work(partial(_sha256, unfinished))
        if found != expected:
            raise CorruptDownloadError(to.name, expected, found)
        # mkstemp makes files that only their owner may read.
        unfinished.chmod(0o644)
        return unfinished.replace(to)
    finally:
        unfinished.unlink(missing_ok=True)


def download_bundle(candidate_id: str, folder: Path, patience: Patience) -> Flow[Path]:
    """Fetch and unpack a bundle. Names in it that would leave the folder are brought inside by `zipfile`."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".download-") as passing:
        archive = yield from download(f"/v1/candidates/{candidate_id}/bundle", Path(passing) / "bundle.zip", patience)
        yield Work(partial(_unpack, archive, folder))
    return folder


def upload(path: Path, name: str, on_progress: OnProgress | None, patience: Patience) -> Flow[UploadInfo]:
    """Send a file, or a folder as a zip. Sending it twice does no harm. Raises ClientError."""
    with tempfile.TemporaryDirectory(prefix="nas-upload-") as scratch:
        if path.is_dir():
            pack: Callable[[], Path] = partial(pack_folder, path, Path(scratch, "folder.zip"))
            path = yield Work(pack)
        sent = SendFile("/v1/datasets", path, {"name": name}, CHECK_TIMEOUT_S, on_progress)
        response: httpx.Response = yield from persist(sent, patience)
    return UploadInfo.model_validate_json(response.content)


def import_search(path: Path, on_progress: OnProgress | None, patience: Patience) -> Flow[SearchDetail]:
    """Send an exported search. Sending it twice does no harm. Raises ClientError."""
    sent = SendFile("/v1/searches/import", path, {}, CHECK_TIMEOUT_S, on_progress)
    response: httpx.Response = yield from persist(sent, patience)
    return SearchDetail.model_validate_json(response.content)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpack(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as bundle:
        bundle.extractall(folder)
