"""Named files below one root of an fsspec file system. A file appears whole or not at all."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import structlog
from fsspec import AbstractFileSystem

from nas_service.domain.errors import NotFoundError, RetryableError
from nas_service.use_cases.ports import StoredFile

log = structlog.get_logger()


class Files(ABC):
    """Implements the FileStore port. Names are relative paths with slashes.

    Methods raise RetryableError `file-store-unavailable` where the file system fails.
    """

    faults: tuple[type[Exception], ...] = (OSError,)
    """What the file system raises when it fails."""

    def __init__(self, fs: AbstractFileSystem, root: str) -> None:
        self._fs, self.root = fs, root.rstrip("/")

    @abstractmethod
    def put(self, source: Path, name: str) -> None:
        """Copy a local file in, over an older one of this name."""

    @abstractmethod
    def path(self, name: str) -> Path | None:
        """Where the file lies on this machine; None where it has to be fetched."""

    def fetch(self, name: str, to: Path) -> None:
        """Copy a file out. Raises NotFoundError."""
        with self._reaching(name):
            self._fs.get_file(self._at(name), str(to))

    def size_bytes(self, name: str) -> int | None:
        """How large the file is; None where it does not exist."""
        try:
            with self._reaching(name):
                return int(self._fs.info(self._at(name))["size"])
        except NotFoundError:
            return None

    def delete(self, name: str) -> None:
        """Remove a file; harmless if it is not there."""
        try:
            with self._reaching(name):
                self._fs.rm_file(self._at(name))
        except NotFoundError:
            return

    def list(self, folder: str = "") -> Iterator[StoredFile]:
        """Every file in and below `folder`, unfinished ones included."""
        with self._reaching(folder):
            found = self._fs.find(self._at(folder), detail=True, withdirs=False)
        for path, info in found.items():
            yield StoredFile(path[len(self.root) + 1 :], int(info["size"]), _modified_at_s(info))

    def _at(self, name: str) -> str:
        return f"{self.root}/{name}" if name else self.root

    @contextmanager
    def _reaching(self, name: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise NotFoundError("no-such-file", f"{name} is not stored here") from error
        except self.faults as error:
            # The reason may name buckets, paths and accounts: it is for the log, not for clients.
            log.warning("the file store failed", root=self.root, file=name, error=str(error))
            detail = f"the file store failed ({type(error).__name__}); check NAS_ARTIFACTS_URL and the log, try again"
            raise RetryableError("file-store-unavailable", detail) from error


def _modified_at_s(info: dict[str, object]) -> float:
    """Seconds since the epoch; fsspec's file systems name it as their own systems do."""
    modified = info.get("LastModified", info.get("mtime"))
    if isinstance(modified, datetime):
        return modified.timestamp()
    assert isinstance(modified, float | int)
    return float(modified)
