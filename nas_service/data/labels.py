"""Refuse labels that cannot be learned or split, before a single image is decoded."""

import numpy as np

from nas_service.data.source import Part, Source
from nas_service.domain.errors import DatasetError

NAMED_AT_MOST = 5
SIDE_RANGE = (8, 1024)
"""Smallest and largest image side in pixels; `dataset.image_size` has the same range."""


def numbered_classes(labels: np.ndarray) -> tuple[str, ...]:
    """Names for integer labels that have none: 0 to the largest, as far as gaps would allow."""
    largest = int(labels.max(initial=-1))
    return tuple(str(label) for label in range(min(largest + 1, len(labels))))


def check_source(source: Source) -> None:
    """Look at everything that is known before decoding.

    Raises DatasetError: those of `check_labels`, `image-side`.
    """
    check_labels(source.labels, source.parts, source.classes)
    _check_sides(source)


def check_labels(labels: np.ndarray, parts: np.ndarray, classes: tuple[str, ...]) -> None:
    """Labels int64 (n,) with int8 `Part` of each.

    Raises DatasetError: `empty`, `label-out-of-range`, `label-gaps`, `one-class`, `too-few-samples`.
    """
    if len(labels) == 0:
        raise DatasetError("empty", "the data set holds no images; add some")
    _check_range(labels, classes)
    counts = np.bincount(labels[parts == Part.TRAIN], minlength=len(classes))
    if len(classes) == 1:
        raise DatasetError("one-class", f"all images are of class {classes[0]}; add a second class", classes[0])
    absent = np.flatnonzero(counts == 0)
    if len(absent):
        detail = f"{_names(absent, classes)} of {len(classes)} classes have no training image"
        mend = "number the labels from 0 without gaps, or add images"
        raise DatasetError("label-gaps", f"{detail}; {mend}", classes[absent[0]])
    splits = 1 + sum(part not in parts for part in (Part.VALIDATION, Part.TEST))
    few = np.flatnonzero(counts < splits)
    if len(few):
        detail = f"{_names(few, classes)} of {len(classes)} classes have fewer than {splits} images"
        mend = f"each needs at least {splits}, one for each split; add images or remove the class"
        raise DatasetError("too-few-samples", f"{detail}; {mend}", classes[few[0]])


def _check_range(labels: np.ndarray, classes: tuple[str, ...]) -> None:
    low, high = int(labels.min()), int(labels.max())
    if low < 0:
        hidden = int((labels < 0).sum())
        detail = f"{hidden} labels are negative (the smallest is {low}); label those images or remove them"
        raise DatasetError("label-out-of-range", detail, str(low))
    if high >= len(classes):
        present = np.unique(labels)
        gap = next((i for i, label in enumerate(present.tolist()) if label != i), len(present))
        detail = f"labels reach {high}, but {gap} is never used; number the classes from 0 without gaps"
        raise DatasetError("label-gaps", detail, str(gap))


def _check_sides(source: Source) -> None:
    height, width, _ = source.shape
    smallest, largest = SIDE_RANGE
    if min(height, width) < smallest or max(height, width) > largest:
        detail = f"images have {width}x{height} pixels; sides may be {smallest} to {largest}"
        raise DatasetError("image-side", f"{detail}: set dataset.image_size", f"{width}x{height}")


def _names(indices: np.ndarray, classes: tuple[str, ...]) -> str:
    named = ", ".join(classes[index] for index in indices[:NAMED_AT_MOST])
    return f"{len(indices)} ({named}{', ...' if len(indices) > NAMED_AT_MOST else ''})"
