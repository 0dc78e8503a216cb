"""A split that stays on disk: rows of a file of decoded images, read when asked for."""

import os
import weakref
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor


class PixelFile:
    """Fixed-size rows of bytes in a file, open as long as something uses them, even after the file is unlinked."""

    def __init__(self, path: Path, offset: int, row_bytes: int) -> None:
        self._descriptor = os.open(path, os.O_RDONLY)
        self._offset = offset
        self._row_bytes = row_bytes
        weakref.finalize(self, os.close, self._descriptor)

    def read_into(self, pixels: np.ndarray, row: int) -> None:
        """Fill contiguous `pixels` with whole rows from `row` on. Raises OSError if the file was cut short."""
        buffer = memoryview(pixels.reshape(-1).data)
        position = self._offset + row * self._row_bytes
        done = 0
        while done < len(buffer):
            count = os.preadv(self._descriptor, [buffer[done:]], position + done)
            if count == 0:
                raise OSError(f"decoded images end at byte {position + done}; delete the data cache")
            done += count


@dataclass(frozen=True, eq=False)
class StreamedSplit:
    """Rows `first` to `first + len(labels)` of a pixel file. Reading releases the GIL, so it can run ahead."""

    file: PixelFile
    first: int
    labels: Tensor
    shape: tuple[int, int, int]
    """(height, width, channels) of every image."""

    @property
    def is_streamed(self) -> bool:
        """True: rows come from disk."""
        return True

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self, indices: np.ndarray | slice) -> np.ndarray:
        """See `Split.rows`; always new memory."""
        if isinstance(indices, slice):
            start, stop, _ = indices.indices(len(self))
            pixels = np.empty((stop - start, *self.shape), np.uint8)
            self.file.read_into(pixels, self.first + start)
            return pixels
        pixels = np.empty((len(indices), *self.shape), np.uint8)
        for image, index in zip(pixels, indices.tolist(), strict=True):
            self.file.read_into(image, self.first + index)
        return pixels
