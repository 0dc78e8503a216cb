"""Each change does what its paper says, to each sample by its own draw."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.data.augment import EpochDraws, PixelAugmenter, crop_padding, cutout_side, draw

FILL = np.array([7, 8, 9], np.uint8)
ALL = slice(None)


def draws(**given: np.ndarray) -> EpochDraws:
    return EpochDraws(**{name: given.get(name) for name in ("shifts", "flips", "cuts", "shares")})


def images(count: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(10, 256, (count, height, width, 3), dtype=np.uint8)


@given(st.integers(1, 6), st.integers(8, 20), st.integers(8, 20), st.integers(0, 99))
def test_a_crop_is_a_window_of_the_padded_image(count: int, height: int, width: int, seed: int) -> None:
    pixels = images(count, height, width)
    made = draw(np.random.default_rng(seed), ("crop",), count, (height, width))
    result = PixelAugmenter(8, (height, width, 3), FILL)(pixels, made, ALL)
    down, right = crop_padding(height), crop_padding(width)
    for image, cropped, (top, left) in zip(pixels, result, made.shifts, strict=True):
        padded = np.tile(FILL, (height + 2 * down, width + 2 * right, 1))
        padded[down : down + height, right : right + width] = image
        assert np.array_equal(cropped, padded[top : top + height, left : left + width])


def test_a_smaller_batch_sees_nothing_of_the_one_before() -> None:
    augmenter = PixelAugmenter(4, (8, 8, 3), FILL)
    shifts = np.zeros((4, 2), np.int64)
    augmenter(images(4, 8, 8), draws(shifts=shifts), ALL)
    again = augmenter(np.zeros((2, 8, 8, 3), np.uint8), draws(shifts=shifts), slice(0, 2))
    assert again.shape == (2, 8, 8, 3)
    assert np.unique(again[:, 1:, 1:]).tolist() == [0]
    assert np.array_equal(again[:, 0, 0], np.tile(FILL, (2, 1)))


def test_only_chosen_images_are_mirrored() -> None:
    pixels = images(3, 8, 9)
    result = PixelAugmenter(3, (8, 9, 3), FILL)(pixels.copy(), draws(flips=np.array([True, False, True])), ALL)
    assert np.array_equal(result[0], pixels[0, :, ::-1])
    assert np.array_equal(result[1], pixels[1])
    assert np.array_equal(result[2], pixels[2, :, ::-1])


@given(st.integers(0, 7), st.integers(0, 9))
def test_cutout_erases_one_square_clipped_at_the_border(row: int, column: int) -> None:
    pixels = images(1, 8, 10)
    result = PixelAugmenter(1, (8, 10, 3), FILL)(pixels.copy(), draws(cuts=np.array([[row, column]])), ALL)
    rows, columns = np.indices((8, 10))
    top, left = row - cutout_side(8) // 2, column - cutout_side(10) // 2
    erased = (rows >= top) & (rows < top + 4) & (columns >= left) & (columns < left + 5)
    assert np.array_equal(result[0][erased], np.tile(FILL, (int(erased.sum()), 1)))
    assert np.array_equal(result[0][~erased], pixels[0][~erased])


@pytest.mark.parametrize("names", [("crop",), ("flip",), ("cutout",), ("mixup",), ()])
def test_only_what_is_named_is_drawn(names: tuple[str, ...]) -> None:
    made = draw(np.random.default_rng(0), names, 4, (8, 8))
    drawn = {"crop": made.shifts, "flip": made.flips, "cutout": made.cuts, "mixup": made.shares}
    assert tuple(name for name, values in drawn.items() if values is not None) == names


def test_half_of_the_images_are_mirrored_and_all_positions_are_used() -> None:
    made = draw(np.random.default_rng(0), ("flip", "crop"), 4000, (32, 32))
    assert 1800 < made.flips.sum() < 2200
    assert {tuple(shift) for shift in made.shifts.tolist()} == {(y, x) for y in range(9) for x in range(9)}
