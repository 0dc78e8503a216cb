"""Where files live: content-addressed, written atomically, verified on read."""

from nas_service.artifacts.folder import ArtifactFolder, CorruptArtifactError

__all__ = ["ArtifactFolder", "CorruptArtifactError"]
