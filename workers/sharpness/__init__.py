"""How sharp the minimum is at which a trained network stands: two figures on one batch, the network left as it was."""

from dataclasses import dataclass

from torch import Tensor, nn

from workers.sharpness.curvature import top_eigenvalue
from workers.sharpness.worst_case import worst_case_rise

SHARPNESS_IMAGES = 128
"""Training images on which networks are compared."""


@dataclass(frozen=True, slots=True)
class Sharpness:
    """Both are of the mean cross-entropy, in nats; larger is sharper."""

    loss_rise: float
    """The worst found within `worst_case.RHO` of the weights, each measured in units of its own magnitude."""
    top_eigenvalue: float
    """Of the Hessian over all weights."""


def sharpness_of(network: nn.Module, images: Tensor, labels: Tensor) -> Sharpness:
    """Of a trained network in eval mode on normalised images (N, C, H, W) and labels (N,)."""
    return Sharpness(worst_case_rise(network, images, labels), top_eigenvalue(network, images, labels))


__all__ = ["SHARPNESS_IMAGES", "Sharpness", "sharpness_of", "top_eigenvalue", "worst_case_rise"]
