"""What a reader of one kind of data set hands on: labels at once, pixels when asked, in a fixed order of samples."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

CHUNK_BYTES = 64 * 2**20
"""Decoded pixels that a reader hands on at a time."""


class Part(IntEnum):
    """Which split a sample was assigned to by the set itself; what is not set aside may be split further."""

    TRAIN = 0
    VALIDATION = 1
    TEST = 2


@dataclass(frozen=True, eq=False)
class Source:
    """A data set that was found and looked over, but not decoded. Samples have the same order on any machine."""

    classes: tuple[str, ...]
    labels: np.ndarray
    """int64 (n,) indices into `classes`."""
    parts: np.ndarray
    """int8 (n,) `Part` of each sample."""
    shape: tuple[int, int, int]
    """(height, width, channels) of each decoded image."""
    content_hash: str
    """sha256 (hex) of everything that decides pixels, labels and order."""
    chunks: Callable[[], Iterator[np.ndarray]]
    """Decode all samples in order, as uint8 (m, height, width, channels); raises `DatasetError`."""

    @property
    def decoded_bytes(self) -> int:
        """Size of all decoded images."""
        height, width, channels = self.shape
        return len(self.labels) * height * width * channels


def chunk_length(shape: tuple[int, int, int]) -> int:
    """Images of `shape` that make a chunk."""
    height, width, channels = shape
    return max(1, min(4096, CHUNK_BYTES // (height * width * channels)))
