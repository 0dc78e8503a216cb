"""Artifacts in a local folder, each named by the sha256 of its content."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from nas_service.domain.entities import Artifact
from nas_service.domain.errors import NotFoundError, PermanentError


class CorruptArtifactError(PermanentError):
    """A stored file is no longer what its name says; restore it from a backup or delete it and run again."""


class ArtifactFolder:
    """Implements the ArtifactStore port on `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def put(self, path: Path, media_type: str) -> Artifact:
        """Copy a file in. Storing the same content twice stores it once."""
        sha256 = file_sha256(path)
        final = self._path(sha256)
        if not final.exists():
            final.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=final.parent, prefix=".incoming-")
            with os.fdopen(handle, "wb") as out, path.open("rb") as source:
                shutil.copyfileobj(source, out)
                out.flush()
                os.fsync(out.fileno())
            os.replace(temporary, final)
        return Artifact(sha256, final.stat().st_size, media_type)

    def open_path(self, sha256: str) -> Path:
        """The file, verified. Raises NotFoundError and CorruptArtifactError."""
        path = self._path(sha256)
        if not path.exists():
            raise NotFoundError("no-such-artifact", f"artifact {sha256} is not stored here")
        if file_sha256(path) != sha256:
            raise CorruptArtifactError("corrupt-artifact", f"the content of {path} does not match its name")
        return path

    def fetch(self, sha256: str, to: Path) -> Path:
        """A copy of the file at `to`, verified. Raises NotFoundError and CorruptArtifactError."""
        to.parent.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copyfile(self.open_path(sha256), to))

    def _path(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256


def file_sha256(path: Path) -> str:
    """The sha256 of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
