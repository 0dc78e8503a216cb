"""Mean and standard deviation of uint8 images from exact sums: no float copy, the same digits on any machine."""

from math import sqrt

import numpy as np

from nas_service.domain.errors import DatasetError

SMALLEST_STD = 1 / 255
"""One grey level, for a channel that never changes in a set where others do."""
BLOCK_VALUES = 2**18
"""Values summed at a time: few enough to stay in a CPU cache."""
MAX_BLOCK_ROWS = 2**16
"""So many squares of 255 still fit into 32 bits."""


def mean_and_std(pixels: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Per channel of uint8 (n, h, w, c), in units of [0, 1]. Raises DatasetError `constant-images`."""
    count, height, width, channels = pixels.shape
    rows = pixels.reshape(count * height, width * channels)
    sums = np.zeros((2, rows.shape[1]), np.uint64)
    block = max(1, min(BLOCK_VALUES // rows.shape[1], MAX_BLOCK_ROWS))
    for start in range(0, len(rows), block):
        values = rows[start : start + block].astype(np.uint32)
        sums[0] += np.add.reduce(values, axis=0)
        values *= values
        sums[1] += np.add.reduce(values, axis=0)
    totals, squares = sums.reshape(2, width, channels).sum(axis=1).tolist()
    area = count * height * width
    # Python's integers have no limit, so nothing cancels: spread is exactly area**2 times the variance
    spreads = [area * square - total**2 for total, square in zip(totals, squares, strict=True)]
    if not any(spreads):
        raise DatasetError("constant-images", "every pixel of every training image is the same; check the images")
    mean = tuple(total / area / 255 for total in totals)
    return mean, tuple(max(sqrt(spread) / area / 255, SMALLEST_STD) for spread in spreads)
