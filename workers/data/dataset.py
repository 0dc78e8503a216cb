"""A data set as training, export and verification know it: three splits of uint8 images, and how to normalise."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor


class Split(Protocol):
    """Labelled images behind one reading interface, whether they lie in memory or on disk."""

    @property
    def labels(self) -> Tensor:
        """int64 (n,), each from 0 to the number of classes - 1."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of every image."""

    @property
    def is_streamed(self) -> bool:
        """Whether reading may wait for a disk, so that it is worth reading ahead."""

    def __len__(self) -> int: ...

    def rows(self, indices: np.ndarray | slice) -> np.ndarray:
        """uint8 (n, height, width, channels), contiguous. For a slice it may be a view: do not write to it."""


@dataclass(frozen=True, eq=False)
class MemorySplit:
    """A split held as two tensors; images are uint8 (n, channels, height, width) in channels_last memory order."""

    images: Tensor
    labels: Tensor
    _pixels: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.images.dtype != torch.uint8 or self.images.ndim != 4:
            raise ValueError(f"images must be uint8 (n, c, h, w), not {self.images.dtype} {tuple(self.images.shape)}")
        if self.labels.dtype != torch.int64 or self.labels.shape != self.images.shape[:1]:
            found = f"{self.labels.dtype} {tuple(self.labels.shape)}"
            raise ValueError(f"labels must be int64 ({len(self.images)},), not {found}")
        object.__setattr__(self, "images", self.images.contiguous(memory_format=torch.channels_last))
        object.__setattr__(self, "_pixels", self.images.permute(0, 2, 3, 1).numpy())

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of every image."""
        _, height, width, channels = self._pixels.shape
        return height, width, channels

    @property
    def is_streamed(self) -> bool:
        """False: rows are a memory copy away."""
        return False

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self, indices: np.ndarray | slice) -> np.ndarray:
        """See `Split.rows`."""
        return self._pixels[indices]


@dataclass(frozen=True, eq=False)
class DataSet:
    """Ready for training. `mean` and `std` are those of `train` alone, per channel, of pixels in [0, 1]."""

    name: str
    fingerprint: str
    """sha256 (hex) of the content and of the rules that decoded and split it."""
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    train: Split
    validation: Split
    """What the search selects on."""
    test: Split
    """Touched once for each finalized candidate."""

    @property
    def height(self) -> int:
        """Pixels."""
        return self.train.shape[0]

    @property
    def width(self) -> int:
        """Pixels."""
        return self.train.shape[1]

    @property
    def channels(self) -> int:
        """1 (grey) or 3 (RGB)."""
        return self.train.shape[2]
