"""What an early exit saves on real images: the network's file and its child's, timed in turns in this process.

A harness that times one input (`workers.profiling.harness`) cannot tell it: how long such a file takes depends on the
image. Ratios are kept, since both files met the same disturbances; latencies are measured elsewhere.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from workers.compression.exit_network import EarlyExit
from workers.compression.exit_places import leaving
from workers.data import DataSet, Split, spread_batch
from workers.profiling.runtimes import RUNTIMES, Array

TIMED_IMAGES, TURNS = 128, 7
RUNTIME = "onnxruntime"


@dataclass(frozen=True, slots=True)
class SavedTime:
    """The child's time as a share of the network's, image by image, on one thread of onnxruntime."""

    expected_latency_ratio: float
    """In the mean over images as they come."""
    exit_latency_ratio: float | None
    """Of images that leave early; None where none of those timed does."""
    whole_latency_ratio: float | None
    """Of images that do not."""
    timed_images: int
    timed_exit_share: float
    """Of those timed."""


def saved_time(
    whole: Path, child: Path, network: EarlyExit, on: tuple[DataSet, Split], count: int = TIMED_IMAGES
) -> SavedTime:
    """By the files of a network as it was, and with an exit, which is `network`; on so many images of a split."""
    data, split = on
    images, _ = spread_batch(data, split, count)
    leaves = leaving(network, images)
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (data.mean, data.std))
    best = _best(whole, child, np.ascontiguousarray((images * std + mean).numpy()))
    ratio = _ratio(best)
    assert ratio is not None
    return SavedTime(ratio, _ratio(best[leaves]), _ratio(best[~leaves]), len(images), float(leaves.mean()))


def _best(whole: Path, child: Path, pixels: Array) -> Array:
    """Seconds of each image alone, in both files, (n, 2)."""
    files = [RUNTIMES[RUNTIME].load(path, 1) for path in (whole, child)]
    best = np.full((len(pixels), len(files)), np.inf)
    for _ in range(TURNS):
        for index in range(len(pixels)):
            image = pixels[index : index + 1]
            for column, model in enumerate(files):
                start = time.perf_counter()
                model.run(image)
                best[index, column] = min(best[index, column], time.perf_counter() - start)
    return best


def _ratio(seconds: Array) -> float | None:
    own, of_child = seconds.sum(0)
    return float(of_child / own) if len(seconds) else None
