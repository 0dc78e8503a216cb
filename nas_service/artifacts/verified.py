"""Remembers which files were found intact, so that a download in a hundred ranges is not hashed a hundred times."""

import threading
import time
from collections import OrderedDict
from pathlib import Path

from nas_service.artifacts.digest import file_sha256

TRUSTED_S = 60.0
"""A disk may rot without touching a file's times, so no finding is believed for longer."""
REMEMBERED = 4096

Mark = tuple[int, int, int]


class Verified:
    """Findings of this process."""

    def __init__(self) -> None:
        self._found: OrderedDict[Path, tuple[Mark, float]] = OrderedDict()
        self._lock = threading.Lock()

    def holds(self, path: Path, sha256: str) -> bool:
        """Whether the content of `path` is what `sha256` says. Raises FileNotFoundError."""
        stat = path.stat()
        mark = (stat.st_size, stat.st_mtime_ns, stat.st_ino)
        now_s = time.monotonic()
        with self._lock:
            known, at_s = self._found.get(path, (None, 0.0))
        if known == mark and now_s - at_s < TRUSTED_S:
            return True
        if file_sha256(path) != sha256:
            return False
        with self._lock:
            self._found[path] = (mark, now_s)
            self._found.move_to_end(path)
            if len(self._found) > REMEMBERED:
                self._found.popitem(last=False)
        return True
