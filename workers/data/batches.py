"""Iterate over a split in normalised float batches: fast, and exactly repeatable from any step of any epoch."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nas_service.domain.spec import AugmentName
from workers.data.augment import PixelAugmenter, draw, mixup
from workers.data.dataset import DataSet, Split
from workers.data.read_ahead import read_ahead

Batch = tuple[Tensor, Tensor]
"""Images float32 (b, c, h, w), normalised, channels_last; labels int64 (b,), or with mixup probabilities
float32 (b, classes). `torch.nn.functional.cross_entropy` takes either."""


@dataclass(frozen=True)
class Epoch:
    """One pass over the training images: what seeds it, and where to begin in it (to resume a training)."""

    seed: int
    number: int
    first_step: int = 0


def steps_per_epoch(split: Split, batch_size: int) -> int:
    """Training steps an epoch: an incomplete last batch is left out, unless it is the only one."""
    return max(1, len(split) // batch_size)


def visiting_order(split: Split, epoch: Epoch) -> np.ndarray:
    """int64 (n,): the rows of `split` in the order in which `train_batches` takes them."""
    order_seed, _ = _seeds(epoch)
    return np.random.default_rng(order_seed).permutation(len(split))


def _seeds(epoch: Epoch) -> list[np.random.SeedSequence]:
    """Of the order and of the changes to images."""
    return np.random.SeedSequence((epoch.seed, epoch.number)).spawn(2)


def train_batches(
    data: DataSet, batch_size: int, epoch: Epoch, augment: Collection[AugmentName] = ()
) -> Iterator[Batch]:
    """The shuffled, augmented batches of `epoch` from its first step on; a function of the arguments alone."""
    split = data.train
    order, (_, augment_seed) = visiting_order(split, epoch), _seeds(epoch)
    draws = draw(np.random.default_rng(augment_seed), augment, len(split), split.shape[:2])
    change = PixelAugmenter(batch_size, split.shape, np.rint(np.array(data.mean) * 255).astype(np.uint8))
    normalise = Normaliser(data)
    steps = range(epoch.first_step, steps_per_epoch(split, batch_size))
    spans = [slice(step * batch_size, (step + 1) * batch_size) for step in steps]
    for span, pixels in zip(spans, _read(split, [order[span] for span in spans]), strict=True):
        images = normalise(change(pixels, draws, span))
        labels = split.labels[torch.from_numpy(order[span])]
        if draws.shares is None:
            yield images, labels
        else:
            yield mixup(images, F.one_hot(labels, len(data.classes)).float(), float(draws.shares[span.start]))


def evaluation_batches(data: DataSet, split: Split, batch_size: int) -> Iterator[Batch]:
    """Every image of `split` once, in its order and as it is; the last batch may be smaller."""
    normalise = Normaliser(data)
    spans = [slice(start, min(start + batch_size, len(split))) for start in range(0, len(split), batch_size)]
    for span, pixels in zip(spans, _read(split, spans), strict=True):
        yield normalise(pixels), split.labels[span]


def spread_batch(data: DataSet, split: Split, count: int) -> Batch:
    """At most `count` images of `split` as they are, evenly over its order, in which a class may follow another."""
    indices = np.unique(np.linspace(0, len(split) - 1, min(count, len(split))).round().astype(np.int64))
    return Normaliser(data)(split.rows(indices)), split.labels[torch.from_numpy(indices)]


class Normaliser:
    """uint8 pixels to (pixel / 255 - mean) / std as float32, in one multiply-add over contiguous memory."""

    def __init__(self, data: DataSet) -> None:
        std = torch.tensor(data.std, dtype=torch.float64)
        area = data.height * data.width
        self._scale = (1 / (255 * std)).float().repeat(area)
        self._offset = (-torch.tensor(data.mean, dtype=torch.float64) / std).float().repeat(area)

    def __call__(self, pixels: np.ndarray) -> Tensor:
        """uint8 (b, h, w, c) to float32 (b, c, h, w) in channels_last memory order."""
        flat = torch.from_numpy(pixels).view(len(pixels), -1).float()
        torch.addcmul(self._offset, flat, self._scale, out=flat)
        return flat.view(pixels.shape).permute(0, 3, 1, 2)


def _read(split: Split, wanted: list[np.ndarray] | list[slice]) -> Iterator[np.ndarray]:
    rows = (split.rows(indices) for indices in wanted)
    return read_ahead(rows) if split.is_streamed else rows
