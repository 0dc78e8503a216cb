"""A data set small enough for unit tests."""

import torch

from workers.data import DataSet
from workers.data.dataset import MemorySplit


def digits() -> DataSet:
    """Eight random 8 x 8 images a split, of ten classes."""
    generator = torch.Generator().manual_seed(0)

    def split() -> MemorySplit:
        images = torch.randint(0, 256, (8, 1, 8, 8), generator=generator, dtype=torch.uint8)
        return MemorySplit(images, torch.arange(8))

    return DataSet("digits", "f" * 64, tuple(map(str, range(10))), (0.5,), (0.5,), split(), split(), split())
