"""How sure an exit has to be: temperature and threshold, learned from validation images."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

TEMPERATURES = np.geomspace(0.25, 20, 201)
"""Where all are right, none would be low enough: logits that are far apart would make an exit depend on rounding."""
GAP = 1e-4
"""Between confidences on both sides of a threshold: which side an image is on does not depend on rounding."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """What an image's largest probability has to be at least, so that it leaves early."""

    value: float
    exit_share: float
    """Of the images that it was learned from."""


def temperature_of(logits: Tensor, labels: Tensor) -> float:
    """By which logits (n, classes) are to be divided so that their probabilities are right in the mean: the one with
    the least cross-entropy (Guo et al., ICML 2017, section 4.2)."""
    losses = [F.cross_entropy(logits / temperature, labels).item() for temperature in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What the exit would do with each image, (n,)."""

    confidences: Tensor
    """Calibrated."""
    is_wrong: Tensor
    """The exit is."""
    is_lost: Tensor
    """It is, where the whole network is right."""


def threshold_of(images: Outcomes, most_loss: float, floor: float) -> Threshold | None:
    """The lowest above `floor` at which the images that leave cost at most the share `most_loss` of all images.

    The loss is to be within bounds by both estimates that there are: as counted, and as the confidences expect it, of
    whose errors the usual share is lost, since a threshold set where few images were lucky loses more on others. None
    where no image may leave.
    """
    sorted_, order = images.confidences.double().sort(descending=True)
    wrong = int(images.is_wrong.sum())
    lost_share = int(images.is_lost.sum()) / wrong if wrong else 1.0
    counted, expected = images.is_lost[order].double().cumsum(0), (1 - sorted_).cumsum(0) * lost_share
    following = torch.cat([sorted_[1:], torch.zeros(1, dtype=torch.float64)]).clamp(min=floor)
    most = most_loss * len(sorted_)
    allowed = (counted <= most) & (expected <= most) & (sorted_ - following >= GAP)
    if not allowed.any():
        return None
    last = int(allowed.nonzero().max())
    return Threshold(float(sorted_[last] + following[last]) / 2, (last + 1) / len(sorted_))
