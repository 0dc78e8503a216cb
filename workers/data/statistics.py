"""Mean and standard deviation of uint8 images from exact counts: no float copy, the same digits on any machine."""

import numpy as np

from nas_service.domain.errors import DatasetError
from workers.data.source import chunk_length

SMALLEST_STD = 1 / 255
"""One grey level, for a channel that never changes in a set where others do."""


def mean_and_std(pixels: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Per channel of uint8 (n, h, w, c), in units of [0, 1]. Raises DatasetError `constant-images`."""
    counts = np.zeros((pixels.shape[3], 256), np.int64)
    length = chunk_length(pixels.shape[1:])
    for start in range(0, len(pixels), length):
        chunk = pixels[start : start + length]
        for channel, levels in enumerate(counts):
            levels += np.bincount(chunk[..., channel].ravel(), minlength=256)
    levels = np.arange(256)
    total = counts[0].sum()
    mean = counts @ levels / total
    std = np.sqrt(np.maximum(counts @ levels**2 / total - mean**2, 0))
    if not std.any():
        raise DatasetError("constant-images", "every pixel of every training image is the same; check the images")
    return tuple((mean / 255).tolist()), tuple(np.maximum(std / 255, SMALLEST_STD).tolist())
