"""Jacobian covariance: how differently an untrained network treats the images of one batch.

Mellor et al., "Neural Architecture Search without Training", 2020 (arXiv 2006.04647, first version; NASWOT), as
`jacob_cov` in Abdelfattah et al., 2021 (arXiv 2101.08134). It works with any activation, where the later kernel of
binary codes knows ReLU alone.
"""

from copy import deepcopy

import torch
from torch import Tensor, nn

EPSILON = 1e-5
"""Of the authors: keeps the score finite where two images are treated alike."""


def jacob_cov(network: nn.Module, images: Tensor) -> float:
    """-sum(log(v + k) + 1 / (v + k)) over the eigenvalues v of the correlations of the images' Jacobians.

    It is largest, near -N, where no two of the N images are treated alike.
    """
    inputs = images.clone().requires_grad_()
    network = deepcopy(network).train()
    (jacobians,) = torch.autograd.grad(network(inputs).sum(), inputs)
    correlations = torch.corrcoef(jacobians.flatten(1).double())
    # A Jacobian that is the same in all pixels has no correlation with any other.
    correlations = correlations.nan_to_num(0.0).fill_diagonal_(1.0)
    values = torch.linalg.eigvalsh(correlations).clamp_min(0) + EPSILON
    return -float((values.log() + 1 / values).sum())
