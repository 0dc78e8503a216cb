"""Labels that cannot be learned or split are refused by name before anything is decoded."""

from collections.abc import Iterator

import numpy as np
import pytest

from nas_service.data.labels import check_source, numbered_classes
from nas_service.data.source import Part, Source
from nas_service.domain.errors import DatasetError


def source(labels: list[int], **changes: object) -> Source:
    values = np.array(labels, np.int64)

    def chunks() -> Iterator[np.ndarray]:
        raise AssertionError("nothing may be decoded")

    fields = {
        "classes": numbered_classes(values),
        "labels": values,
        "parts": np.zeros(len(labels), np.int8),
        "shape": (8, 8, 1),
        "content_hash": "",
        "chunks": chunks,
    }
    return Source(**(fields | changes))


@pytest.mark.parametrize(
    ("labels", "problem", "where"),
    [
        ([], "empty", ""),
        ([0] * 9, "one-class", "0"),
        ([0, 1, 3] * 3, "label-gaps", "2"),
        ([1, 2] * 5, "label-gaps", "0"),
        ([0, 1, 10**12] * 3, "label-gaps", "2"),
        ([0, 1, -1] * 3, "label-out-of-range", "-1"),
        ([0, 0, 0, 1, 1], "too-few-samples", "1"),
    ],
)
def test_bad_labels_are_refused_by_name(labels: list[int], problem: str, where: str) -> None:
    with pytest.raises(DatasetError) as caught:
        check_source(source(labels))
    assert (caught.value.problem, caught.value.where) == (problem, where)


def test_three_samples_a_class_are_enough() -> None:
    check_source(source([0, 1] * 3))


def test_with_own_splits_one_training_sample_a_class_is_enough() -> None:
    parts = np.array([Part.TRAIN] * 2 + [Part.VALIDATION] * 2 + [Part.TEST] * 2, np.int8)
    check_source(source([0, 1] * 3, parts=parts))


def test_a_class_only_in_the_test_split_is_refused() -> None:
    parts = np.array([Part.TRAIN] * 6 + [Part.TEST], np.int8)
    with pytest.raises(DatasetError, match=r"1 \(2\) of 3 classes have no training image"):
        check_source(source([0, 1] * 3 + [2], parts=parts))


@pytest.mark.parametrize("shape", [(4, 8, 1), (8, 1025, 3)])
def test_sides_out_of_range_are_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(DatasetError, match="set dataset.image_size") as caught:
        check_source(source([0, 1] * 3, shape=shape))
    assert caught.value.problem == "image-side"
