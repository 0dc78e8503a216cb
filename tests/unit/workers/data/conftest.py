"""Small data sets: random images in memory, and folders of real image files."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.image_folders import make_image_folder
from workers.data.dataset import DataSet, MemorySplit


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def random_set() -> Callable[..., DataSet]:
    """Make a data set of random pixels; every split has `count` samples, and image i of a split has label i % 4."""

    def make(count: int = 50, channels: int = 3, height: int = 8, width: int = 12) -> DataSet:
        rng = np.random.default_rng(0)

        def split() -> MemorySplit:
            pixels = rng.integers(0, 256, (count, channels, height, width), dtype=np.uint8)
            return MemorySplit(torch.from_numpy(pixels), torch.arange(count) % 4)

        return DataSet(
            name="random",
            fingerprint="0" * 64,
            classes=("a", "b", "c", "d"),
            mean=(0.5, 0.4, 0.3)[:channels],
            std=(0.25, 0.2, 0.3)[:channels],
            train=split(),
            validation=split(),
            test=split(),
        )

    return make


@pytest.fixture
def image_folder(tmp_path: Path) -> Callable[..., Path]:
    """Write PNG files into tmp_path/photos/<class>: see `make_image_folder`."""
    return partial(make_image_folder, tmp_path / "photos")
