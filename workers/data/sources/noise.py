"""`noise:HEIGHTxWIDTHxCHANNELSxCLASSES`: random pixels, for profiling, where only the shape of a data set counts."""

import hashlib
from collections.abc import Iterator

import numpy as np

from nas_service.data.source import Part, Source, chunk_length
from nas_service.domain.dataset_name import parse_noise

HELD_OUT = 16
"""Images of validation and of test each: enough to compare exported files on."""


def open_noise(form: str) -> Source:
    """One training image a class and a few of the other parts, the same everywhere. Raises DatasetError."""
    height, width, channels, class_count = parse_noise(form)
    classes = tuple(str(number) for number in range(class_count))
    held_out = np.arange(2 * HELD_OUT) % class_count
    labels = np.concatenate([np.arange(class_count), held_out]).astype(np.int64)
    parts = np.repeat([Part.TRAIN, Part.VALIDATION, Part.TEST], [class_count, HELD_OUT, HELD_OUT]).astype(np.int8)
    shape = (height, width, channels)

    def chunks() -> Iterator[np.ndarray]:
        rng = np.random.default_rng(0)
        step = chunk_length(shape)
        for start in range(0, len(labels), step):
            count = min(step, len(labels) - start)
            yield rng.integers(0, 256, (count, *shape), dtype=np.uint8)

    digest = hashlib.sha256(f"noise {form}".encode()).hexdigest()
    return Source(classes, labels, parts, shape, digest, chunks)
