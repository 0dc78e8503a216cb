"""The largest curvature of the loss at the weights."""

import torch
from torch import Tensor, nn

from workers.sharpness.loss import gradient, loss_of_weights

MOST_ROUNDS = 30
TOLERANCE = 1e-3
"""Relative change between rounds at which the eigenvalue counts as found."""
STEP = 1e-2
"""Over all weights together; a network's are long vectors, so that each moves by far less."""


def top_eigenvalue(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The eigenvalue of largest magnitude of the Hessian of the mean cross-entropy, over all weights.

    Power iteration from a fixed random vector; 0.0 for a flat loss. Products with the Hessian are central differences
    of gradients, since not every activation has a second derivative in torch (hard sigmoid has none).
    """
    loss, weights = loss_of_weights(network, images, labels)
    generator = torch.Generator().manual_seed(0)
    vector = [torch.randn(w.shape, generator=generator).to(w) for w in weights]
    found = 0.0
    for _ in range(MOST_ROUNDS):
        length = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(t) for t in vector]))
        if length == 0:
            return 0.0
        vector = [t / length for t in vector]
        ahead, behind = (
            gradient(loss, [w + sign * STEP * v for w, v in zip(weights, vector, strict=True)]) for sign in (1, -1)
        )
        product = [(a - b) / (2 * STEP) for a, b in zip(ahead, behind, strict=True)]
        before, found = found, float(sum((v * p).sum() for v, p in zip(vector, product, strict=True)))
        if abs(found - before) <= TOLERANCE * abs(found):
            break
        vector = product
    return found
