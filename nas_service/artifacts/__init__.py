"""Where files live: in a folder or a bucket, content-addressed, written atomically, verified on read."""

from nas_service.artifacts.digest import file_sha256
from nas_service.artifacts.files import Files
from nas_service.artifacts.open import open_files
from nas_service.artifacts.store import Artifacts, CorruptArtifactError

__all__ = ["Artifacts", "CorruptArtifactError", "Files", "file_sha256", "open_files"]
