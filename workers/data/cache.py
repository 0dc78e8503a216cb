"""Decoded data sets on disk: a folder a fingerprint, so that worker processes decode once and share the pages.

A folder appears whole or not at all: it is written beside its place and renamed. A lock lets one process decode
while others wait; the system frees it when its holder dies, and the next one clears what was left half done.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.lib.format import open_memmap

from nas_service.domain.errors import DatasetError

DECODED = "decoded"
"""Folder of the decoded sets in a cache folder."""
PIXELS = "pixels.npy"
FACTS = "facts.json"
UNFINISHED = ".unfinished"
EVICTING = "evicting.lock"
SPARE_BYTES = 2**26
"""Disk space that decoding leaves free."""

OnWait = Callable[[], None]
"""Called while nothing can be done but to wait; may raise to stop."""
LOCK_POLL_S = 0.5
Fill = Callable[[np.ndarray], "Facts"]
"""Writes all pixels into uint8 (n, h, w, c) and says what it found."""


@dataclass(frozen=True)
class Facts:
    """What is known only after decoding; see `DataSet`."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class DecodedImages:
    """A finished folder's pixels, uint8 (n, h, w, c), in the order of the splits, mapped copy-on-write."""

    pixels: np.memmap
    facts: Facts


def decoded_images(
    folder: Path, shape: tuple[int, int, int, int], fill: Fill, on_wait: OnWait = lambda: None
) -> DecodedImages:
    """Open `folder`, writing it first if it is not there or damaged.

    Raises DatasetError `disk-full`, and whatever `on_wait` raises while another process writes it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_suffix(".lock"), on_wait):
        found = _open(folder, shape)
        if found is None:
            _write(folder, shape, fill)
            found = _open(folder, shape)
    if found is None:
        raise DatasetError("cache-unreadable", f"{folder.name} was written but cannot be read; check the disk")
    return found


@contextmanager
def _locked(path: Path, on_wait: OnWait) -> Iterator[None]:
    lock = FileLock(path, timeout=LOCK_POLL_S)
    while not lock.is_locked:
        try:
            lock.acquire()
        except Timeout:
            on_wait()
    try:
        yield
    finally:
        lock.release()


def evict(cache: Path, limit_bytes: int) -> None:
    """Remove the decoded sets not opened for longest, until those left take no more than `limit_bytes`.

    The newest stays whatever its size. Who reads a removed one goes on: its file is open.
    """
    # Where another process evicts too, or decodes anew what is looked at here, the next load sees to the rest.
    with suppress(Timeout, FileNotFoundError), FileLock(cache / EVICTING, blocking=False):
        _evict(cache, limit_bytes)


def _evict(cache: Path, limit_bytes: int) -> None:
    folders = [path for path in cache.iterdir() if path.is_dir() and path.suffix != UNFINISHED]
    sized = [(path.stat().st_mtime, _size_bytes(path), path) for path in folders]
    held_bytes = sum(size_bytes for _, size_bytes, _ in sized)
    for _, size_bytes, path in sorted(sized)[:-1]:
        if held_bytes <= limit_bytes:
            return
        # Whoever holds its lock is just opening it: it is not the one to go.
        with suppress(Timeout), FileLock(path.with_suffix(".lock"), blocking=False):
            shutil.rmtree(path)
            held_bytes -= size_bytes


def _size_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _open(folder: Path, shape: tuple[int, int, int, int]) -> DecodedImages | None:
    try:
        pixels = np.load(folder / PIXELS, mmap_mode="c", allow_pickle=False)
        saved = json.loads((folder / FACTS).read_text())
        facts = Facts(mean=tuple(saved["mean"]), std=tuple(saved["std"]))
        os.utime(folder)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if pixels.shape != shape or pixels.dtype != np.uint8:
        return None
    return DecodedImages(pixels, facts)


def _write(folder: Path, shape: tuple[int, int, int, int], fill: Fill) -> None:
    unfinished = folder.with_suffix(UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    needed, free = int(np.prod(shape, dtype=np.int64)) + SPARE_BYTES, shutil.disk_usage(folder.parent).free
    if needed > free:
        detail = f"the decoded images need {needed:,} bytes of disk, {free:,} are free; make room or set image_size"
        raise DatasetError("disk-full", detail)
    unfinished.mkdir()
    try:
        pixels = open_memmap(unfinished / PIXELS, mode="w+", dtype=np.uint8, shape=shape)
        facts = fill(pixels)
        pixels.flush()
        (unfinished / FACTS).write_text(json.dumps(asdict(facts)))
        os.replace(unfinished, folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
