"""Artifacts: files named by the sha256 of their content, each with a row in the database."""

import shutil
from pathlib import Path

from nas_service.artifacts.copies import LocalCopies
from nas_service.artifacts.digest import file_sha256
from nas_service.artifacts.files import Files
from nas_service.artifacts.verified import Verified
from nas_service.domain.entities import Artifact
from nas_service.domain.errors import NotFoundError, PermanentError
from nas_service.use_cases.ports import Store, artifact_name


class CorruptArtifactError(PermanentError):
    """A stored file is no longer what its name says; restore it from a backup or delete it and run again."""


class Artifacts:
    """Implements the ArtifactStore port: bytes in `files`, rows in `store`, copies of far files in `copies`."""

    def __init__(self, files: Files, store: Store, copies: LocalCopies) -> None:
        self._files, self._store, self._copies = files, store, copies
        self._verified = Verified()

    def put(self, path: Path, media_type: str) -> Artifact:
        """Store a file. Storing the same content twice stores it once. Raises RetryableError.

        The row comes first: from then on the collector leaves the content alone until it has had the time to be
        referenced, and one that it is just deleting is waited for and written again.
        """
        artifact = Artifact(file_sha256(path), path.stat().st_size, media_type)
        with self._store.write() as uow:
            uow.evidence.add_artifact(artifact)
        name = artifact_name(artifact.sha256)
        if self._files.size_bytes(name) != artifact.size_bytes:
            self._files.put(path, name)
        return artifact

    def open_path(self, sha256: str) -> Path:
        """The file on this machine, verified; open it soon.

        Raises NotFoundError, CorruptArtifactError, and RetryableError where the file store does not answer.
        """
        name = artifact_name(sha256)
        try:
            path = self._files.path(name) or self._copies.get(sha256, lambda to: self._files.fetch(name, to))
            intact = self._verified.holds(path, sha256)
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFoundError("no-such-artifact", f"artifact {sha256} is not stored here") from error
        if not intact:
            self._copies.drop(sha256)
            raise CorruptArtifactError("corrupt-artifact", f"the content of {path} does not match its name")
        return path

    def fetch(self, sha256: str, to: Path) -> Path:
        """A copy of the file at `to`, verified. Raises as `open_path` does."""
        to.parent.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copyfile(self.open_path(sha256), to))
