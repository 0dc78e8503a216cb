"""Files in a folder of this machine, or of a network file system that several machines mount."""

import os
import shutil
import tempfile
from pathlib import Path

from fsspec.implementations.local import LocalFileSystem

from nas_service.artifacts.files import Files
from nas_service.use_cases.ports import INCOMING


class Folder(Files):
    """Writes beside the place and renames, so that not even a power cut leaves a part of a file under its name."""

    def __init__(self, root: Path) -> None:
        super().__init__(LocalFileSystem(), str(root.absolute()))

    def path(self, name: str) -> Path:
        """Always here."""
        return Path(self._at(name))

    def put(self, source: Path, name: str) -> None:
        """Copy, sync, rename."""
        final = self.path(name)
        with self._reaching(name):
            final.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=final.parent, prefix=f"{INCOMING}{final.name}-")
            try:
                with os.fdopen(handle, "wb") as out, source.open("rb") as content:
                    shutil.copyfileobj(content, out)
                    out.flush()
                    os.fsync(out.fileno())
                os.replace(temporary, final)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
