"""Local copies of files that live elsewhere, bounded: the ones not used for longest go first."""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

IN_USE_S = 600.0
"""Whoever was given a path may still be about to open it: a copy used this recently stays, whatever the bound."""


class LocalCopies:
    """A folder of at most `limit_bytes`, shared by the processes of a machine. Names are plain file names."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder, self._limit_bytes = folder, limit_bytes

    def get(self, name: str, fetch: Callable[[Path], None]) -> Path:
        """The copy, made by `fetch` if there is none."""
        path = self._folder / name
        if not self._use(path):
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._folder, prefix=".") as scratch:
                fetched = Path(scratch, name)
                fetch(fetched)
                os.replace(fetched, path)
            self._evict()
        return path

    def drop(self, name: str) -> None:
        """Forget a copy that turned out to be damaged."""
        (self._folder / name).unlink(missing_ok=True)

    def _use(self, path: Path) -> bool:
        """Note the use in the access time, which mounts may not keep by themselves; False: no such copy."""
        try:
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
        except FileNotFoundError:
            return False
        return True

    def _evict(self) -> None:
        files = [(entry.stat(), Path(entry)) for entry in os.scandir(self._folder) if entry.is_file()]
        held_bytes = sum(stat.st_size for stat, _ in files)
        for stat, path in sorted(files, key=lambda file: file[0].st_atime):
            if held_bytes <= self._limit_bytes or time.time() - stat.st_atime < IN_USE_S:
                return
            path.unlink(missing_ok=True)
            held_bytes -= stat.st_size
