"""`digits`: scikit-learn's 1,797 hand-written digits of 8x8 grey pixels, embedded, for quick starts and tests."""

import hashlib
from collections.abc import Iterator

import numpy as np

from nas_service.data.pixels import resize_pixels
from nas_service.data.source import Source

GREY_LEVELS = 16
"""The pixels' largest value as delivered."""


def open_digits(image_size: int | None) -> Source:
    """All digits in one part; classes are named by their digit."""
    from sklearn.datasets import load_digits  # takes longer to import than all the rest, and only this reader needs it

    bundle = load_digits()
    grey = np.rint(bundle.images / GREY_LEVELS * 255).astype(np.uint8)
    labels = bundle.target.astype(np.int64)
    side = image_size or grey.shape[1]

    def chunks() -> Iterator[np.ndarray]:
        yield np.stack([resize_pixels(image, image_size) for image in grey[..., None]])

    return Source(
        classes=tuple(str(name) for name in bundle.target_names),
        labels=labels,
        parts=np.zeros(len(labels), np.int8),
        shape=(side, side, 1),
        content_hash=hashlib.sha256(grey.tobytes() + labels.tobytes()).hexdigest(),
        chunks=chunks,
    )
