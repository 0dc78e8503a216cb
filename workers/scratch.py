"""Temporary files of one worker process, in a folder that the next worker removes where this one is killed."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

PREFIX = "nas-worker-"
UNLOCKED_PREFIX = "nas-new-worker-"


class Scratch:
    """While the block runs, `tempfile` makes everything in a folder of this process.

    The folder is locked as long as the process lives, whatever ends it. So an unlocked one belongs to nobody: those of
    this user are removed, before and after.
    """

    def __enter__(self) -> Self:
        self._before = tempfile.tempdir
        _remove_abandoned(Path(tempfile.gettempdir()))
        unlocked = Path(tempfile.mkdtemp(prefix=UNLOCKED_PREFIX))
        self._lock = os.open(unlocked, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.folder = unlocked.rename(unlocked.with_name(unlocked.name.replace(UNLOCKED_PREFIX, PREFIX)))
        tempfile.tempdir = str(self.folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tempfile.tempdir = self._before
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)
        _remove_abandoned(self.folder.parent)


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            continue  # another user's, or just removed by another worker
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)
