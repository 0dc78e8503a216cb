"""`digits`: scikit-learn's 1,797 hand-written digits of 8x8 grey pixels, embedded, for quick starts and tests."""

import gzip
import hashlib
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import numpy as np

from nas_service.data.pixels import resize_pixels
from nas_service.data.source import Source

FILE = "sklearn/datasets/data/digits.csv.gz"
"""Read without scikit-learn's help: importing that takes a worker a second, and it is used for nothing else there."""
SIDE, GREY_LEVELS = 8, 16
"""Of the images as delivered, and their pixels' largest value."""


def open_digits(image_size: int | None) -> Source:
    """All digits in one part; classes are named by their digit."""
    with gzip.open(Path(str(distribution("scikit-learn").locate_file(FILE)))) as lines:
        rows = np.loadtxt(lines, delimiter=",")
    grey = np.rint(rows[:, :-1].reshape(-1, SIDE, SIDE) / GREY_LEVELS * 255).astype(np.uint8)
    labels = rows[:, -1].astype(np.int64)
    side = image_size or grey.shape[1]

    def chunks() -> Iterator[np.ndarray]:
        yield np.stack([resize_pixels(image, image_size) for image in grey[..., None]])

    return Source(
        classes=tuple(str(digit) for digit in np.unique(labels)),
        labels=labels,
        parts=np.zeros(len(labels), np.int8),
        shape=(side, side, 1),
        content_hash=hashlib.sha256(grey.tobytes() + labels.tobytes()).hexdigest(),
        chunks=chunks,
    )
