"""A small learnable data set and a small network with every kind of layer that the spaces use."""

import numpy as np
import torch
from torch import nn

from workers.data import DataSet, MemorySplit

CLASSES = 3


def stripes(count: int = 96, size: int = 8, channels: int = 3) -> DataSet:
    """Noisy gratings whose direction is the class."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[0:size, 0:size]
    waves = np.stack([np.sin(rows * 1.5), np.sin(columns * 1.5), np.sin((rows + columns) * 1.5)])
    labels = np.arange(count) % CLASSES
    pixels = 128 + 50 * waves[labels][:, None] + rng.normal(0, 25, (count, channels, size, size))
    images, targets = torch.from_numpy(pixels.clip(0, 255).astype(np.uint8)), torch.from_numpy(labels)

    def split(start: int, stop: int) -> MemorySplit:
        return MemorySplit(images[start:stop], targets[start:stop])

    third = count // 4
    return DataSet(
        name="stripes",
        fingerprint=f"stripes-{count}-{size}-{channels}",
        classes=tuple("abc"),
        mean=(0.5,) * channels,
        std=(0.25,) * channels,
        train=split(0, count - 2 * third),
        validation=split(count - 2 * third, count - third),
        test=split(count - third, count),
    )


def small_network(channels: int = 3, dropout: float = 0.1) -> nn.Module:
    """Convolution, depthwise convolution, batch norm, both activations and dropout, from a fixed seed."""
    torch.manual_seed(7)
    return nn.Sequential(
        nn.Conv2d(channels, 16, 3, 1, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU6(),
        nn.Conv2d(16, 16, 5, 2, 2, groups=16, bias=False),
        nn.BatchNorm2d(16),
        nn.Hardswish(),
        nn.Conv2d(16, 24, 1, bias=False),
        nn.BatchNorm2d(24),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(24, CLASSES),
    )
