"""The worst rise of the loss within a distance of the weights, by projected gradient ascent."""

import torch
from torch import Tensor, nn

from workers.sharpness.loss import Weights, gradient, loss_of_weights

RHO = 0.5
"""The distance, in units of each weight's own magnitude: that of ASAM."""
STEPS = 8
STEP_SHARE = 0.5
"""Of RHO; the steps together go far enough to reach the border and to walk along it."""


def worst_case_rise(network: nn.Module, images: Tensor, labels: Tensor, rho: float = RHO) -> float:
    """The largest loss found with weights w + |w| e, |e| <= `rho`, less the loss at w; in nats, never below zero.

    Adaptive worst-case sharpness (Kwon et al., ICML 2021, arXiv 2102.11600, equation 4; by ascent as Andriushchenko
    et al., ICML 2023, arXiv 2302.07011): rescaling weights that a normalisation cancels does not change it.
    """
    loss, weights = loss_of_weights(network, images, labels)
    magnitudes = [w.abs() for w in weights]
    shift = [torch.zeros_like(w) for w in weights]
    start = worst = float(loss(weights))
    for _ in range(STEPS):
        uphill = [m * g for m, g in zip(magnitudes, gradient(loss, _at(weights, magnitudes, shift)), strict=True)]
        length = _norm(uphill)
        if length == 0:
            break
        step = STEP_SHARE * rho / length
        shift = [s + step * u for s, u in zip(shift, uphill, strict=True)]
        excess = max(1.0, _norm(shift) / rho)
        shift = [s / excess for s in shift]
        worst = max(worst, float(loss(_at(weights, magnitudes, shift))))
    return worst - start


def _at(weights: Weights, magnitudes: Weights, shift: Weights) -> list[Tensor]:
    return [w + m * s for w, m, s in zip(weights, magnitudes, shift, strict=True)]


def _norm(tensors: Weights) -> float:
    return float(torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(t) for t in tensors])))
