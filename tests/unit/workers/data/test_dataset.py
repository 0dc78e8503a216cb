"""A memory split refuses what it could not read correctly."""

import numpy as np
import pytest
import torch

from workers.data import MemorySplit


def test_rows_are_the_images_with_channels_last() -> None:
    images = torch.arange(2 * 3 * 4 * 5, dtype=torch.uint8).view(2, 3, 4, 5)
    split = MemorySplit(images, torch.tensor([0, 1]))
    assert split.shape == (4, 5, 3)
    assert np.array_equal(split.rows(np.array([1])), images[1:].permute(0, 2, 3, 1).numpy())
    assert torch.equal(split.images, images)


def test_channels_last_memory_is_not_copied() -> None:
    images = torch.zeros(2, 3, 4, 5, dtype=torch.uint8).contiguous(memory_format=torch.channels_last)
    assert MemorySplit(images, torch.tensor([0, 1])).images.data_ptr() == images.data_ptr()


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (torch.zeros(2, 3, 4, 4), torch.tensor([0, 1])),
        (torch.zeros(2, 4, 4, dtype=torch.uint8), torch.tensor([0, 1])),
        (torch.zeros(2, 3, 4, 4, dtype=torch.uint8), torch.tensor([0, 1, 2])),
        (torch.zeros(2, 3, 4, 4, dtype=torch.uint8), torch.tensor([0.0, 1.0])),
    ],
)
def test_wrong_types_and_shapes_are_refused(images: torch.Tensor, labels: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="must be"):
        MemorySplit(images, labels)
