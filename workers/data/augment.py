"""Random changes to a batch of training images, vectorised over the batch, on uint8 pixels before normalisation.

All randomness of an epoch is drawn at once from (seed, epoch), so any step of any epoch can be repeated exactly, and
what happens to an image does not depend on the batch size. Changes are applied in one order - crop, flip, cutout,
mixup - whatever the order of their names. Pixels that come from nowhere get the mean colour, which normalises to zero.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from nas_service.domain.spec import AugmentName

MIXUP_ALPHA = 0.2
"""Beta(alpha, alpha) of mixup (Zhang et al. 2018, the ImageNet setting)."""


def crop_padding(side: int) -> int:
    """Pixels that a crop may move an image by: 4 at 32 pixels (He et al. 2016), in proportion elsewhere."""
    return max(1, side // 8)


def cutout_side(side: int) -> int:
    """Side of the square that cutout erases: 16 at 32 pixels (DeVries and Taylor 2017), in proportion elsewhere."""
    return max(1, side // 2)


@dataclass(frozen=True, eq=False)
class EpochDraws:
    """The random numbers of one epoch: one row a sample, in the order of visit. None: that change is off."""

    shifts: np.ndarray | None
    """(n, 2) rows and columns of the crop's corner in the padded image."""
    flips: np.ndarray | None
    """(n,) whether the image is mirrored."""
    cuts: np.ndarray | None
    """(n, 2) row and column of the erased square's centre."""
    mixes: np.ndarray | None
    """(n,) share of an image's own pixels in a mix; a batch uses its first."""


def draw(
    rng: np.random.Generator, names: Collection[AugmentName], count: int, size: tuple[int, int]
) -> EpochDraws:
    """Draw an epoch of `count` samples of `size` (height, width) pixels."""
    height, width = size
    reach = [2 * crop_padding(height) + 1, 2 * crop_padding(width) + 1]
    return EpochDraws(
        shifts=rng.integers(0, reach, (count, 2)) if "crop" in names else None,
        flips=rng.random(count) < 0.5 if "flip" in names else None,
        cuts=rng.integers(0, [height, width], (count, 2)) if "cutout" in names else None,
        mixes=rng.beta(MIXUP_ALPHA, MIXUP_ALPHA, count) if "mixup" in names else None,
    )


class PixelAugmenter:
    """Crop, flip and cutout for batches of one shape. Keeps a padded canvas, so one instance serves one thread."""

    def __init__(self, batch_size: int, shape: tuple[int, int, int], fill: np.ndarray) -> None:
        height, width, channels = shape
        self._fill = fill
        self._pad = crop_padding(height), crop_padding(width)
        self._canvas = np.empty(
            (batch_size, height + 2 * self._pad[0], width + 2 * self._pad[1], channels), np.uint8
        )
        self._canvas[...] = fill
        self._windows = _all_windows(self._canvas, height, width)
        self._samples = np.arange(batch_size)

    def __call__(self, pixels: np.ndarray, draws: EpochDraws, span: slice) -> np.ndarray:
        """Change `pixels` (uint8 (b, h, w, c)) by the draws of `span`; the result is a new array or `pixels`."""
        if draws.shifts is not None:
            pixels = self._crop(pixels, draws.shifts[span])
        if draws.flips is not None:
            flips = draws.flips[span]
            pixels = pixels if draws.shifts is not None else pixels.copy()
            pixels[flips] = pixels[flips, :, ::-1]
        if draws.cuts is not None:
            pixels = pixels if draws.shifts is not None or draws.flips is not None else pixels.copy()
            self._cut(pixels, draws.cuts[span])
        return pixels

    def _crop(self, pixels: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        count, height, width, channels = pixels.shape
        top, left = self._pad
        self._canvas[:count, top : top + height, left : left + width] = pixels
        windows = self._windows[self._samples[:count], shifts[:, 0], shifts[:, 1]]
        return windows.reshape(count, height, width, channels)

    def _cut(self, pixels: np.ndarray, centres: np.ndarray) -> None:
        _, height, width, _ = pixels.shape
        tall, wide = cutout_side(height), cutout_side(width)
        tops = centres[:, 0] - tall // 2
        lefts = centres[:, 1] - wide // 2
        for image, top, left in zip(pixels, tops.tolist(), lefts.tolist(), strict=True):
            image[max(top, 0) : top + tall, max(left, 0) : left + wide] = self._fill


def _all_windows(canvas: np.ndarray, height: int, width: int) -> np.ndarray:
    """View (n, shifts, shifts, height, width * channels) of every crop of a canvas (n, rows, columns, channels)."""
    count, rows, columns, channels = canvas.shape
    image, row, pixel, byte = canvas.strides
    return np.lib.stride_tricks.as_strided(
        canvas,
        (count, rows - height + 1, columns - width + 1, height, width * channels),
        (image, row, pixel, row, byte),
        writeable=False,
    )
