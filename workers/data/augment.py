"""Random changes to a batch of training images, vectorised over the batch, on uint8 pixels before normalisation.

All randomness of an epoch is drawn at once from its seed, so any step of any epoch can be repeated exactly, and
what happens to an image does not depend on the batch size. Changes are applied in one order - crop, flip,
cutout, mixup - whatever the order of their names. Pixels that come from outside the image, or are erased, get
the mean colour, which normalises to zero.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nas_service.domain.spec import AugmentName

MIXUP_ALPHA = 0.2
"""Beta(alpha, alpha) of mixup (Zhang et al. 2018, the ImageNet setting)."""


def crop_padding(side: int) -> int:
    """Pixels that a crop may move an image by: 4 at 32 pixels (He et al. 2016), in proportion elsewhere."""
    return max(1, side // 8)


def cutout_side(side: int) -> int:
    """Side of the square that cutout erases: 16 at 32 pixels (DeVries and Taylor 2017), else in proportion."""
    return max(1, side // 2)


@dataclass(frozen=True, eq=False)
class EpochDraws:
    """The random numbers of one epoch: one row a sample, in the order of visit. None: that change is off."""

    shifts: np.ndarray | None
    """(n, 2) row and column of the crop's corner in the padded image."""
    flips: np.ndarray | None
    """(n,) whether the image is mirrored."""
    cuts: np.ndarray | None
    """(n, 2) row and column of the erased square's centre."""
    shares: np.ndarray | None
    """(n,) an image's own share in a mix; a batch uses its first."""


def draw(rng: np.random.Generator, names: Collection[AugmentName], count: int, size: tuple[int, int]) -> EpochDraws:
    """Draw an epoch of `count` samples of `size` (height, width) pixels."""
    height, width = size
    positions = [2 * crop_padding(height) + 1, 2 * crop_padding(width) + 1]
    return EpochDraws(
        shifts=rng.integers(0, positions, (count, 2)) if "crop" in names else None,
        flips=rng.random(count) < 0.5 if "flip" in names else None,
        cuts=rng.integers(0, [height, width], (count, 2)) if "cutout" in names else None,
        shares=rng.beta(MIXUP_ALPHA, MIXUP_ALPHA, count) if "mixup" in names else None,
    )


class PixelAugmenter:
    """Crop, flip and cutout for batches of one shape. Keeps a canvas, so one instance serves one thread."""

    def __init__(self, batch_size: int, shape: tuple[int, int, int], fill: np.ndarray) -> None:
        height, width, channels = shape
        top, left = crop_padding(height), crop_padding(width)
        canvas = np.empty((batch_size, height + 2 * top, width + 2 * left, channels), np.uint8)
        canvas[...] = fill
        self._interior = canvas[:, top : top + height, left : left + width]
        self._windows = _all_windows(canvas, height, width)
        self._samples = np.arange(batch_size)
        self._fill_row = np.tile(fill, width)

    def __call__(self, pixels: np.ndarray, draws: EpochDraws, span: slice) -> np.ndarray:
        """Apply the draws of `span` to `pixels`: uint8 (b, h, w, c), which may be changed in place."""
        if draws.shifts is not None:
            pixels = self._crop(pixels, draws.shifts[span])
        if draws.flips is not None:
            _mirror(pixels, np.flatnonzero(draws.flips[span]))
        if draws.cuts is not None:
            self._cut(pixels, draws.cuts[span])
        return pixels

    def _crop(self, pixels: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        count = len(pixels)
        self._interior[:count] = pixels
        crops: np.ndarray = self._windows[self._samples[:count], shifts[:, 0], shifts[:, 1]]
        return crops.reshape(pixels.shape)

    def _cut(self, pixels: np.ndarray, centres: np.ndarray) -> None:
        count, height, width, channels = pixels.shape
        size = np.array([cutout_side(height), cutout_side(width)])
        corners = centres - size // 2
        first, last = np.maximum(corners, 0), corners + size
        lines = pixels.reshape(count, height, width * channels)
        for image, (top, left), (bottom, right) in zip(lines, first.tolist(), last.tolist(), strict=True):
            erased = image[top:bottom, left * channels : right * channels]
            erased[...] = self._fill_row[: erased.shape[1]]


def mixup(images: Tensor, labels: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Blend each sample of a shuffled batch with the one before it, `share` of itself (Zhang et al. 2018)."""
    return _blend_with_previous(images, share), _blend_with_previous(labels, share)


def _blend_with_previous(batch: Tensor, share: float) -> Tensor:
    blended = torch.empty_like(batch)
    torch.lerp(batch[:-1], batch[1:], share, out=blended[1:])
    torch.lerp(batch[-1], batch[0], share, out=blended[0])
    return blended


def _mirror(pixels: np.ndarray, chosen: np.ndarray) -> None:
    # torch mirrors channels_last images five times as fast as a numpy view with a negative stride is copied
    images = torch.from_numpy(pixels[chosen]).permute(0, 3, 1, 2)
    pixels[chosen] = images.flip(3).permute(0, 2, 3, 1).numpy()


def _all_windows(canvas: np.ndarray, height: int, width: int) -> np.ndarray:
    """View (n, shifts, shifts, height, width * channels) of all crops of a canvas (n, rows, columns, channels)."""
    count, rows, columns, channels = canvas.shape
    image, row, pixel, byte = canvas.strides
    return np.lib.stride_tricks.as_strided(
        canvas,
        (count, rows - height + 1, columns - width + 1, height, width * channels),
        (image, row, pixel, row, byte),
        writeable=False,
    )
