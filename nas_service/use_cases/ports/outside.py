"""What lies outside of the database."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Protocol

from nas_service.domain.datasets import UploadFacts
from nas_service.domain.entities import Artifact
from nas_service.use_cases.outbox import Outbox
from nas_service.use_cases.ports.retention import StoredFile


class Dispatcher(Protocol):
    """Tells workers and control what was committed. It may lose, double or delay messages, and never raises."""

    def send(self, outbox: Outbox) -> None: ...
    def missing(self, outbox: Outbox) -> Outbox: ...
    def discard(self, queues: Collection[str]) -> None: ...
    def is_reachable(self) -> bool: ...


INCOMING = ".incoming-"
"""How the name of a file that is still being written begins."""


class FileStore(Protocol):
    """Files by name, in a folder or a bucket: each appears whole, and is replaced whole."""

    def put(self, source: Path, name: str) -> None: ...
    def fetch(self, name: str, to: Path) -> None: ...
    def size_bytes(self, name: str) -> int | None: ...
    def delete(self, name: str) -> None: ...
    def list(self, folder: str = "") -> Iterator[StoredFile]: ...


def artifact_name(sha256: str) -> str:
    """The name under which a content lies in its file store: folders of it stay small."""
    return f"{sha256[:2]}/{sha256}"


class ArtifactStore(Protocol):
    """Files by content (sha256): written atomically, verified on read."""

    def put(self, path: Path, media_type: str) -> Artifact: ...
    def open_path(self, sha256: str) -> Path: ...
    def fetch(self, sha256: str, to: Path) -> Path: ...


class Inspector(Protocol):
    """Reads all of an uploaded file. Raises DatasetError for one that nothing could be learned from."""

    def __call__(self, path: Path) -> UploadFacts: ...
