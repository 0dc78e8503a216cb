"""Exact sums give what a float computation over the whole set would."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nas_service.domain.errors import DatasetError
from workers.data.statistics import SMALLEST_STD, mean_and_std


@given(hnp.arrays(np.uint8, st.tuples(*[st.integers(1, 9)] * 3, st.sampled_from([1, 3]))))
def test_it_equals_the_direct_computation(pixels: np.ndarray) -> None:
    values = pixels / 255
    if not np.ptp(pixels, axis=(0, 1, 2)).any():
        with pytest.raises(DatasetError, match="every pixel"):
            mean_and_std(pixels)
        return
    mean, std = mean_and_std(pixels)
    np.testing.assert_allclose(mean, values.mean(axis=(0, 1, 2)), atol=1e-9)
    np.testing.assert_allclose(std, np.maximum(values.std(axis=(0, 1, 2)), SMALLEST_STD), atol=1e-9)


def test_many_bright_pixels_do_not_overflow() -> None:
    pixels = np.full((70_000, 2, 1, 1), 255, np.uint8)
    pixels[0] = 0
    mean, _ = mean_and_std(pixels)
    assert mean[0] == pytest.approx(1 - 1 / 70_000)
