"""Progressive resizing: small images first, which cost less, and full ones at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from nas_service.domain.spec import TrainingSpec

GROWN_AFTER = 2 / 3
"""Of the epochs: the rest sees full images. Without it the network would be fitted to another size of objects than it
is used for (Touvron et al., "Fixing the train-test resolution discrepancy", NeurIPS 2019)."""
MULTIPLE = 4
"""Sides are multiples of so many pixels, except the full one."""


class Resizing:
    """The size of training images by epoch (Howard, 2018, for DAWNBench; Tan & Le, "EfficientNetV2", ICML 2021)."""

    def __init__(self, model: nn.Module, image_size: tuple[int, int], config: TrainingSpec) -> None:
        """A network that resizes its images to a `side` of its own has that one grow."""
        self._begin, self._epochs = config.begin_size, config.epochs
        self._model: Any = model
        self._side: int | None = getattr(model, "side", None)
        self._full = image_size if self._side is None else (self._side, self._side)
        self._now = self._full

    @property
    def is_on(self) -> bool:
        """Whether any epoch has smaller images."""
        return self.size(0) != self._full

    def size(self, epoch: int) -> tuple[int, int]:
        """(height, width) in pixels of the images that 0-based `epoch` trains on."""
        growing = int(GROWN_AFTER * self._epochs)
        if epoch >= growing:
            return self._full
        share = self._begin + (1 - self._begin) * epoch / growing
        height, width = (min(side, MULTIPLE * ceil(share * side / MULTIPLE)) for side in self._full)
        return height, width

    @contextmanager
    def during(self, epoch: int) -> Iterator[None]:
        """Within it images are those of `epoch`; after it the network takes full ones again."""
        self._now = self.size(epoch)
        try:
            if self._side is not None:
                self._model.side = self._now[0]
            yield
        finally:
            self._now = self._full
            if self._side is not None:
                self._model.side = self._side

    def __call__(self, images: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, h, w)."""
        if self._now == self._full:
            return images
        return F.interpolate(images, self._now, mode="bilinear", align_corners=False, antialias=True)
