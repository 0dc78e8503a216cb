"""Decoded data sets on disk: a folder a fingerprint, so that worker processes decode once and share the pages.

A folder appears whole or not at all: it is written beside its place and renamed. A lock lets one process decode
while others wait; the system frees it when its holder dies, and the next one clears what was left half done.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.lib.format import open_memmap

from nas_service.domain.errors import DatasetError

PIXELS = "pixels.npy"
FACTS = "facts.json"
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


def _open(folder: Path, shape: tuple[int, int, int, int]) -> DecodedImages | None:
    try:
        pixels = np.load(folder / PIXELS, mmap_mode="c", allow_pickle=False)
        saved = json.loads((folder / FACTS).read_text())
        facts = Facts(mean=tuple(saved["mean"]), std=tuple(saved["std"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if pixels.shape != shape or pixels.dtype != np.uint8:
        return None
    return DecodedImages(pixels, facts)


def _write(folder: Path, shape: tuple[int, int, int, int], fill: Fill) -> None:
    unfinished = folder.with_suffix(".unfinished")
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
